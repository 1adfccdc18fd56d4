-- Dead letters that a person dealt with: when, how and why. What was discarded is kept whole, what was
-- processed after all has left its trace in the state and needs no copy here.
CREATE TABLE dead_letters_settled (
    id bigint PRIMARY KEY,
    action text NOT NULL CHECK (action IN ('redriven', 'discarded')),
    reason text NOT NULL,
    settled_at timestamptz NOT NULL DEFAULT now(),
    topic text NOT NULL,
    partition int NOT NULL,
    "offset" bigint NOT NULL,
    key bytea,
    code text NOT NULL,
    detail text NOT NULL,
    attempts int NOT NULL,
    first_failed_at timestamptz NOT NULL,
    value bytea
);
