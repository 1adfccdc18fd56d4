-- What every service's database holds besides its own state.

-- Every event that took effect, once. The digest tells a repeat from an id that was used again.
CREATE TABLE inbox (
    source text NOT NULL,
    id text NOT NULL,
    digest bytea NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, id)
);

-- What is decided and not yet acknowledged by the broker. Rows are deleted, never updated: the relay
-- reads in order of id, and id order is commit order per key, since locks are held before nextval.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    key bytea NOT NULL,
    payload bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- Facts that came before the fact they build on.
CREATE TABLE parked (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL,
    id text NOT NULL,
    topic text NOT NULL,
    partition int NOT NULL,
    "offset" bigint NOT NULL,
    timestamp_ms bigint NOT NULL,
    key bytea,
    value bytea NOT NULL,
    waits_for text[] NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (source, id)
);

-- The same names, one a row: a batch asks for hundreds of them, and an index on the array compares
-- every one with every other (80 ms a batch, see docs/measurements.md).
CREATE TABLE parked_names (
    name text NOT NULL,
    seq bigint NOT NULL REFERENCES parked ON DELETE CASCADE,
    PRIMARY KEY (seq, name)
);
CREATE INDEX parked_names_name ON parked_names (name);

-- What could not be processed, in order. `holds`: later events of the same topic and key wait behind it.
CREATE TABLE dead_letters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    partition int NOT NULL,
    "offset" bigint NOT NULL,
    timestamp_ms bigint NOT NULL,
    key bytea,
    value bytea,
    code text NOT NULL,
    detail text NOT NULL,
    holds boolean NOT NULL,
    attempts int NOT NULL DEFAULT 1,
    first_failed_at timestamptz NOT NULL DEFAULT now(),
    last_failed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX dead_letters_held ON dead_letters (topic, key) WHERE holds;
CREATE UNIQUE INDEX dead_letters_record ON dead_letters (topic, partition, "offset") WHERE "offset" >= 0;

-- The registry as this service knows it: the last `partners.registered` or `.changed` of each partner.
CREATE TABLE partners (
    partner text PRIMARY KEY,
    data jsonb NOT NULL
);

-- The last tick of the scenario clock; empty when the wall clock rules.
CREATE TABLE clock (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    ticked_at timestamptz NOT NULL
);
