-- +goose Up

-- What the journeys of each hour add up to. Each connection adds to a part of its own, so that none waits for another.
CREATE TABLE paygate_tallies (
    hour     bigint NOT NULL,
    state    text COLLATE "C" NOT NULL,
    part     int NOT NULL,
    journeys bigint NOT NULL,
    taken    bigint NOT NULL,
    refunded bigint NOT NULL,
    PRIMARY KEY (hour, state, part)
) WITH (fillfactor = 50);
COMMENT ON COLUMN paygate_tallies.hour IS 'since 1970';
COMMENT ON COLUMN paygate_tallies.state IS 'of journeys that began in the hour; empty for money that moved in it';
COMMENT ON COLUMN paygate_tallies.taken IS 'pence, and so is refunded';

-- Journeys that are there already are counted after the start.
DELETE FROM paygate_unindexed;
INSERT INTO paygate_unindexed VALUES ('');
