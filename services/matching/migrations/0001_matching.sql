-- The list, the places and the proposals: what was stated, and what matching itself stated on it.
-- Every table is rebuilt from the log exactly; nothing here is numbered or timed by the database.

CREATE TABLE people (
    participant text PRIMARY KEY,
    guides jsonb NOT NULL,
    guide text NOT NULL,
    home text NOT NULL,
    school_leaver boolean NOT NULL,
    municipality text NOT NULL,
    municipality_on date NOT NULL,
    municipality_by bigint NOT NULL,
    rung text NOT NULL,
    rung_on date NOT NULL,
    rung_by bigint NOT NULL,
    stepped boolean NOT NULL,
    paused boolean NOT NULL,
    paused_on date,
    paused_by bigint NOT NULL,
    left_on date,
    erased boolean NOT NULL
);

CREATE TABLE transfers (
    transfer text PRIMARY KEY,
    participant text NOT NULL,
    partner text NOT NULL
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
    outcome text,
    decided_on date,
    priority_group text,
    served_until date,
    PRIMARY KEY (participant, municipality)
);
-- Rights that have led to no wait yet: a handful, whatever the number of decisions.
CREATE INDEX decisions_pending ON decisions (participant)
    WHERE outcome = 'granted' AND (served_until IS NULL OR decided_on > served_until);

CREATE TABLE profiles (
    participant text NOT NULL,
    partner text NOT NULL,
    hours_min numeric NOT NULL,
    hours_max numeric NOT NULL,
    postcode4 text NOT NULL,
    max_travel_km bigint NOT NULL,
    kinds jsonb NOT NULL,
    needs jsonb NOT NULL,
    available_from date NOT NULL,
    PRIMARY KEY (participant, partner)
);

CREATE TABLE places (
    place text PRIMARY KEY,
    host text NOT NULL,
    rung text NOT NULL,
    municipalities jsonb NOT NULL,
    seats bigint NOT NULL,
    hours_min numeric NOT NULL,
    hours_max numeric NOT NULL,
    postcode4 text NOT NULL,
    kinds jsonb NOT NULL,
    offers jsonb NOT NULL,
    from_on date NOT NULL,
    until_on date,
    withdrawn_on date
);
CREATE INDEX places_open ON places (coalesce(least(until_on, withdrawn_on - 1), 'infinity'));

CREATE TABLE placements (
    placement text PRIMARY KEY,
    participant text NOT NULL,
    place text NOT NULL,
    host text NOT NULL,
    rung text NOT NULL,
    proposal text,
    starts_on date NOT NULL,
    ended_on date
);
CREATE INDEX placements_participant ON placements (participant);
CREATE INDEX placements_running ON placements (coalesce(ended_on, 'infinity'));

CREATE TABLE policies (
    municipality text NOT NULL,
    kind text NOT NULL,
    valid_from date NOT NULL,
    policy text NOT NULL,
    keys jsonb NOT NULL,
    priority_groups jsonb NOT NULL,
    answer_days bigint,
    reservation_days bigint,
    bridge_within_days bigint,
    answers_needed jsonb NOT NULL,
    hours_per_unit numeric,
    PRIMARY KEY (municipality, kind, valid_from)
);

-- What quota told last and before that; see rules/room.py on why two.
CREATE TABLE capacities (
    municipality text NOT NULL,
    year bigint NOT NULL,
    free numeric,
    by_hours boolean NOT NULL,
    told_at timestamptz,
    free_before numeric,
    told_before timestamptz,
    refused_at timestamptz,
    refused_on date,
    PRIMARY KEY (municipality, year)
);

-- One row a person: nobody stands on two lists.
CREATE TABLE waiting (
    participant text PRIMARY KEY,
    municipality text NOT NULL,
    joined_on date NOT NULL,
    decided_on date NOT NULL,
    school_leaver boolean NOT NULL,
    requested_on date,
    advised_on date,
    priority_group text,
    bridge text,
    bridged_on date,
    bridge_due_on date,
    passed_over text,
    declined jsonb NOT NULL,
    proposal text
);
CREATE INDEX waiting_municipality ON waiting (municipality, joined_on);

-- Waits that are over, for the figures of their days.
CREATE TABLE stays (
    participant text NOT NULL,
    municipality text NOT NULL,
    joined_on date NOT NULL,
    left_on date NOT NULL,
    reason text NOT NULL,
    decided_on date NOT NULL,
    school_leaver boolean NOT NULL,
    requested_on date,
    advised_on date,
    priority_group text,
    bridge text,
    bridged_on date,
    PRIMARY KEY (participant, municipality, joined_on)
);
CREATE INDEX stays_municipality ON stays (municipality, left_on);

CREATE TABLE proposals (
    proposal text PRIMARY KEY,
    reservation text NOT NULL,
    participant text NOT NULL,
    municipality text NOT NULL,
    place text NOT NULL,
    host text NOT NULL,
    guide text NOT NULL,
    year bigint NOT NULL,
    hours numeric NOT NULL,
    rank bigint NOT NULL,
    policy text NOT NULL,
    answer_days bigint NOT NULL,
    answers_needed jsonb NOT NULL,
    requested_on date,
    requested_at timestamptz,
    made_on date,
    expires_on date,
    reasons jsonb NOT NULL,
    alternatives jsonb NOT NULL,
    state text NOT NULL,
    closed_on date,
    outcome text,
    refused_at timestamptz,
    lost_at timestamptz
);
CREATE INDEX proposals_alive ON proposals (participant)
    WHERE state IN ('requested', 'open', 'accepted') AND refused_at IS NULL;

-- Answers to proposals that stand.
CREATE TABLE answers (
    proposal text NOT NULL,
    by text NOT NULL,
    partner text NOT NULL,
    answer text NOT NULL,
    reason text,
    answered_on date NOT NULL,
    PRIMARY KEY (proposal, by, partner)
);

-- Seats that were stated to be taken.
CREATE TABLE seats (
    place text NOT NULL,
    participant text NOT NULL,
    proposal text,
    placement text,
    PRIMARY KEY (place, participant)
);
