-- +goose Up

-- One row for each secret that ever sealed something, by its public id.
CREATE TABLE paygate_keys (
    id      text PRIMARY KEY,
    used_at timestamptz NOT NULL
);

-- Columns that are searched are not sealed. Every read compares them with the sealed journey.
CREATE TABLE paygate_journeys (
    id          text COLLATE "C" PRIMARY KEY,
    state       text NOT NULL,
    open        boolean NOT NULL,
    route       text NOT NULL,
    reference   bytea NOT NULL,
    started_at  bigint NOT NULL,
    due_at      bigint,
    taken_until timestamptz,
    key_id      text NOT NULL,
    damaged     boolean NOT NULL DEFAULT false,
    sealed      bytea NOT NULL
);
COMMENT ON COLUMN paygate_journeys.open IS 'the state is not one of rest';
COMMENT ON COLUMN paygate_journeys.reference IS 'keyed digest of the reference, in one case';
COMMENT ON COLUMN paygate_journeys.started_at IS 'nanoseconds since 1970';
COMMENT ON COLUMN paygate_journeys.due_at IS 'nanoseconds since 1970; null is never';
COMMENT ON COLUMN paygate_journeys.taken_until IS 'a sweep visits it until then';
COMMENT ON COLUMN paygate_journeys.damaged IS 'set aside: what is stored is not what was written';

CREATE INDEX paygate_journeys_due ON paygate_journeys (due_at, id) INCLUDE (key_id) WHERE due_at IS NOT NULL AND NOT damaged;
CREATE INDEX paygate_journeys_open ON paygate_journeys (state, id) WHERE open AND NOT damaged;
CREATE INDEX paygate_journeys_reference ON paygate_journeys (reference, id);
CREATE INDEX paygate_journeys_started ON paygate_journeys (started_at);
CREATE INDEX paygate_journeys_damaged ON paygate_journeys (id) WHERE damaged;

CREATE TABLE paygate_payments (
    id         text COLLATE "C" PRIMARY KEY,
    journey_id text COLLATE "C" NOT NULL REFERENCES paygate_journeys ON DELETE CASCADE
);
CREATE INDEX paygate_payments_journey ON paygate_payments (journey_id);

CREATE TABLE paygate_requests (
    journey_id text COLLATE "C" PRIMARY KEY REFERENCES paygate_journeys ON DELETE CASCADE,
    sealed     bytea NOT NULL
);

CREATE TABLE paygate_replies (
    journey_id text COLLATE "C" PRIMARY KEY REFERENCES paygate_journeys ON DELETE CASCADE,
    sealed     bytea NOT NULL
);

CREATE TABLE paygate_values (
    name   text PRIMARY KEY,
    sealed bytea NOT NULL
);

-- Sealed data cannot be compressed, and trying would cost time.
ALTER TABLE paygate_journeys ALTER COLUMN sealed SET STORAGE EXTERNAL;
ALTER TABLE paygate_requests ALTER COLUMN sealed SET STORAGE EXTERNAL;
ALTER TABLE paygate_replies ALTER COLUMN sealed SET STORAGE EXTERNAL;

CREATE TABLE paygate_marks (
    digest  bytea PRIMARY KEY,
    ends_at bigint NOT NULL
);
COMMENT ON COLUMN paygate_marks.ends_at IS 'seconds since 1970';
CREATE INDEX paygate_marks_end ON paygate_marks (ends_at);

CREATE TABLE paygate_buckets (
    name text PRIMARY KEY,
    slot timestamptz NOT NULL
);
COMMENT ON COLUMN paygate_buckets.slot IS 'the last that was given';
