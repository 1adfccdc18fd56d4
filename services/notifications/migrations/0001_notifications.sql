-- Others' facts. Nothing here says who anybody is: that is in the vault of the person's guide.
CREATE TABLE people (
    participant text PRIMARY KEY,
    municipality text NOT NULL,
    municipality_since date NOT NULL,
    guide text NOT NULL,
    guides jsonb NOT NULL,
    offers jsonb NOT NULL,
    dataref text,
    erased boolean NOT NULL,
    deceased boolean NOT NULL
);

-- What there is to tell, as the event that told it said: days, hours, partners.
CREATE TABLE tidings (
    notification text PRIMARY KEY,
    participant text NOT NULL,
    params jsonb NOT NULL
);
CREATE INDEX tidings_participant ON tidings (participant);

-- What this service stated of each message.
CREATE TABLE messages (
    notification text PRIMARY KEY,
    participant text NOT NULL,
    recipient text NOT NULL,
    template text NOT NULL,
    channel text NOT NULL,
    about text NOT NULL,
    queued_id text NOT NULL,
    queued_at timestamptz NOT NULL,
    correlation text,
    state text NOT NULL,
    code text,
    attempt bigint,
    ended_on date
);
CREATE INDEX messages_participant ON messages (participant, queued_at);
CREATE INDEX messages_ended ON messages (ended_on);
CREATE INDEX messages_queued ON messages (notification) WHERE state = 'queued';

-- Work of the moment, not rebuilt from the log: messages still to be sent, in the order of each person.
CREATE TABLE jobs (
    notification text PRIMARY KEY,
    participant text NOT NULL,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    attempts int NOT NULL DEFAULT 0,
    first_tried_at timestamptz,
    next_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX jobs_in_order ON jobs (seq);
CREATE INDEX jobs_participant ON jobs (participant, seq);

-- The proof of each try: when it was handed over, and what the mail server answered, by number alone,
-- since its words may repeat the address. Handed over without an outcome: the process ended in between.
CREATE TABLE attempts (
    notification text NOT NULL,
    attempt int NOT NULL,
    handed_over_at timestamptz,
    ended_at timestamptz,
    outcome text,
    code text,
    reply int,
    PRIMARY KEY (notification, attempt)
);
