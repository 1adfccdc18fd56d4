-- The ledger: what was stated, by whom it is to be counted, and what was decided on it.
-- Every table is rebuilt from the log exactly; nothing here is numbered or timed by the database.

-- Every published version of a number.
CREATE TABLE targets (
    municipality text NOT NULL,
    year bigint NOT NULL,
    fund text NOT NULL,
    version bigint NOT NULL,
    number numeric NOT NULL,
    unit text NOT NULL,
    hours_per_unit numeric,
    provisional boolean NOT NULL,
    published_on date NOT NULL,
    source text NOT NULL,
    known_at timestamptz NOT NULL,
    PRIMARY KEY (municipality, year, fund, version)
);

-- Every adopted policy on counting and terms.
CREATE TABLE policies (
    municipality text NOT NULL,
    kind text NOT NULL,
    version bigint NOT NULL,
    policy text NOT NULL,
    valid_from date NOT NULL,
    method text,
    hours_per_unit numeric,
    reservation_days bigint,
    known_at timestamptz NOT NULL,
    PRIMARY KEY (municipality, kind, version)
);

-- Where people live, as a set of facts: their order between topics is nobody's promise.
CREATE TABLE domiciles (
    participant text NOT NULL,
    fact text NOT NULL,
    municipality text NOT NULL,
    from_on date NOT NULL,
    known_at timestamptz NOT NULL,
    PRIMARY KEY (participant, fact)
);
CREATE INDEX domiciles_municipality ON domiciles (municipality);

CREATE TABLE placements (
    placement text PRIMARY KEY,
    participant text NOT NULL,
    place text NOT NULL,
    rung text NOT NULL,
    host text NOT NULL
);
CREATE INDEX placements_participant ON placements (participant);

-- What was stated about each placement, all of it: the history of hours, and of what was known when.
CREATE TABLE statements (
    placement text NOT NULL,
    number bigint NOT NULL,
    said text NOT NULL,
    from_on date NOT NULL,
    ends_on date,
    hours numeric NOT NULL,
    contract text NOT NULL,
    known_at timestamptz NOT NULL,
    PRIMARY KEY (placement, number)
);

-- The stock of contracts as changes a day. A level is a sum over days, at most 366 a year, and not
-- over contracts: a request costs the same with ten contracts and with a million.
CREATE TABLE stock (
    municipality text NOT NULL,
    day date NOT NULL,
    contracts bigint NOT NULL,
    hours numeric NOT NULL,
    starting_contracts bigint NOT NULL,
    starting_hours numeric NOT NULL,
    PRIMARY KEY (municipality, day)
);

-- Requests, and what was decided on them.
CREATE TABLE reservations (
    reservation text PRIMARY KEY,
    municipality text NOT NULL,
    participant text NOT NULL,
    place text NOT NULL,
    year bigint NOT NULL,
    hours numeric NOT NULL,
    rank bigint NOT NULL,
    requested_at timestamptz NOT NULL,
    state text NOT NULL,
    fund text,
    expires_on date,
    closed_at timestamptz,
    reason text,
    placement text
);
-- What holds room: few, whatever the number of people. NULL in `closed_at` is found by the same index.
CREATE INDEX reservations_holding ON reservations (municipality, closed_at) WHERE expires_on IS NOT NULL;
CREATE INDEX reservations_granted ON reservations (participant) WHERE state = 'granted';
CREATE INDEX reservations_placement ON reservations (placement) WHERE placement IS NOT NULL;

-- The capacity of each year as it was last stated, so that a tick without news states nothing.
CREATE TABLE capacities (
    municipality text NOT NULL,
    year bigint NOT NULL,
    said jsonb NOT NULL,
    PRIMARY KEY (municipality, year)
);
