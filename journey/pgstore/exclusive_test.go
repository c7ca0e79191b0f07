package pgstore_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"paygate/internal/testpg"
	"paygate/journey/pgstore"
	"paygate/journey/storetest"
)

func exclusive(t testing.TB) pgstore.Options {
	t.Helper()
	o := options(t, 1)
	o.Exclusive = true
	return o
}

func TestExclusiveOpenFailsWhileInUse(t *testing.T) {
	t.Parallel()
	url := newURL(t)
	used, too := open(t, url, options(t, 1)), open(t, url, options(t, 1))
	_, err := pgstore.Open(t.Context(), url, exclusive(t))
	require.ErrorContains(t, err, "is in use by another Paygate process")
	require.NotContains(t, err.Error(), "cannot be reached")
	require.NoError(t, used.Create(t.Context(), storetest.Example(1), storetest.Request(1)), "that process goes on")

	require.NoError(t, used.Close())
	_, err = pgstore.Open(t.Context(), url, exclusive(t))
	require.ErrorContains(t, err, "is in use", "one is left")
	require.NoError(t, too.Close())
	require.NoError(t, open(t, url, exclusive(t)).Ready(t.Context()))
}

func TestOpenFailsWhileExclusive(t *testing.T) {
	t.Parallel()
	url := newURL(t)
	s := open(t, url, exclusive(t))
	_, err := pgstore.Open(t.Context(), url, options(t, 1))
	require.ErrorContains(t, err, "is being moved to another store")
	_, err = pgstore.Open(t.Context(), url, exclusive(t))
	require.ErrorContains(t, err, "is being moved to another store")
	require.NoError(t, s.Close())
	require.NoError(t, open(t, url, options(t, 1)).Ready(t.Context()))
}

func TestLaterConnectionFailsWhileExclusive(t *testing.T) {
	t.Parallel()
	url := newURL(t)
	used := open(t, url, options(t, 1))
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	for locked := false; !locked; { // the pool may connect again before the lock is taken
		raw(t, testpg.Superuser(t, url), endOthers+fmt.Sprintf(" AND pid <> %d", conn.PgConn().PID()))
		// As a move does.
		err = conn.QueryRow(t.Context(), `SELECT pg_try_advisory_lock($1)`, int64(pgstore.UseLock)).Scan(&locked)
		require.NoError(t, err)
	}
	require.ErrorContains(t, used.Ready(t.Context()), "is being moved to another store")
}

// endOthers ends every other connection to the database.
const endOthers = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	WHERE datname = current_database() AND pid <> pg_backend_pid()`

func TestExclusiveUseEndsWithItsConnection(t *testing.T) {
	t.Parallel()
	url := newURL(t)
	s := open(t, url, exclusive(t))
	require.NoError(t, s.Create(t.Context(), storetest.Example(1), storetest.Request(1)))
	raw(t, testpg.Superuser(t, url), endOthers)
	for range 2 { // it does not get it back
		require.ErrorContains(t, s.Ready(t.Context()), "lost the connection that kept others out")
	}
	require.NoError(t, open(t, url, options(t, 1)).Ready(t.Context()), "others can use it")
}

func TestIdleProcessIsNoticed(t *testing.T) {
	t.Parallel()
	url := newURL(t)
	open(t, url+"&pool_max_conn_idle_time=1ms&pool_health_check_period=1ms", options(t, 1))
	for range 50 { // long enough for the pool to find its connections idle
		require.NotZero(t, ask[int](t, url, `SELECT count(*) FROM pg_locks
			WHERE locktype = 'advisory' AND mode = 'ShareLock'
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`))
	}
}
