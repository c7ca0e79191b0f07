package pgstore

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A database is either in use, by any number of processes, or one process has it alone. Every connection that may write
// shares a lock in the database, and goes with it; who wants to be alone takes that lock for itself, and gets it only when
// there is no such connection left. The database itself gives a lock back when a process dies.

// useID is that lock's.
const useID = lockID + 1

const (
	tryShared = `SELECT pg_try_advisory_lock_shared($1)`
	tryAlone  = `SELECT pg_try_advisory_lock($1)`
)

var (
	errInUse    = errors.New("is in use by another Paygate process")
	errNotAlone = errors.New("lost the connection that kept others out")
	errBusy     = errors.New("is being moved to another store")
)

// releaseWait is how long the server may take to see that a process is gone, as long as bbolt's.
const releaseWait = 2 * time.Second

// together is for a process that is one of many. It keeps a connection even when it has nothing to do, so that it is seen.
func together(config *pgxpool.Config) {
	config.MinConns = max(1, config.MinConns)
	config.AfterConnect = share
}

func share(ctx context.Context, conn *pgx.Conn) error {
	return takeUse(ctx, conn, tryShared, errBusy)
}

// alone is for the only connection of a process that wants no others. A second one would not be the first's heir: between
// them anybody may have been there.
func alone(config *pgxpool.Config) {
	var had atomic.Bool
	config.MaxConns, config.MinConns, config.MinIdleConns = 1, 0, 0
	config.MaxConnLifetime, config.MaxConnIdleTime = forever, forever
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		if had.Load() {
			return errNotAlone
		}
		err := takeUse(ctx, conn, tryAlone, errInUse)
		had.Store(err == nil)
		return err
	}
}

const forever = 100_000 * time.Hour

func takeUse(ctx context.Context, conn *pgx.Conn, try string, refused error) error {
	for until := time.Now().Add(releaseWait); ; {
		var taken bool
		if err := conn.QueryRow(ctx, try, int64(useID)).Scan(&taken); err != nil || taken {
			return err
		}
		if time.Now().After(until) {
			return refused
		}
		pause(ctx, 1)
	}
}

// unusable is the error of a connection that may not be used, without the driver's words around it; nil for any other.
func unusable(err error) error {
	for _, why := range []error{errInUse, errNotAlone, errBusy} {
		if errors.Is(err, why) {
			return why
		}
	}
	return nil
}
