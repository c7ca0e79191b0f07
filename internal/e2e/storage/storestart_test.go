package storage

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"paygate/internal/testpg"
	"paygate/internal/testserver"
)

// execute runs a statement in a database.
func execute(t *testing.T, database, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), statement)
	require.NoError(t, err)
}

// overTCP returns the URL of a tunnel to the same database. The tunnel uses TLS if it is given a certificate.
func overTCP(t *testing.T, database, parameters string, certificate *tls.Config) string {
	t.Helper()
	at, err := url.Parse(database)
	require.NoError(t, err)
	socket := filepath.Join(at.Query().Get("host"), ".s.PGSQL.5432")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go tunnel(conn, socket, certificate)
		}
	}()
	return "postgres://" + at.User.String() + "@" + listener.Addr().String() + at.Path + "?" + parameters
}

func tunnel(conn net.Conn, socket string, certificate *tls.Config) {
	defer conn.Close()
	if certificate != nil {
		if _, err := io.ReadFull(conn, make([]byte, 8)); err != nil { // SSLRequest
			return
		}
		_, _ = conn.Write([]byte("S"))
		conn = tls.Server(conn, certificate)
	}
	server, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer server.Close()
	go func() { _, _ = io.Copy(server, conn) }()
	_, _ = io.Copy(conn, server)
}

func TestUnusableStoreStopsStart(t *testing.T) {
	t.Parallel()
	const password = "s3cr3tword"
	server := testpg.Start(t)
	database := server.Database(t)
	w := newClusterOn(t, database, testserver.Plain)
	w.start().Citizen().Apply("Ann")
	newer := server.Database(t)
	newClusterOn(t, newer, testserver.Plain).start()
	execute(t, newer, `INSERT INTO paygate_schema (version_id, is_applied) VALUES (999, true)`)
	locked := server.Role(t, database, "locked_out", password)
	empty := server.Database(t)
	limited := server.Role(t, empty, "read_only", password)
	stranger := httptest.NewUnstartedServer(http.NotFoundHandler())
	stranger.StartTLS()
	t.Cleanup(stranger.Close)

	const settings, start = 2, 1
	for name, c := range map[string]struct {
		store  string
		status int
		words  string
		over   string
	}{
		"a bad port": {
			"postgres://u:" + password + "@db:port/paygate", settings, "invalid port",
			"",
		},
		"a slash in the password": {"postgres://u:12/" + password + "@db/paygate", settings, "two digits", ""},
		"a bad sslmode": {
			"postgres://u:" + password + "@db/paygate?sslmode=requird", settings,
			"sslmode", "",
		},
		"an unknown parameter": {database + "&sslmod=require", settings, "sslmod", ""},
		"another database": {
			"mysql://u:" + password + "@db/paygate", settings,
			"must be bbolt:PATH or postgres://", "",
		},

		"a wrong password": {
			testpg.As(t, locked, "locked_out", "wr0ngword"), start,
			`refuses the password of the role "locked_out"`, "",
		},
		"no such role": {testpg.As(t, database, "nobody", password), start, `"nobody"`, ""},
		"no such database": {
			strings.Replace(database, "/test_", "/none_", 1), start,
			"the server has no database", "",
		},
		"no right to create tables": {limited, start, "GRANT CREATE", ""},
		"read-only":                 {database + "&default_transaction_read_only=on", start, "accepts no writes", ""},
		"may lose writes":           {database + "&synchronous_commit=off", start, "synchronous_commit", ""},
		"tables of a newer version": {newer, start, "was written by a newer version of Paygate (layout 999", ""},
		"a server without TLS":      {overTCP(t, database, "sslmode=require", nil), start, "refused TLS", ""},
		"a stranger's TLS": {
			overTCP(t, database, "sslmode=verify-full", stranger.TLS), start,
			"unknown authority", "",
		},
		"a missing secret": {
			database, start,
			"1 open journeys sealed under a secret that PAYGATE_SECRETS no longer lists",
			"PAYGATE_SECRETS=" + testserver.Secret32(7),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, command := range map[int][]string{settings: {"serve"}, start: {"serve", "mopup"}}[c.status] {
				p := testserver.StartProgram(t, append(w.environ(), "PAYGATE_STORE="+c.store, c.over), command)
				require.Equal(t, c.status, p.Wait(), p.Logged())
				require.Contains(t, strings.ReplaceAll(p.Logged(), `\`, ""), c.words)
				require.Equal(t, c.status == settings, strings.Contains(p.Logged(), "PAYGATE_STORE: "), p.Logged())
				require.NotContains(t, p.Logged(), password)
				require.NotContains(t, p.Logged(), "wr0ngword")
			}
		})
	}
}

func TestStandbyDatabaseStopsStart(t *testing.T) {
	t.Parallel()
	server := testpg.Own(t)
	w := newClusterOn(t, server.Database(t), testserver.Plain)
	server.Standby(t)
	p := testserver.StartProgram(t, w.environ(), "serve")
	require.Equal(t, 1, p.Wait())
	require.Contains(t, p.Logged(), "is a standby, which accepts no writes")
}

func TestDoctorChecksPostgreSQL(t *testing.T) {
	t.Parallel()
	w := newCluster(t, testserver.Plain)
	for store, words := range map[string]string{
		w.database: "PostgreSQL is there and can be used",
		strings.Replace(w.database, "/test_", "/none_", 1): "the server has no database",
	} {
		p := testserver.StartProgram(t, w.environ("PAYGATE_STORE="+store), "doctor")
		p.Wait()
		require.Contains(t, p.Stdout.String(), words, p.Logged())
	}
}

func TestStoreURLFromFileWithTLS(t *testing.T) {
	t.Parallel()
	trusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	trusted.StartTLS()
	t.Cleanup(trusted.Close)
	folder := t.TempDir()
	root := filepath.Join(folder, "root.pem")
	require.NoError(t, os.WriteFile(root,
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: trusted.Certificate().Raw}), 0o600))
	w := newCluster(t, testserver.Confirm)
	store := overTCP(t, w.database, "sslmode=verify-full&sslrootcert="+url.QueryEscape(root), trusted.TLS)
	file := filepath.Join(folder, "store")
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(store, "postgres://", "postgresql://", 1)+"\n"),
		0o600))

	check := testserver.StartProgram(t, w.environ("PAYGATE_STORE=", "PAYGATE_STORE_FILE="+file), "check")
	require.Zero(t, check.Wait(), check.Logged())
	require.Regexp(t, `(?m)^store +postgres$`, check.Stdout.String())
	a := w.start("PAYGATE_STORE=", "PAYGATE_STORE_FILE="+file)
	c := a.Citizen()
	c.Apply("Ann")
	a.EndPayment("success")
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
}
