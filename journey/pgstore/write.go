package pgstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"paygate/journey"
)

// tries is how often a call is begun at most. Together they wait for less than a second: who is away for longer, a person
// should hear of.
const tries = 4

// errRaced: somebody else was first; begun again, the call finds what they wrote.
var errRaced = errors.New("somebody else was first")

// lost is the end of a connection, or none to be had, before anything was kept.
type lost struct{ error }

func (l lost) Unwrap() error { return l.error }

// write runs a change as one transaction. change may run more than once; its error comes back and keeps nothing. A call
// is begun again only where nothing can have been kept: when the answer to a commit is lost, nobody knows, and the call
// has failed.
func (s *Store) write(ctx context.Context, change func(context.Context, pgx.Tx) error) error {
	return s.insist(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}) // rows are locked where it matters
		if err != nil {
			return err
		}
		defer tx.Rollback(ctx) // after a commit it does nothing
		if err := change(ctx, tx); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		return s.commit(ctx, tx)
	})
}

// commit goes on when the caller gives up: to learn whether it was done is worth the wait.
func (s *Store) commit(ctx context.Context, tx pgx.Tx) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.patience)
	defer cancel()
	err := tx.Commit(ctx)
	var said *pgconn.PgError
	if err == nil || errors.As(err, &said) && said.Severity == "ERROR" { // it was rolled back
		return err
	}
	return uncertain{err}
}

// uncertain is a commit whose answer was lost.
type uncertain struct{ error }

func (u uncertain) Error() string { return "it is not known whether it was kept: " + u.error.Error() }
func (u uncertain) Unwrap() error { return u.error }

// read runs what looks and changes nothing.
func (s *Store) read(ctx context.Context, look func(context.Context, *pgxpool.Conn) error) error {
	return s.insist(ctx, look)
}

// insist does some work on a connection, within the store's patience, and once more when that is safe.
func (s *Store) insist(ctx context.Context, work func(context.Context, *pgxpool.Conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	for try := 1; ; try++ {
		err := s.once(ctx, work)
		if err == nil || try == tries || ctx.Err() != nil || !again(err) {
			return s.translate(err)
		}
		ctx = context.WithValue(ctx, doubtful{}, true)
		pause(ctx, try)
	}
}

func (s *Store) once(ctx context.Context, work func(context.Context, *pgxpool.Conn) error) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return lost{err}
	}
	defer conn.Release()
	err = work(ctx, conn)
	if err != nil && conn.Conn().IsClosed() && !errors.As(err, new(uncertain)) {
		return lost{err}
	}
	return err
}

// again tells whether a call can be begun again: nothing of it was kept, and it may go better.
func again(err error) bool {
	var said *pgconn.PgError
	switch {
	case errors.As(err, new(uncertain)) || unusable(err) != nil:
		return false
	case errors.As(err, new(lost)) || errors.Is(err, errRaced):
		return true
	case errors.As(err, &said):
		return said.Code == "40001" || said.Code == "40P01" // serialization_failure, deadlock_detected
	default:
		return false
	}
}

// doubtful marks the context of a call that has met a dead connection: others in the pool may be dead too.
type doubtful struct{}

// shouldPing asks of a pooled connection whether it lives.
func shouldPing(ctx context.Context, p pgxpool.ShouldPingParams) bool {
	return p.IdleDuration > time.Second || ctx.Value(doubtful{}) != nil
}

// pause is longer from try to try, and not the same for all who were turned away together.
func pause(ctx context.Context, try int) {
	timer := time.NewTimer(time.Duration(try) * (25 + rand.N(time.Duration(50))) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// translate gives the database's errors the store's words.
func (s *Store) translate(err error) error {
	var said *pgconn.PgError
	switch {
	case err == nil || errors.Is(err, context.Canceled):
		return err
	case unusable(err) != nil:
		return unusable(err)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("PostgreSQL did not answer in time: %w", flat{err})
	case errors.As(err, new(lost)):
		return fmt.Errorf("PostgreSQL cannot be reached: %w", flat{err})
	case !errors.As(err, &said):
		return err
	}
	switch said.Code {
	case "53100": // disk_full
		return fmt.Errorf("%w: %w", journey.ErrFull, err)
	case "25006": // read_only_sql_transaction
		s.pool.Reset() // after a failover, new connections find the server that takes writes
		return fmt.Errorf("PostgreSQL takes no writes: %w", err)
	case "55P03", "57014": // lock_not_available, query_canceled
		return fmt.Errorf("PostgreSQL did not answer in time: %w", err)
	default:
		return err
	}
}
