-- Two times for every figure: when it was so, and when that was known.

-- Spells and waits are made of events that an older version did not keep or did not read. Wrong figures in
-- silence would be worse than a stop.
DO $$ BEGIN
    IF EXISTS (SELECT FROM statements) OR EXISTS (SELECT FROM targets) THEN
        RAISE EXCEPTION 'this ledger is of an older version, which did not keep what is needed now. Give quota an '
            'empty database and rebuild it from the log into that one; where the data may go, `make clean`';
    END IF;
END $$;

-- What a placement is belongs to the statement that said so: a correction must not change what was known.
ALTER TABLE statements ADD COLUMN place text, ADD COLUMN rung text, ADD COLUMN scheme text,
    ADD COLUMN end_reason text;
ALTER TABLE placements DROP COLUMN place, DROP COLUMN rung;

ALTER TABLE targets ADD COLUMN counts boolean NOT NULL, ADD COLUMN reason text;

-- Which fund pays for a contract, where the municipality said so.
CREATE TABLE earmarks (
    placement text NOT NULL,
    municipality text NOT NULL,
    number bigint NOT NULL,
    fund text,
    from_on date NOT NULL,
    reason text NOT NULL,
    known_at timestamptz NOT NULL,
    PRIMARY KEY (placement, municipality, number)
);

-- Municipalities that ended, and the one that goes on for each. A country has a few hundred in all.
CREATE TABLE mergers (
    predecessor text NOT NULL,
    municipality text NOT NULL,
    merged_on date NOT NULL,
    source text NOT NULL,
    known_at timestamptz NOT NULL,
    PRIMARY KEY (predecessor, municipality, merged_on)
);

-- Contracts in two times. Every figure is a sum over the rows that cover a day and a moment.
CREATE TABLE spells (
    placement text NOT NULL,
    participant text NOT NULL,
    municipality text NOT NULL,
    from_on date NOT NULL,
    until_on date,
    ends_on date,
    hours numeric NOT NULL,
    first boolean NOT NULL,
    fund text,
    took_at timestamptz,
    known_from timestamptz NOT NULL,
    known_until timestamptz,
    PRIMARY KEY (placement, from_on, known_from)
);
CREATE INDEX spells_participant ON spells (participant);
-- With when it was known in it: what starts after a day and was agreed before it is found in the index alone.
CREATE INDEX spells_municipality ON spells (municipality, from_on, known_from);

-- What was held at a moment, without a walk over all that was ever held since.
CREATE INDEX reservations_held ON reservations USING gist (
    tstzrange(requested_at, CASE WHEN closed_at IS NULL THEN NULL ELSE greatest(closed_at, requested_at) END, '(]')
) WHERE expires_on IS NOT NULL;

-- By fund too: '' for contracts that nobody assigned to one, which fill the funds in their order.
ALTER TABLE stock ADD COLUMN fund text NOT NULL;
ALTER TABLE stock DROP CONSTRAINT stock_pkey, ADD PRIMARY KEY (municipality, day, fund);

-- The waiting list as matching told of it, for the council's figures.
CREATE TABLE waits (
    participant text NOT NULL,
    number bigint NOT NULL,
    said text NOT NULL,
    municipality text NOT NULL,
    from_on date NOT NULL,
    known_at timestamptz NOT NULL,
    PRIMARY KEY (participant, number)
);
CREATE INDEX waits_municipality ON waits (municipality);

-- What was reported of each month that is over, as it was said.
CREATE TABLE reports (
    municipality text NOT NULL,
    day date NOT NULL,
    said jsonb NOT NULL,
    PRIMARY KEY (municipality, day)
);
