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

// Due lists due journeys, including those that a sweep has taken.
func (s *Store) Due(ctx context.Context, until time.Time, after journey.Due, limit int) ([]journey.Due, error) {
	return s.dueBy(ctx, "due_at", until, after, limit)
}

// DueEarly lists journeys due for early delivery.
func (s *Store) DueEarly(ctx context.Context, until time.Time, after journey.Due, limit int) ([]journey.Due, error) {
	return s.dueBy(ctx, "early_at", until, after, limit)
}

// DueToTell lists journeys with messages to be sent.
func (s *Store) DueToTell(ctx context.Context, until time.Time, after journey.Due, limit int) ([]journey.Due, error) {
	return s.dueBy(ctx, "tell_at", until, after, limit)
}

// Late lists journeys with a step that keeps failing.
func (s *Store) Late(ctx context.Context, until time.Time, after journey.Due, limit int) ([]journey.Due, error) {
	return s.dueBy(ctx, "late_at", until, after, limit)
}

// OwedBack lists journeys whose citizens wait for their money.
func (s *Store) OwedBack(ctx context.Context, until time.Time, after journey.Due, limit int) ([]journey.Due, error) {
	return s.dueBy(ctx, "owed_at", until, after, limit)
}

// listBy lists the journeys that are due by a column and sealed under a secret of this replica. The others are left to
// replicas that have their secrets.
func listBy(column string) string {
	return fmt.Sprintf(`SELECT %[1]s, id FROM paygate_journeys
		WHERE %[1]s <= $1 AND NOT damaged AND (%[1]s, id) > ($2, $3) AND key_id = ANY($4)
		ORDER BY %[1]s, id LIMIT $5`, column)
}

func (s *Store) dueBy(
	ctx context.Context, column string, until time.Time, after journey.Due, limit int,
) (due []journey.Due, err error) {
	err = s.connect(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		keys, err := s.keys(ctx, conn)
		if err != nil {
			return err
		}
		due, err = all(ctx, conn, scanDue, listBy(column), nanoseconds(until), nanoseconds(after.At), after.ID, keys,
			limit)
		return err
	})
	return due, err
}

func scanDue(from pgx.CollectableRow) (d journey.Due, err error) {
	var at int64
	err = from.Scan(&at, &d.ID)
	d.At = time.Unix(0, at).UTC()
	return d, err
}

// keys lists the ids of this replica's secrets that are in use. Another replica may have begun to use one a moment ago.
func (s *Store) keys(ctx context.Context, q querier) ([]string, error) {
	used, err := all(ctx, q, pgx.RowTo[string], `SELECT id FROM paygate_keys`)
	return slices.DeleteFunc(used, func(id string) bool { return !s.codec.Knows(id) }), err
}

// OldestDue returns the time of the most overdue journey, for a sweep or for early delivery. It reports false if none
// is.
func (s *Store) OldestDue(ctx context.Context) (time.Time, bool, error) {
	return journey.OldestDue(ctx, s, s.now())
}

// Clock returns the database's time, which sweeps on all replicas use.
func (s *Store) Clock(ctx context.Context) (time.Time, error) {
	var now time.Time
	err := s.connect(ctx, func(ctx context.Context, conn *pgxpool.Conn) (err error) {
		now, err = serverTime(ctx, conn)
		return err
	})
	return now, err
}

func serverTime(ctx context.Context, q querier) (time.Time, error) {
	return one(ctx, q, pgx.RowTo[time.Time], `SELECT clock_timestamp()`)
}

const (
	// takeDue skips a locked row: another call is changing it already.
	takeDue = `UPDATE paygate_journeys SET taken_until = clock_timestamp() + $4::interval WHERE id = (
		SELECT id FROM paygate_journeys WHERE id = $1 AND due_at = $2 AND NOT damaged
			AND (taken_until IS NULL OR taken_until <= $3) FOR UPDATE SKIP LOCKED)`
	leaveDue = `UPDATE paygate_journeys SET taken_until = clock_timestamp() WHERE id = $1`
)

// TakeDue takes a due journey, as Due listed it, for one of several concurrent sweeps, on any replica. It
// returns false if another sweep has it or has had it since this one began (by Clock), if it is now due at another
// time, or if it is being changed at the moment. A sweep has a journey until LeaveDue, until the journey is due at
// another time, or until the lease ends, in case the sweep dies.
func (s *Store) TakeDue(ctx context.Context, due journey.Due, began time.Time, lease time.Duration) (bool, error) {
	taken, err := s.exec(ctx, takeDue, due.ID, nanoseconds(due.At), began, lease)
	return err == nil && taken == 1, err
}

// LeaveDue ends a visit. Sweeps that are running leave the journey alone from then on; later ones do not.
func (s *Store) LeaveDue(ctx context.Context, id journey.ID) error {
	_, err := s.exec(ctx, leaveDue, id)
	return err
}
