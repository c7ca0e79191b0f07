package pgstore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"paygate/journey"
)

const (
	// putTally leaves out a journey that is not indexed yet: it is counted when it is. The lock keeps the indexing from
	// passing it in the meantime.
	putTally = `WITH waiting AS MATERIALIZED (SELECT after FROM paygate_unindexed FOR SHARE)
		INSERT INTO paygate_tallies AS kept (hour, state, part, journeys, taken, refunded)
		SELECT $2, $3, pg_backend_pid() % 16, $4, $5, $6 WHERE NOT EXISTS (SELECT FROM waiting WHERE after < $1)
		ON CONFLICT (hour, state, part) DO UPDATE SET journeys = kept.journeys + excluded.journeys,
			taken = kept.taken + excluded.taken, refunded = kept.refunded + excluded.refunded`

	sumTallies = `SELECT hour, state, sum(journeys)::bigint, sum(taken)::bigint, sum(refunded)::bigint
		FROM paygate_tallies WHERE hour >= $1 GROUP BY hour, state
		HAVING sum(journeys) <> 0 OR sum(taken) <> 0 OR sum(refunded) <> 0 ORDER BY hour, state`
)

// counted is the id under which tallies are always added, because it is before every other.
const counted = journey.ID("")

// putTallies adds what changes of a journey to the tallies. They are in order, so that two transactions cannot wait for
// each other.
func putTallies(batch *pgx.Batch, id journey.ID, changed []journey.Tally) {
	for _, t := range changed {
		batch.Queue(putTally, id, hourOf(t.Hour), t.State, t.Journeys, t.Taken, t.Refunded)
	}
}

// hourOf returns the hour of a time, from 1970 on.
func hourOf(at time.Time) int64 { return max(0, at.Unix()) / 3600 }

// Tallies lists the tallies of the hours since a time, in their order.
func (s *Store) Tallies(ctx context.Context, since time.Time) ([]journey.Tally, error) {
	return readAll(ctx, s, scanTally, sumTallies, hourOf(since))
}

func scanTally(from pgx.CollectableRow) (t journey.Tally, err error) {
	var hour int64
	err = from.Scan(&hour, &t.State, &t.Journeys, &t.Taken, &t.Refunded)
	t.Hour = time.Unix(hour*3600, 0).UTC()
	return t, err
}
