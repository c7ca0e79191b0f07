package servers

import (
	"fmt"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// By the likeness of answers alone, a probe of a real server counts as many spellings as left a trace there, and prints
// the very settings that its operator needs.
func TestProbeFindsTheSpellingsRealServersAccept(t *testing.T) {
	t.Parallel()
	for _, a := range arrangements() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			server := a.open(t)
			environ := testserver.NewProbedService(t,
				testserver.Exactly).Environ("PAYGATE_UPSTREAM=http://" + server.Address)
			status, said, complained := testserver.Types(t, environ, "probe", "-staging", "-form", "name=Ann")
			ran := server.TakeTrace(t)
			const plain = 3 // twice at the start, to measure by, and once at the end
			require.Contains(t, said, fmt.Sprintf(" %d reached the pay code", len(ran)-plain), complained)
			require.Greater(t, len(ran), 20)
			if len(a.settings) == 0 {
				require.Zero(t, status, said)
				require.Contains(t, said, "Paygate lets none through")
				return
			}
			require.Equal(t, 3, status)
			require.Contains(t, said, "\n"+a.settings[1]+"\n")
			status, said, _ = testserver.Types(t, append(environ, a.settings...), "probe", "-staging", "-form",
				"name=Ann")
			require.Zero(t, status, said)
		})
	}
}
