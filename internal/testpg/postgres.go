//go:build linux

// Package testpg runs a throw-away PostgreSQL server in tests. Nothing that ships imports it.
//
// [Start] returns the one server of a test binary, and [Server.Database] an empty database in it whose owner is not a
// superuser.
// A test that stops or pauses the server must not run beside others: it leaves out t.Parallel, or takes a server of its
// [Own].
package testpg

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// timeout bounds each step of the server.
const timeout = time.Minute

// Roles that every server has.
const (
	owner     = "paygate"        // owns the databases; not a superuser
	passwords = "needs_password" // members must give their password; all other roles are trusted
)

// Start returns the shared server, and starts it unless it runs. Without PostgreSQL, and in a short run, the test is
// skipped; if CI is set, it fails without PostgreSQL.
func Start(t testing.TB) *Server {
	t.Helper()
	notInShort(t)
	s, err := server.use()
	orSkip(t, err)
	t.Cleanup(server.release)
	return s
}

// Own starts a server for this test alone.
func Own(t testing.TB) *Server {
	t.Helper()
	notInShort(t)
	s, err := start()
	orSkip(t, err)
	t.Cleanup(s.stop)
	return s
}

func notInShort(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("a short run starts no PostgreSQL")
	}
}

func orSkip(t testing.TB, err error) {
	t.Helper()
	if err != nil && os.Getenv("CI") == "" && isMissing(err) {
		t.Skipf("skipped, because %v", err)
	}
	if err != nil {
		t.Fatalf("PostgreSQL did not start: %v", err)
	}
}

// Main runs the tests of TestMain and returns the exit status. It keeps the server running between tests.
func Main(m *testing.M) int {
	server.keep()
	defer server.release()
	return m.Run()
}

// numbers makes names of databases.
var numbers atomic.Int64

// Database creates an empty database for the length of the test, and returns the URL of its owner.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", numbers.Add(1))
	s.Do(t, "CREATE DATABASE "+name+" OWNER "+owner)
	t.Cleanup(func() { s.Do(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	return s.url(owner, name)
}

// Role creates a role that must give a password, and returns its URL for that database.
func (s *Server) Role(t testing.TB, database, name, password string) string {
	t.Helper()
	s.Do(t, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s' IN ROLE %s", name, password, passwords))
	t.Cleanup(func() { s.Do(t, "DROP ROLE "+name) })
	return As(t, database, name, password)
}

// Superuser returns the URL of the same database for the superuser.
func Superuser(t testing.TB, database string) string { return As(t, database, "postgres", "") }

// As returns the URL of the same database for another role.
func As(t testing.TB, database, name, password string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal("the URL of the database is malformed")
	}
	u.User = url.UserPassword(name, password)
	return u.String()
}

// Do runs a statement as superuser, in no particular database.
func (s *Server) Do(t testing.TB, statement string) {
	t.Helper()
	if err := s.do(statement); err != nil {
		t.Fatalf("%v\nThe end of its log:\n%s", err, s.log.last())
	}
}

func (s *Server) do(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.url("postgres", "postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}

func (s *Server) url(role, database string) string {
	return "postgres://" + role + "@/" + database + "?host=" + url.QueryEscape(s.dir)
}

// Restart ends the server without waiting for its clients, and starts it again.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Stop(t)
	s.Launch(t)
}

// Stop ends the server without waiting for its clients.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.end(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
}

// Launch starts a server that was stopped.
func (s *Server) Launch(t testing.TB) {
	t.Helper()
	if err := s.launch(); err != nil {
		t.Fatalf("PostgreSQL did not start again: %v\nThe end of its log:\n%s", err, s.log.last())
	}
}

// Standby makes the server a standby, which accepts no writes, until the test ends or calls promote.
func (s *Server) Standby(t testing.TB) (promote func()) {
	t.Helper()
	signal := filepath.Join(s.dir, "data", "standby.signal")
	if err := os.WriteFile(signal, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	promote = func() {
		if os.Remove(signal) == nil {
			s.Restart(t)
		}
	}
	t.Cleanup(promote)
	s.Restart(t)
	return promote
}
