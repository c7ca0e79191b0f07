-- +goose Up

ALTER TABLE paygate_journeys ADD COLUMN early_at bigint;
COMMENT ON COLUMN paygate_journeys.early_at IS 'when early delivery looks at it, in nanoseconds since 1970; null is never';

CREATE INDEX paygate_journeys_early ON paygate_journeys (early_at, id) INCLUDE (key_id) WHERE early_at IS NOT NULL AND NOT damaged;
