//go:build !linux

// Package testpg runs a throw-away PostgreSQL server in tests, on Linux. Nothing that ships imports it.
package testpg

import (
	"os"
	"testing"
)

// Server is a running server.
type Server struct{}

// Start skips the test, and fails it where CI is set.
func Start(t testing.TB) *Server {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal("tests start PostgreSQL on Linux only")
	}
	t.Skip("skipped, because tests start PostgreSQL on Linux only")
	return nil
}

// Own does the same.
func Own(t testing.TB) *Server {
	t.Helper()
	return Start(t)
}

// Main runs the tests.
func Main(m *testing.M) int { return m.Run() }

// Database is never reached.
func (s *Server) Database(testing.TB) string { return "" }

// Role is never reached.
func (s *Server) Role(testing.TB, string, string, string) string { return "" }

// Superuser is never reached.
func Superuser(testing.TB, string) string { return "" }

// As is never reached.
func As(testing.TB, string, string, string) string { return "" }

// Do is never reached.
func (s *Server) Do(testing.TB, string) {}

// Restart is never reached.
func (s *Server) Restart(testing.TB) {}

// Stop is never reached.
func (s *Server) Stop(testing.TB) {}

// Launch is never reached.
func (s *Server) Launch(testing.TB) {}

// Standby is never reached.
func (s *Server) Standby(testing.TB) (promote func()) { return func() {} }

// Pause is never reached.
func (s *Server) Pause(testing.TB) {}

// Resume is never reached.
func (s *Server) Resume(testing.TB) {}
