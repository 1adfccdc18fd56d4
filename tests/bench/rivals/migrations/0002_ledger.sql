-- The newcomer's ledger: the number with what is taken of it in one row, so that a request need not count.
CREATE TABLE ledgers (
    municipality text PRIMARY KEY,
    places numeric NOT NULL,
    taken bigint NOT NULL
);

CREATE TABLE reservations (
    reservation text PRIMARY KEY,
    participant text NOT NULL,
    municipality text NOT NULL,
    place text NOT NULL,
    year int NOT NULL,
    hours numeric NOT NULL,
    state text NOT NULL,
    expires_on date NOT NULL,
    placement text
);
CREATE INDEX reservations_participant ON reservations (participant) WHERE state = 'granted';

CREATE TABLE placements (
    placement text PRIMARY KEY,
    participant text NOT NULL,
    place text NOT NULL,
    rung text NOT NULL,
    starts_on date NOT NULL,
    ends_on date,
    hours numeric NOT NULL,
    contract text NOT NULL
);
CREATE INDEX placements_participant ON placements (participant);
