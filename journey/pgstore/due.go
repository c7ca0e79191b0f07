package pgstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"paygate/journey"
)

const (
	// takeDue skips what is locked: whoever changes it just now is at it already.
	takeDue = `UPDATE paygate_journeys SET taken_until = clock_timestamp() + $4::interval WHERE id = (
		SELECT id FROM paygate_journeys WHERE id = $1 AND due_at = $2 AND NOT damaged
			AND (taken_until IS NULL OR taken_until <= $3) FOR UPDATE SKIP LOCKED)`
	leaveDue = `UPDATE paygate_journeys SET taken_until = clock_timestamp() WHERE id = $1`
)

// Due lists due journeys, those that a sweep has taken too.
func (s *Store) Due(ctx context.Context, until time.Time, after journey.Due, limit int) ([]journey.Due, error) {
	return s.dueBy(ctx, "due_at", until, after, limit)
}

// DueEarly lists journeys due for early delivery.
func (s *Store) DueEarly(ctx context.Context, until time.Time, after journey.Due, limit int) ([]journey.Due, error) {
	return s.dueBy(ctx, "early_at", until, after, limit)
}

// listBy chooses the journeys due by a column, after the given one, of those whose secret this replica has: the others are for
// replicas that have it.
func listBy(column string) string {
	return fmt.Sprintf(`SELECT %[1]s, id FROM paygate_journeys
		WHERE %[1]s <= $1 AND NOT damaged AND (%[1]s, id) > ($2, $3) AND key_id = ANY($4) ORDER BY %[1]s, id LIMIT $5`, column)
}

func (s *Store) dueBy(ctx context.Context, column string, until time.Time, after journey.Due, limit int) (due []journey.Due, err error) {
	if !storable(after.ID) {
		return nil, ctx.Err()
	}
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		keys, err := s.keys(ctx, conn)
		if err != nil {
			return err
		}
		due, err = all(ctx, conn, scanDue, listBy(column), nanoseconds(until), nanoseconds(after.At), after.ID, keys, limit)
		return err
	})
	return due, err
}

// Clock is the database's time, by which sweeps on all replicas go.
func (s *Store) Clock(ctx context.Context) (at time.Time, err error) {
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		at, err = one(ctx, conn, pgx.RowTo[time.Time], `SELECT clock_timestamp()`)
		return err
	})
	return at, err
}

// TakeDue takes a due journey, as Due listed it, for one of several sweeps that go on at once, on any replica. False when
// another sweep has it or has had it since this one began, by Clock, when it is due at another time by now, and when it is
// being changed at the moment. It is taken until LeaveDue, until it becomes due at another time, or until the lease is over,
// for a sweep that died.
func (s *Store) TakeDue(ctx context.Context, due journey.Due, began time.Time, lease time.Duration) (taken bool, err error) {
	if !storable(due.ID) {
		return false, ctx.Err()
	}
	err = s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		done, err := tx.Exec(ctx, takeDue, due.ID, nanoseconds(due.At), began, lease)
		taken = err == nil && done.RowsAffected() == 1
		return err
	})
	return taken && err == nil, err
}

// LeaveDue ends a visit. Sweeps that are under way leave the journey alone from then on, and the next ones do not.
func (s *Store) LeaveDue(ctx context.Context, id journey.ID) error {
	if !storable(id) {
		return ctx.Err()
	}
	return s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, leaveDue, id)
		return err
	})
}

func scanDue(from pgx.CollectableRow) (d journey.Due, err error) {
	var at int64
	err = from.Scan(&at, &d.ID)
	d.At = time.Unix(0, at).UTC()
	return d, err
}

// OldestDue is the time of the most overdue journey, for a sweep or for early delivery; false when none is overdue.
func (s *Store) OldestDue(ctx context.Context) (oldest time.Time, found bool, err error) {
	for _, column := range []string{"due_at", "early_at"} {
		due, err := s.dueBy(ctx, column, s.now(), journey.Due{}, 1)
		if err != nil {
			return time.Time{}, false, err
		}
		if len(due) > 0 && (!found || due[0].At.Before(oldest)) {
			oldest, found = due[0].At, true
		}
	}
	return oldest, found, nil
}

// keys are the ids of the secrets that are listed here and were ever in use. Another replica may have begun with one a
// moment ago.
func (s *Store) keys(ctx context.Context, a asker) ([]string, error) {
	used, err := column[string](ctx, a, `SELECT id FROM paygate_keys`)
	return slices.DeleteFunc(used, func(id string) bool { return !s.sealer.Knows(id) }), err
}
