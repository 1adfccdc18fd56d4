-- What is due comes first in an index: what was put off, be it all of a vault's people, is not walked over each time.
CREATE INDEX jobs_due ON jobs (next_at, seq);

-- How far jobs were compared with the log: what a rebuild left is looked for once and not at every start.
CREATE TABLE compared (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    upto bigint NOT NULL
);
INSERT INTO compared (upto) VALUES (0);
