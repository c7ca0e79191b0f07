// Package testserver assembles Paygate for tests between a service and a simulated GOV.UK Pay: in this process
// ([Harness]), or as the real program ([Program]). Nothing that ships imports it.
package testserver

import (
	"context"
	"io"
	"log"
	"maps"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"paygate/gateway/command"
	"paygate/internal/testpg"
)

// Main runs the tests of a package that start "paygate", or one of more programs, as processes of their own, or that
// need a PostgreSQL server. TestMain calls it.
func Main(m *testing.M, more map[string]func()) {
	programs := map[string]func(){"paygate": paygate}
	maps.Copy(programs, more)
	testscript.Main(withPostgres{m}, programs)
}

// paygate is the program, as main runs it.
func paygate() {
	log.SetOutput(io.Discard)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := command.Run(ctx, command.Env{
		Environ: os.Environ(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Version: "development",
	}, os.Args[1:])
	stop()
	os.Exit(status)
}

// withPostgres runs one PostgreSQL server for all tests of a package that ask for one.
type withPostgres struct{ *testing.M }

func (m withPostgres) Run() int { return testpg.Main(m.M) }

// SkipInShort skips a test that takes many seconds in a short run.
func SkipInShort(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("not in a short run")
	}
}
