-- A refused event is forgotten, so that its sender may hand it in again; but not when the very same
-- record is read again after a crash: what was refused once would then depend on when the crash was.
ALTER TABLE inbox ADD COLUMN refused_as text;
