package paysim

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/internal/testenv"
)

// clients is the folder with the public clients.
const clients = "testdata/clients"

// TestPublicClients runs clients of Pay that others wrote: what they send has to be taken, and what they read has to be
// there.
func TestPublicClients(t *testing.T) {
	t.Parallel()
	needClients(t)
	description := testenv.Above("shared/pay/publicapi_spec.json")
	for _, script := range []string{"connectors.mjs", "forms.mjs", "described.mjs"} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			if script == "described.mjs" && description == "" {
				testenv.Missing(t, "Pay's description of its API is not next to this repository")
			}
			pay := newServer(t, paysim.Options{})
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			client := exec.CommandContext(ctx, "node", "--import", "./address.mjs", script)
			client.Dir, client.Env = clients, append(os.Environ(), "PAY="+pay.url, "DESCRIPTION="+description)
			said, err := client.CombinedOutput()
			require.NoError(t, err, "%s", said)
		})
	}
}

func needClients(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("a short run starts no public clients")
	}
	if _, err := exec.LookPath("node"); err != nil {
		testenv.Missing(t, "Node.js is not installed")
	}
	if _, err := os.Stat(filepath.Join(clients, "node_modules")); err != nil {
		testenv.Missing(t, "the public clients are not installed (npm ci --ignore-scripts in "+clients+")")
	}
}
