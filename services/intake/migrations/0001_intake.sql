-- What bears on who may state what, by subject: `participant:<id>`, `place:<id>`, `placement:<id>`.
CREATE TABLE known (
    subject text PRIMARY KEY,
    facts jsonb NOT NULL
);

-- One row a case. `waits`: the guide is still to be told of `due_on`.
CREATE TABLE deadlines (
    about text NOT NULL,
    kind text NOT NULL,
    participant text NOT NULL,
    due_on date,
    tell_on date,
    told jsonb NOT NULL,
    waits boolean NOT NULL,
    PRIMARY KEY (about, kind)
);
-- A tick reads what is still to be told, however many were told before.
CREATE INDEX deadlines_waiting ON deadlines (tell_on) WHERE waits;

-- What became of everything that came to the door; of a repeat the first answer stays.
CREATE TABLE receipts (
    id text PRIMARY KEY,
    partner text NOT NULL,
    event_id text,
    event_type text,
    state text NOT NULL,
    code text,
    detail text,
    field text,
    waits_for text[] NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now()
);

-- The vault: the only place with names and addresses. Not in the log, so it is backed up by itself.
CREATE TABLE vault (
    participant text PRIMARY KEY,
    partner text NOT NULL,
    entry jsonb NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);

-- Who looked at whose entry or changed it, when and what for (Logboek Dataverwerkingen: no sampling).
CREATE TABLE vault_looks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    participant text NOT NULL,
    who text NOT NULL,
    action text NOT NULL,
    purpose text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX vault_looks_of ON vault_looks (participant, at);

-- What a partner states of a person waits behind what it stated before (see World.promised).
CREATE INDEX parked_of_key ON parked (topic, key);

-- When a row of a CSV file first came: a file handed in again gives the same events, and so repeats.
CREATE TABLE imported_rows (
    partner text NOT NULL,
    id text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (partner, id)
);
