package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"paygate/internal/testpg"
)

func TestMain(m *testing.M) {
	testscript.Main(withPostgres{m}, map[string]func(){"paygate": main, "hasty": hasty})
}

// withPostgres keeps one PostgreSQL server for all tests that ask for one.
type withPostgres struct{ *testing.M }

func (m withPostgres) Run() int { return testpg.Main(m.M) }

// TestTheCommandLine runs the scripts in testdata/script against the real program.
func TestTheCommandLine(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			example, err := os.ReadFile("config.example.env")
			if err != nil {
				return err
			}
			return os.WriteFile(e.WorkDir+"/config.example.env", example, 0o600)
		},
	})
}

// TestTheStaffCommands runs the scripts in testdata/script-staff against a running gateway with one stuck journey.
func TestTheStaffCommands(t *testing.T) {
	t.Parallel()
	h, _, id := stuck(t, usual, "/fines/pay")
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script-staff",
		Setup: func(e *testscript.Env) error {
			e.Setenv("PAYGATE_STAFF_URL", h.staff.URL)
			e.Setenv("PAYGATE_STAFF_TOKEN", annsToken)
			e.Setenv("STUCK", id)
			return nil
		},
	})
}
