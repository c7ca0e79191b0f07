-- +goose Up

ALTER TABLE paygate_journeys ADD COLUMN tell_at bigint;
COMMENT ON COLUMN paygate_journeys.tell_at IS 'since when a message waits to be sent, in nanoseconds since 1970; null is never';

CREATE INDEX paygate_journeys_tell ON paygate_journeys (tell_at, id) INCLUDE (key_id) WHERE tell_at IS NOT NULL AND NOT damaged;
