-- A refused event may be handed in again; but the very records that were refused, when they are read again
-- after a crash, must not be judged anew: what was refused would then depend on when the crash was.
-- `lane` is the topic and partition, and `upto` the last offset in it, on which the refused event lay.
ALTER TABLE inbox ADD COLUMN refused boolean NOT NULL DEFAULT false, ADD COLUMN lane text, ADD COLUMN upto bigint;
