package pgstore_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"paygate/internal/testpg"
	"paygate/journey/pgstore"
	"paygate/journey/storetest"
)

func TestReplicasMigrateOnce(t *testing.T) {
	t.Parallel()
	address := newURL(t)
	var log storetest.Log
	o := options(t, 1)
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			s, err := pgstore.Open(context.Background(), address, o)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if err := s.Create(context.Background(), storetest.Example(n), storetest.Request(n)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	const layouts = 8
	require.Equal(t, layouts, strings.Count(log.String(), "was migrated to a new layout"))
	require.Equal(t, layouts, ask[int](t, address, `SELECT count(*) FROM paygate_schema WHERE version_id > 0`))
	require.Equal(t, 8, ask[int](t, address, `SELECT count(*) FROM paygate_journeys`))
}

func TestOwnerOfTheTablesIsNotASuperuser(t *testing.T) {
	t.Parallel()
	address := filled(t)
	require.False(t, ask[bool](t, address,
		`SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = current_user`))
	require.True(t, ask[bool](t, address,
		`SELECT tableowner = current_user FROM pg_tables WHERE tablename = 'paygate_journeys'`))
}

// If another role creates the tables, Paygate's own role does not need the right to do so.
func TestRoleNeedsOnlyToUseTheTables(t *testing.T) {
	t.Parallel()
	server := testpg.Start(t)
	address := server.Database(t)
	require.NoError(t, open(t, address, options(t, 1)).Close())
	ann := server.Role(t, address, "only_uses", "pa:ss/w@rd ?#%")
	raw(t, testpg.Superuser(t, address),
		`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO only_uses`)
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), testpg.Superuser(t, address))
		require.NoError(t, err)
		defer conn.Close(context.Background())
		_, err = conn.Exec(context.Background(), `DROP OWNED BY only_uses`)
		require.NoError(t, err)
	})
	s := open(t, ann, options(t, 1))
	require.NoError(t, s.Create(t.Context(), storetest.Example(1), storetest.Request(1)))
	require.NoError(t, s.Close())
}

func TestSettingsInTheURLApply(t *testing.T) {
	t.Parallel()
	address := newURL(t)
	s := open(t, address+"&pool_max_conns=1&application_name=gate&statement_timeout=54321", options(t, 1))
	var all sync.WaitGroup
	for n := range 20 { // one after the other, because there is only one connection
		all.Go(func() {
			if err := s.Create(context.Background(), storetest.Example(n), storetest.Request(n)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Eventually(t, func() bool { // the connection that migrated may take a moment to end
		return ask[int](t, testpg.Superuser(t, address), `SELECT count(*) FROM pg_stat_activity
			WHERE application_name = 'gate' AND datname = current_database()`) == 1
	}, time.Minute, 10*time.Millisecond)
}

func TestOpenExplainsFailures(t *testing.T) {
	t.Parallel()
	server := testpg.Start(t)
	address := server.Database(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	unused := closed.Addr().String()
	require.NoError(t, closed.Close())
	const password = "s3cr3tword"
	const login = "postgres://u:" + password + "@"
	locked := server.Role(t, address, "locked", password)
	wrong := testpg.As(t, locked, "locked", "wr0ngword")
	limited := server.Role(t, address, "limited", password)
	for name, c := range map[string]struct {
		url    string
		wanted []string
		badURL bool
	}{
		"wrong password": {wrong, []string{"refuses the password", `"locked"`}, false},
		"no password":    {testpg.As(t, locked, "locked", ""), []string{"refuses", "locked"}, false},
		"no such role":   {testpg.As(t, address, "unknown", password), []string{`"unknown"`}, false},
		"no such database": {
			strings.Replace(address, "/test_", "/none_", 1),
			[]string{"no database", "none_"},
			false,
		},
		"may not create tables": {limited, []string{"create tables", "GRANT CREATE"}, false},
		"no schema":             {address + "&search_path=nowhere", []string{"no schema"}, false},
		"no server":             {login + unused + "/db", []string{"cannot be reached", "refused"}, false},
		"no such host":          {login + "no-such-host.invalid/db", []string{"cannot be reached"}, false},
		"read-only":             {address + "&default_transaction_read_only=on", []string{"accepts no writes"}, false},
		"may lose writes":       {address + "&synchronous_commit=off", []string{"synchronous_commit"}, false},

		"another scheme":         {"postgre://u:" + password + "@db/paygate", nil, true},
		"words instead of a URL": {"host=db user=u password=" + password, nil, true},
		"nothing":                {"", nil, true},
		"a bad port":             {login + "db:port/paygate", []string{"port"}, true},
		"a slash in a password":  {"postgres://u:12/" + password + "@db/paygate", []string{"two digits"}, true},
		"a stray percent":        {"postgres://u:" + password + "%zz@db/paygate", []string{"two digits"}, true},
		"a bad sslmode":          {login + "db/paygate?sslmode=requird", []string{"sslmode"}, true},
		"a bad pool size":        {login + "db/paygate?pool_max_conns=many", []string{"pool_max_conns"}, true},
		"a misspelt setting":     {address + "&sslmod=require", []string{"sslmod"}, true},
		"a bad value":            {address + "&statement_timeout=soon", []string{"statement_timeout"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := pgstore.Open(t.Context(), c.url, options(t, 1))
			require.Nil(t, s)
			require.Error(t, err)
			for _, word := range c.wanted {
				require.ErrorContains(t, err, word)
			}
			require.Equal(t, c.badURL, errors.Is(err, pgstore.ErrURL), err)
			for _, secret := range []string{password, "wr0ngword", "\n"} {
				require.NotContains(t, err.Error(), secret)
			}
		})
	}
}

func TestOpenTimesOut(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts connections and sends nothing
	require.NoError(t, err)
	defer silent.Close()
	o := options(t, 1)
	o.Timeout = 50 * time.Millisecond
	_, err = pgstore.Open(t.Context(), "postgres://u:p@"+silent.Addr().String()+"/db", o)
	require.ErrorContains(t, err, "no answer in time")
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestOpenRefusesNewerTables(t *testing.T) {
	t.Parallel()
	address := filled(t)
	raw(t, address, `INSERT INTO paygate_schema (version_id, is_applied) VALUES (999, true)`)
	_, err := pgstore.Open(t.Context(), address, options(t, 1))
	require.ErrorContains(t, err, "newer version of Paygate (layout 999, this version knows")
	require.NotErrorIs(t, err, pgstore.ErrURL)
}

func TestForeignTablesAreNotChanged(t *testing.T) {
	t.Parallel()
	address := newURL(t)
	raw(t, address, `CREATE TABLE paygate_payments (mine text)`)
	_, err := pgstore.Open(t.Context(), address, options(t, 1))
	require.ErrorContains(t, err, "cannot be migrated to this version's layout")
	require.Equal(t, 1, ask[int](t, address,
		`SELECT count(*) FROM pg_tables WHERE tablename IN ('paygate_payments', 'paygate_journeys')`),
		"nothing half done")
}

// Each store has a schema of its own.
func TestTwoStoresShareADatabaseBySchema(t *testing.T) {
	t.Parallel()
	address := newURL(t)
	raw(t, address, `CREATE SCHEMA one; CREATE SCHEMA two`)
	first := open(t, address+"&search_path="+url.QueryEscape("one"), options(t, 1))
	second := open(t, address+"&search_path="+url.QueryEscape("two"), options(t, 2))
	require.NoError(t, first.Create(t.Context(), storetest.Example(1), storetest.Request(1)))
	_, err := second.Get(t.Context(), storetest.Example(1).ID)
	require.Error(t, err)
}

func TestMigrationIsLogged(t *testing.T) {
	t.Parallel()
	address := newURL(t)
	var log strings.Builder
	o := options(t, 1)
	o.Log = slog.New(slog.NewTextHandler(io.Writer(&log), nil))
	require.NoError(t, open(t, address, o).Close())
	require.Contains(t, log.String(), "layout=1")
	log.Reset()
	require.NoError(t, open(t, address, o).Close())
	require.Empty(t, log.String())
}
