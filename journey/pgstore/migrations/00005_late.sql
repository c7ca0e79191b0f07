-- +goose Up

ALTER TABLE paygate_journeys ADD COLUMN late_at bigint, ADD COLUMN owed_at bigint;
COMMENT ON COLUMN paygate_journeys.late_at IS 'since when a step is owed that keeps failing, in nanoseconds since 1970; null is none';
COMMENT ON COLUMN paygate_journeys.owed_at IS 'since when money has to go back, in nanoseconds since 1970; null is none';

CREATE INDEX paygate_journeys_late ON paygate_journeys (late_at, id) INCLUDE (key_id) WHERE late_at IS NOT NULL AND NOT damaged;
CREATE INDEX paygate_journeys_owed ON paygate_journeys (owed_at, id) INCLUDE (key_id) WHERE owed_at IS NOT NULL AND NOT damaged;
