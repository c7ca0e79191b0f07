-- +goose Up

-- Keyed digests of the words by which a journey is found.
CREATE TABLE paygate_terms (
    digest     bytea NOT NULL,
    journey_id text COLLATE "C" NOT NULL REFERENCES paygate_journeys ON DELETE CASCADE,
    PRIMARY KEY (digest, journey_id)
);
CREATE INDEX paygate_terms_journey ON paygate_terms (journey_id);

CREATE TABLE paygate_term_fields (
    name text PRIMARY KEY
);
COMMENT ON TABLE paygate_term_fields IS 'the form fields by which journeys are found';

CREATE TABLE paygate_unindexed (
    after text COLLATE "C" NOT NULL
);
COMMENT ON TABLE paygate_unindexed IS 'one row while older journeys are not indexed yet: the last id that is';
INSERT INTO paygate_unindexed VALUES ('');
