package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"paygate/journey"
	"paygate/journey/find"
)

// List finds journeys, newest first. It leaves out journeys under a secret that is not listed; that is not damage:
// dropping an old secret is how old journeys are erased.
func (s *Store) List(ctx context.Context, f journey.Filter) (found []journey.Journey, err error) {
	asked := find.Of(f)
	if asked.Asked() && asked.Empty() {
		return nil, nil
	}
	for {
		wanted := f.Size() - len(found)
		rows, err := s.page(ctx, f, wanted)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			j, err := s.open(r)
			switch {
			case errors.Is(err, journey.ErrDoesNotOpen):
				s.setAside(ctx, r.ID)
			case err == nil && f.Matches(j) && (f.Find == "" || asked.Matches(j)):
				found = append(found, j)
			}
			f.After = r.ID
		}
		if len(found) == f.Size() || len(rows) < wanted {
			return found, nil
		}
	}
}

// page reads the next rows that the filter finds.
func (s *Store) page(ctx context.Context, f journey.Filter, limit int) (rows []row, err error) {
	err = s.connect(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		keys, err := s.keys(ctx, conn)
		if err != nil {
			return err
		}
		q := s.query(f, keys)
		if f.Find != "" || f.Approval {
			if err := s.find(ctx, conn, q, find.Of(f)); err != nil {
				return err
			}
		}
		rows, err = all(ctx, conn, scanRow, q.sql(limit), q.args...)
		return err
	})
	return rows, err
}

// query is a query of the table of journeys.
type query struct {
	where []string
	args  []any
}

// and adds a condition on values. Each %d is the number of the next argument.
func (q *query) and(condition string, values ...any) {
	var numbers []any
	for _, value := range values {
		q.args = append(q.args, value)
		numbers = append(numbers, len(q.args))
	}
	q.where = append(q.where, fmt.Sprintf(condition, numbers...))
}

func (q *query) sql(limit int) string {
	return fmt.Sprintf(`SELECT %s FROM paygate_journeys WHERE %s ORDER BY id DESC LIMIT %d`,
		columns, strings.Join(q.where, " AND "), limit)
}

// query returns a query with only the conditions that the filter sets, so that each combination gets a suitable plan.
func (s *Store) query(f journey.Filter, keys []string) *query {
	q := &query{where: []string{"NOT damaged"}}
	q.and("key_id = ANY($%d)", keys)
	if f.State != "" {
		q.and("state = $%d", f.State)
		if !f.State.AtRest() {
			q.where = append(q.where, "open") // the condition of the index
		}
	}
	if f.Route != "" {
		q.and("route = $%d", f.Route)
	}
	if f.Reference != "" {
		q.and("reference = ANY($%d)", s.digests(f.Reference))
	}
	if f.Payment != "" {
		q.and("id IN (SELECT journey_id FROM paygate_payments WHERE id = $%d)", f.Payment)
	}
	if !f.Since.IsZero() {
		q.and("started_at >= $%d", nanoseconds(f.Since))
	}
	if !f.Until.IsZero() {
		q.and("started_at < $%d", nanoseconds(f.Until))
	}
	if f.After != "" {
		q.and("id < $%d", f.After)
	}
	return q
}

// digests returns the digests of a reference under each secret.
func (s *Store) digests(reference string) (all [][]byte) {
	for _, key := range s.references {
		all = append(all, digest(key, reference))
	}
	return all
}

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
		if slices.Contains(journey.States(), r.State) { // an altered row may have any word
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
