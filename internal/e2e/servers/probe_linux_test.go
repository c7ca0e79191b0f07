package servers

import (
	"fmt"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// TestProbeFindsTheSpellingsRealServersAccept checks the probe, which compares responses, against the trace. The probe
// also prints the settings that the operator needs.
func TestProbeFindsTheSpellingsRealServersAccept(t *testing.T) {
	t.Parallel()
	for _, a := range arrangements() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			server := a.open(t)
			environ := testserver.NewProbedService(t,
				testserver.Exactly).Environ("PAYGATE_UPSTREAM=http://" + server.address)
			status, output, errors := testserver.RunCommand(t, environ, "probe", "-staging", "-form", "name=Ann")
			ran := server.takeTrace(t)
			const plain = 3 // two reference requests at the start and one at the end
			require.Contains(t, output, fmt.Sprintf(" %d reached the pay code", len(ran)-plain), errors)
			require.Greater(t, len(ran), 20)
			if len(a.settings) == 0 {
				require.Zero(t, status, output)
				require.Contains(t, output, "Paygate lets none through")
				return
			}
			require.Equal(t, 3, status)
			require.Contains(t, output, "\n"+a.settings[1]+"\n")
			status, output, _ = testserver.RunCommand(t, append(environ, a.settings...), "probe", "-staging", "-form",
				"name=Ann")
			require.Zero(t, status, output)
		})
	}
}
