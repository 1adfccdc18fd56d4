-- What is needed to explain: who was passed over and why, which places were held against the list, the
-- profiles as they were looked at; and the ladder, deviations from the order, and bridges that ended.

ALTER TABLE waiting
    ADD COLUMN bridge_ended_on date,
    ADD COLUMN refusals bigint NOT NULL DEFAULT 0,
    ADD COLUMN looked_at text;
ALTER TABLE stays
    ADD COLUMN bridge_ended_on date,
    ADD COLUMN refusals bigint NOT NULL DEFAULT 0;

ALTER TABLE placements ADD COLUMN end_reason text;
-- Who left sheltered work for a step up, and may come back: a handful, whatever the number of placements.
CREATE INDEX placements_stepped_up ON placements (participant)
    WHERE rung = 'sheltered_work' AND end_reason = 'step-up';

ALTER TABLE proposals
    ADD COLUMN closed_at timestamptz,
    ADD COLUMN declined_by text,
    ADD COLUMN declined_for text;
CREATE INDEX proposals_place ON proposals (place, requested_at);
CREATE INDEX proposals_made ON proposals (made_on);

ALTER TABLE profiles ADD COLUMN version text NOT NULL DEFAULT '';
-- Each profile as it was stated, so that an old reason can be explained by what was looked at then.
CREATE TABLE profile_versions (
    participant text NOT NULL,
    partner text NOT NULL,
    hours_min numeric NOT NULL,
    hours_max numeric NOT NULL,
    postcode4 text NOT NULL,
    max_travel_km bigint NOT NULL,
    kinds jsonb NOT NULL,
    needs jsonb NOT NULL,
    available_from date NOT NULL,
    version text NOT NULL,
    PRIMARY KEY (participant, version)
);

-- One row a person each time the reason was another: not one a person and place.
CREATE TABLE passings (
    participant text NOT NULL,
    passed_at timestamptz NOT NULL,
    reason text NOT NULL,
    municipality text NOT NULL,
    passed_on date NOT NULL,
    rank bigint NOT NULL,
    policy text NOT NULL,
    profile text,
    place text,
    PRIMARY KEY (participant, passed_at, reason)
);

-- One row a place each time it was held against the list with another outcome; `weighed` is the last.
CREATE TABLE weighings (
    place text NOT NULL,
    weighed_at timestamptz NOT NULL,
    weighed_on date NOT NULL,
    municipalities jsonb NOT NULL,
    rung text NOT NULL,
    seats bigint NOT NULL,
    hours_min numeric NOT NULL,
    hours_max numeric NOT NULL,
    postcode4 text NOT NULL,
    kinds jsonb NOT NULL,
    offers jsonb NOT NULL,
    from_on date NOT NULL,
    until_on date,
    seats_free bigint NOT NULL,
    seats_left bigint NOT NULL,
    block text,
    PRIMARY KEY (place, weighed_at)
);
CREATE INDEX weighings_at ON weighings (weighed_at);
CREATE INDEX weighings_municipality ON weighings USING gin (municipalities);
CREATE TABLE weighed (LIKE weighings, PRIMARY KEY (place));

-- Facts of the municipality, and what matching stated of them.
CREATE TABLE deviations (
    deviation text NOT NULL,
    participant text NOT NULL,
    municipality text NOT NULL,
    place text NOT NULL,
    decided_by text NOT NULL,
    reason text,
    explanation text,
    decided_on date,
    outcome text,
    rank bigint,
    policy text,
    passed bigint NOT NULL,
    reported_on date,
    PRIMARY KEY (deviation, participant)
);
CREATE INDEX deviations_participant ON deviations (participant);
CREATE INDEX deviations_pending ON deviations (deviation) WHERE reported_on IS NULL;

-- The ladder: each statement that put somebody on a rung or ended that, over all partners.
CREATE TABLE steps (
    participant text NOT NULL,
    step text NOT NULL,
    kind text NOT NULL,
    rung text NOT NULL,
    stepped_on date NOT NULL,
    partner text NOT NULL,
    place text,
    PRIMARY KEY (participant, step)
);
