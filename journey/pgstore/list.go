package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"paygate/journey"
)

// List finds journeys, newest first. One under a secret that is not listed is left out and is no damage: dropping an old
// secret is how old journeys are erased.
func (s *Store) List(ctx context.Context, f journey.Filter) (found []journey.Journey, err error) {
	if f.Limit <= 0 {
		f.Limit = 50
	}
	if !storable(string(f.After), string(f.State), f.Route, f.Payment) {
		return nil, ctx.Err()
	}
	for {
		asked := f.Limit - len(found)
		rows, err := s.page(ctx, f, asked)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			j, err := s.open(r)
			switch {
			case errors.Is(err, errDoesNotOpen):
				s.setAside(ctx, r.ID)
			case err == nil && paidBy(j, f.Payment):
				found = append(found, j)
			}
			f.After = r.ID
		}
		if len(found) == f.Limit || len(rows) < asked {
			return found, nil
		}
	}
}

// page reads the next rows that the filter finds.
func (s *Store) page(ctx context.Context, f journey.Filter, limit int) (rows []row, err error) {
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		keys, err := s.keys(ctx, conn)
		if err != nil {
			return err
		}
		q := s.question(f, keys)
		rows, err = all(ctx, conn, scanRow, q.sql(limit), q.args...)
		return err
	})
	return rows, err
}

// question is what is asked of the table of journeys.
type question struct {
	where []string
	args  []any
}

// and adds a condition on a value, whose place is %d.
func (q *question) and(condition string, value any) {
	q.args = append(q.args, value)
	q.where = append(q.where, fmt.Sprintf(condition, len(q.args)))
}

func (q *question) sql(limit int) string {
	return fmt.Sprintf(`SELECT %s FROM paygate_journeys WHERE %s ORDER BY id DESC LIMIT %d`, columns, strings.Join(q.where, " AND "), limit)
}

// question asks for no more than the filter says, so that each shape of it has the plan that suits it.
func (s *Store) question(f journey.Filter, keys []string) *question {
	q := &question{where: []string{"NOT damaged"}}
	q.and("key_id = ANY($%d)", keys)
	if f.State != "" {
		q.and("state = $%d", f.State)
		if !f.State.AtRest() {
			q.where = append(q.where, "open") // the words of the index
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

// digests are those of a reference under each secret.
func (s *Store) digests(reference string) (all [][]byte) {
	for _, key := range s.references {
		all = append(all, digest(key, reference))
	}
	return all
}

// paidBy asks the journey itself, and not the table of payments.
func paidBy(j journey.Journey, payment string) bool {
	return payment == "" || slices.ContainsFunc(j.Payments, func(p journey.Payment) bool { return p.ID == payment })
}
