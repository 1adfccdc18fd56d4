-- Where somebody lived on which day, and not only where they live: what is told is of a day. Of those who are known
-- already it is known where they live; a rebuild brings back where they lived before.
ALTER TABLE people ADD COLUMN homes jsonb;
UPDATE people SET homes = jsonb_build_object(municipality_since::text, municipality);
ALTER TABLE people ALTER COLUMN homes SET NOT NULL, DROP COLUMN municipality, DROP COLUMN municipality_since;
