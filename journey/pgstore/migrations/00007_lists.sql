-- +goose NO TRANSACTION
-- +goose Up

-- Each list of staff has an index of its own, whose first column no other index begins with. So its plan is the same
-- whatever the statistics say. An index that was broken off while it was built is built again.
DROP INDEX CONCURRENTLY IF EXISTS paygate_journeys_state;
CREATE INDEX CONCURRENTLY paygate_journeys_state ON paygate_journeys (state, id) WHERE NOT damaged;
DROP INDEX CONCURRENTLY IF EXISTS paygate_journeys_route;
CREATE INDEX CONCURRENTLY paygate_journeys_route ON paygate_journeys (route, id) WHERE NOT damaged;
DROP INDEX CONCURRENTLY IF EXISTS paygate_journeys_route_state;
CREATE INDEX CONCURRENTLY paygate_journeys_route_state ON paygate_journeys ((route || '/' || state), id) WHERE NOT damaged;
