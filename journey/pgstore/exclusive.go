package pgstore

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A database is used either by any number of processes or by one that keeps all others out. Every connection that may
// write shares an advisory lock. An exclusive process takes that lock for itself, and gets it only if no such
// connection is left. The database releases the lock when a process dies.

// useLock is the id of that lock.
const useLock = migrationLock + 1

const (
	tryShared    = `SELECT pg_try_advisory_lock_shared($1)`
	tryExclusive = `SELECT pg_try_advisory_lock($1)`
)

var (
	errInUse        = errors.New("is in use by another Paygate process")
	errNotExclusive = errors.New("lost the connection that kept others out")
	errBusy         = errors.New("is being moved to another store")
)

// releaseTimeout is how long the server may take to notice that a process is gone; the same as bbolt's.
const releaseTimeout = 2 * time.Second

// beShared configures a process that is one of many. It keeps a connection even when idle, so that others notice it.
func beShared(config *pgxpool.Config) {
	config.MinConns = max(1, config.MinConns)
	config.AfterConnect = share
}

func share(ctx context.Context, conn *pgx.Conn) error {
	return takeUse(ctx, conn, tryShared, errBusy)
}

// beExclusive configures the only connection of an exclusive process. It cannot be replaced: another process may have
// used the database in between.
func beExclusive(config *pgxpool.Config) {
	const forever = 100_000 * time.Hour
	var taken atomic.Bool
	config.MaxConns, config.MinConns, config.MinIdleConns = 1, 0, 0
	config.MaxConnLifetime, config.MaxConnIdleTime = forever, forever
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		if taken.Load() {
			return errNotExclusive
		}
		err := takeUse(ctx, conn, tryExclusive, errInUse)
		taken.Store(err == nil)
		return err
	}
}

func takeUse(ctx context.Context, conn *pgx.Conn, try string, refused error) error {
	for until := time.Now().Add(releaseTimeout); ; {
		var taken bool
		if err := conn.QueryRow(ctx, try, int64(useLock)).Scan(&taken); err != nil || taken {
			return err
		}
		if time.Now().After(until) {
			return refused
		}
		pause(ctx, 1)
	}
}

// usageError returns the reason why a connection may not be used, without the driver's words around it; nil for any
// other error.
func usageError(err error) error {
	for _, reason := range []error{errInUse, errNotExclusive, errBusy} {
		if errors.Is(err, reason) {
			return reason
		}
	}
	return nil
}
