-- Proposals of a bridge until sheltered work starts: what is proposed, and no reservation goes before it.

ALTER TABLE proposals
    ADD COLUMN rung text NOT NULL DEFAULT 'sheltered_work',
    ALTER COLUMN reservation DROP NOT NULL;
