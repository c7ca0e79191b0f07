-- +goose Up

-- What staff did and looked at.
CREATE TABLE paygate_audit (
    id     text COLLATE "C" PRIMARY KEY,
    sealed bytea NOT NULL
);
COMMENT ON COLUMN paygate_audit.id IS 'sorts by time';
