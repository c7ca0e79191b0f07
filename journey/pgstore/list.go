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
		p, err := s.page(ctx, f, f.Size()-len(found))
		if err != nil {
			return nil, err
		}
		for _, r := range p.rows {
			j, err := s.open(r)
			switch {
			case errors.Is(err, journey.ErrDoesNotOpen):
				s.setAside(ctx, r.ID)
			case err == nil && f.Matches(j) && (f.Find == "" || asked.Matches(j)):
				found = append(found, j)
			}
		}
		if len(found) == f.Size() || p.next == "" {
			return found, nil
		}
		f.After = p.next
	}
}

// page is a part of a list.
type page struct {
	rows []row
	next journey.ID // where the next page begins; "" after the last
}

// page reads the next rows that the filter may find.
func (s *Store) page(ctx context.Context, f journey.Filter, limit int) (p page, err error) {
	err = s.connect(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		keys, err := s.keys(ctx, conn)
		if err != nil {
			return err
		}
		ids, err := idsOf(ctx, conn, f)
		if err != nil {
			return err
		}
		p.next = ""
		q := listed(f, ids, keys)
		if looksUp(f) {
			candidates, err := s.candidates(ctx, conn, f, ids)
			if err != nil {
				return err
			}
			if len(candidates) == maxCandidates {
				p.next = candidates[len(candidates)-1]
			}
			q = lookedUp(f, candidates, keys)
		}
		p.rows, err = all(ctx, conn, scanRow, q.sql(limit), q.args...)
		if len(p.rows) == limit {
			p.next = p.rows[limit-1].ID
		}
		return err
	})
	return p, err
}

// query is a query of the table of journeys.
type query struct {
	where []string
	args  []any
	order string
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
	return fmt.Sprintf(`SELECT %s FROM paygate_journeys WHERE %s ORDER BY %s LIMIT %d`,
		columns, strings.Join(q.where, " AND "), q.order, limit)
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
