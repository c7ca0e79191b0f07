package pgstore

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"paygate/journey"
)

const countOpen = `SELECT state, count(*) FROM paygate_journeys WHERE open AND NOT damaged GROUP BY state`

// CountOpen counts the journeys that are not at rest, by state. The cost follows the open journeys, not the stored
// ones.
func (s *Store) CountOpen(ctx context.Context) (map[journey.State]int, error) {
	type count struct {
		State journey.State
		Count int
	}
	rows, err := readAll(ctx, s, pgx.RowToStructByPos[count], countOpen)
	counts := map[journey.State]int{}
	for _, r := range rows {
		if slices.Contains(journey.States(), r.State) { // not a state that was written into an altered row
			counts[r.State] = r.Count
		}
	}
	return counts, err
}

// InState lists the journeys in a state that is not at rest. The cost follows the open journeys, not the stored ones.
func (s *Store) InState(ctx context.Context, state journey.State) ([]journey.ID, error) {
	return readAll(ctx, s, pgx.RowTo[journey.ID],
		`SELECT id FROM paygate_journeys WHERE open AND NOT damaged AND state = $1 ORDER BY id`, state)
}
