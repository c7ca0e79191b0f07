package pgstore

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"paygate/journey"
)

// isDue chooses the due journeys after the given one, of those whose secret this replica has: the others are for replicas
// that have it.
const isDue = `due_at <= $1 AND NOT damaged AND (due_at, id) > ($2, $3) AND key_id = ANY($4)`

const (
	listDue = `SELECT due_at, id FROM paygate_journeys WHERE ` + isDue + ` ORDER BY due_at, id LIMIT $5`
	freeDue = `SELECT due_at, id FROM paygate_journeys WHERE ` + isDue + ` AND (taken_until IS NULL OR taken_until <= clock_timestamp())
		ORDER BY due_at, id LIMIT $5 FOR UPDATE SKIP LOCKED`
	takeDue = `UPDATE paygate_journeys SET taken_until = clock_timestamp() + $2::interval WHERE id = ANY($1)`
)

// Due lists due journeys, those that a sweep has taken too.
func (s *Store) Due(ctx context.Context, until time.Time, after journey.Due, limit int) (due []journey.Due, err error) {
	if !storable(after.ID) {
		return nil, ctx.Err()
	}
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		keys, err := s.keys(ctx, conn)
		if err != nil {
			return err
		}
		due, err = all(ctx, conn, scanDue, listDue, nanoseconds(until), nanoseconds(after.At), after.ID, keys, limit)
		return err
	})
	return due, err
}

// TakeDue lists due journeys that no sweep has taken, as Due does, and takes them: until the lease is over, by the
// database's clock, no other sweep gets them, on any replica. It ends sooner when the journey becomes due at another time.
// What is being changed at the moment is left out.
func (s *Store) TakeDue(ctx context.Context, until time.Time, after journey.Due, limit int, lease time.Duration) (due []journey.Due, err error) {
	if !storable(after.ID) {
		return nil, ctx.Err()
	}
	err = s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		keys, err := s.keys(ctx, tx)
		if err != nil {
			return err
		}
		due, err = all(ctx, tx, scanDue, freeDue, nanoseconds(until), nanoseconds(after.At), after.ID, keys, limit)
		if err != nil {
			return err
		}
		ids := make([]string, len(due))
		for i, d := range due {
			ids[i] = string(d.ID)
		}
		_, err = tx.Exec(ctx, takeDue, ids, lease)
		return err
	})
	if err != nil {
		return nil, err
	}
	return due, nil
}

func scanDue(from pgx.CollectableRow) (d journey.Due, err error) {
	var at int64
	err = from.Scan(&at, &d.ID)
	d.At = time.Unix(0, at).UTC()
	return d, err
}

// OldestDue is the time of the most overdue journey; false when none is overdue.
func (s *Store) OldestDue(ctx context.Context) (time.Time, bool, error) {
	due, err := s.Due(ctx, s.now(), journey.Due{}, 1)
	if err != nil || len(due) == 0 {
		return time.Time{}, false, err
	}
	return due[0].At, true, nil
}

// keys are the ids of the secrets that are listed here and were ever in use. Another replica may have begun with one a
// moment ago.
func (s *Store) keys(ctx context.Context, a asker) ([]string, error) {
	used, err := column[string](ctx, a, `SELECT id FROM paygate_keys`)
	return slices.DeleteFunc(used, func(id string) bool { return !s.sealer.Knows(id) }), err
}
