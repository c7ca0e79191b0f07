package pgstore

import (
	"cmp"
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

// maxTries bounds how often a call is tried. The pauses add up to less than a second: a longer outage must be
// noticed.
const maxTries = 4

// errRaced reports that another call was first. The next try finds what the other call wrote.
var errRaced = errors.New("another call was first")

// connectionError reports that there was no connection, or that it ended, before anything was stored.
type connectionError struct{ error }

func (e connectionError) Unwrap() error { return e.error }

// uncertainError reports a commit whose answer was lost.
type uncertainError struct{ error }

func (e uncertainError) Error() string {
	return "it is not known whether it was stored: " + e.error.Error()
}
func (e uncertainError) Unwrap() error { return e.error }

// write runs a change as one transaction. change may run more than once; if it fails, nothing is stored. A call is
// tried again only if nothing can have been stored: if the answer to a commit is lost, the call fails.
func (s *Store) write(ctx context.Context, change func(context.Context, pgx.Tx) error) error {
	return s.connect(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
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

// commit goes on when the caller gives up: it is worth waiting to learn whether the change was stored.
func (s *Store) commit(ctx context.Context, tx pgx.Tx) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	defer cancel()
	err := tx.Commit(ctx)
	var refused *pgconn.PgError
	if err == nil || errors.As(err, &refused) && refused.Severity == "ERROR" { // it was rolled back
		return err
	}
	return uncertainError{err}
}

// connect does some work on a connection, within the store's timeout, and tries again if that is safe.
func (s *Store) connect(ctx context.Context, work func(context.Context, *pgxpool.Conn) error) error {
	if err := cmp.Or(ctx.Err(), s.away); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	for try := 1; ; try++ {
		err := s.try(ctx, work)
		if err == nil || try == maxTries || ctx.Err() != nil || !retryable(err) {
			return s.translate(err)
		}
		ctx = context.WithValue(ctx, pingFirst{}, true)
		pause(ctx, try)
	}
}

func (s *Store) try(ctx context.Context, work func(context.Context, *pgxpool.Conn) error) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return connectionError{err}
	}
	defer conn.Release()
	if err = s.clock.read(ctx, conn); err == nil {
		err = work(ctx, conn)
	}
	if err != nil && conn.Conn().IsClosed() && !errors.As(err, new(uncertainError)) {
		return connectionError{err}
	}
	return err
}

// retryable reports whether a failed call can be tried again: nothing of it was stored, and it may succeed.
func retryable(err error) bool {
	var refused *pgconn.PgError
	switch {
	case errors.As(err, new(uncertainError)) || usageError(err) != nil:
		return false
	case errors.As(err, new(connectionError)) || errors.Is(err, errRaced):
		return true
	case errors.As(err, &refused):
		return refused.Code == "40001" || refused.Code == "40P01" // serialization_failure, deadlock_detected
	default:
		return false
	}
}

// pingFirst marks the context of a call that found a dead connection: others in the pool may be dead too.
type pingFirst struct{}

// shouldPing reports whether to test a pooled connection before it is used.
func shouldPing(ctx context.Context, p pgxpool.ShouldPingParams) bool {
	return p.IdleDuration > time.Second || ctx.Value(pingFirst{}) != nil
}

// pause waits longer after each try, and differently for callers that failed together.
func pause(ctx context.Context, try int) {
	_ = sleep(ctx, time.Duration(try)*(25+rand.N(time.Duration(50)))*time.Millisecond)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// translate turns errors of the database into errors of a store.
func (s *Store) translate(err error) error {
	var refused *pgconn.PgError
	switch {
	case err == nil || errors.Is(err, context.Canceled):
		return err
	case usageError(err) != nil:
		return usageError(err)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("PostgreSQL did not answer in time: %w", oneLineError{err})
	case errors.As(err, new(connectionError)):
		return fmt.Errorf("PostgreSQL cannot be reached: %w", oneLineError{err})
	case !errors.As(err, &refused):
		return err
	}
	switch refused.Code {
	case "53100": // disk_full
		return fmt.Errorf("%w: %w", journey.ErrFull, err)
	case "25006": // read_only_sql_transaction
		s.pool.Reset() // after a failover, new connections find the server that accepts writes
		return fmt.Errorf("PostgreSQL accepts no writes: %w", err)
	case "55P03", "57014": // lock_not_available, query_canceled
		return fmt.Errorf("PostgreSQL did not answer in time: %w", err)
	default:
		return err
	}
}
