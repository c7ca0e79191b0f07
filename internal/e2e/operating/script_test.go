package operating

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"paygate/internal/testserver"
)

// TestCommandLineScripts runs the scripts in testdata/script against the real program.
func TestCommandLineScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			example, err := os.ReadFile("../../../config.example.env")
			if err != nil {
				return err
			}
			return os.WriteFile(e.WorkDir+"/config.example.env", example, 0o600)
		},
	})
}

// TestStaffCommandScripts runs the scripts in testdata/script-staff against a running gateway with one stuck journey.
func TestStaffCommandScripts(t *testing.T) {
	t.Parallel()
	h, _, id := testserver.NewStuck(t, testserver.UnlimitedPay, "/fines/pay")
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script-staff",
		Setup: func(e *testscript.Env) error {
			e.Setenv("PAYGATE_STAFF_URL", h.Staff.URL)
			e.Setenv("PAYGATE_STAFF_TOKEN", testserver.AnnsToken)
			e.Setenv("STUCK", id)
			return nil
		},
	})
}
