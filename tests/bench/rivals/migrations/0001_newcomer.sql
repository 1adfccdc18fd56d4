-- The newcomer's own tables, for all three services: what is known of a person, and what was said.
CREATE TABLE known (
    subject text PRIMARY KEY,
    facts jsonb NOT NULL
);

CREATE TABLE receipts (
    id text PRIMARY KEY,
    partner text NOT NULL,
    event_id text NOT NULL,
    event_type text NOT NULL,
    state text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE people (
    participant text PRIMARY KEY,
    municipality text NOT NULL,
    guide text NOT NULL,
    rung text NOT NULL,
    registered_on date NOT NULL,
    school_leaver boolean NOT NULL
);

CREATE TABLE profiles (
    participant text PRIMARY KEY,
    hours_min double precision NOT NULL,
    hours_max double precision NOT NULL,
    postcode4 text NOT NULL,
    max_travel_km int NOT NULL,
    kinds text[] NOT NULL,
    needs text[] NOT NULL,
    available_from date NOT NULL
);

CREATE TABLE advices (
    participant text PRIMARY KEY,
    outcome text NOT NULL,
    requested_on date NOT NULL,
    advised_on date NOT NULL
);

CREATE TABLE decisions (
    participant text NOT NULL,
    municipality text NOT NULL,
    outcome text NOT NULL,
    decided_on date NOT NULL,
    PRIMARY KEY (participant, municipality)
);

CREATE TABLE waiting (
    participant text PRIMARY KEY,
    municipality text NOT NULL,
    joined_on date NOT NULL,
    decided_on date NOT NULL,
    school_leaver boolean NOT NULL,
    requested_on date NOT NULL,
    advised_on date NOT NULL
);
CREATE INDEX waiting_municipality ON waiting (municipality, joined_on);

CREATE TABLE messages (
    notification text PRIMARY KEY,
    participant text NOT NULL,
    template text NOT NULL,
    channel text NOT NULL,
    about text NOT NULL,
    state text NOT NULL,
    queued_at timestamptz NOT NULL
);
CREATE INDEX messages_participant ON messages (participant, queued_at);

CREATE TABLE jobs (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notification text NOT NULL REFERENCES messages,
    next_at timestamptz NOT NULL DEFAULT now()
);
