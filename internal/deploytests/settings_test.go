package deploytests

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/netip"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/command"
)

const examples = "../../examples"

// drain is how long Paygate finishes deliveries after SIGTERM.
const drain = 30 * time.Second

// secretValue returns a valid value of a setting that is secret.
func secretValue(setting string) string {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	random := base64.RawURLEncoding.EncodeToString(key)
	switch {
	case strings.HasSuffix(setting, "_API_KEY") && !strings.Contains(setting, "NOTIFY"):
		return "api_live_" + strings.ToLower(setting)
	case setting == "PAYGATE_NOTIFY_API_KEY":
		return "paygate-5a0d9c5e-6b8f-4a58-9d6f-0d0c3a1f2b11-5a0d9c5e-6b8f-4a58-9d6f-0d0c3a1f2b12"
	case setting == "PAYGATE_STAFF_TOKENS":
		return "admin:" + random
	case setting == "PAYGATE_STORE":
		return "postgres://paygate:x@db.internal/paygate?sslmode=require"
	}
	return random
}

// requireSettings requires that `paygate check` accepts an environment.
func requireSettings(t *testing.T, environment map[string]string) {
	t.Helper()
	var environ []string
	for name, value := range environment {
		environ = append(environ, name+"="+value)
	}
	var out bytes.Buffer
	inside := func(context.Context, string, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("10.0.0.5")}, nil
	}
	status := command.Run(t.Context(),
		command.Env{Environ: environ, Stdout: &out, Stderr: &out, LookUp: inside}, []string{"check"})
	require.Zero(t, status, out.String())
	require.NotEmpty(t, environment["PAYGATE_TRUSTED_PROXIES"])
}

// withFiles writes the secrets that the settings read from files into a folder, and names these files instead.
func withFiles(t *testing.T, environment map[string]string) map[string]string {
	t.Helper()
	folder, all := t.TempDir(), map[string]string{}
	for name, value := range environment {
		if setting, isFile := strings.CutSuffix(name, "_FILE"); isFile {
			value = filepath.Join(folder, path.Base(value))
			require.NoFileExists(t, value, "two settings have one secret")
			require.NoError(t, writeFile(value, secretValue(setting)+"\n"))
		}
		all[name] = value
	}
	return all
}

// imageVolume returns the only folder of the image that can be written.
func imageVolume(t *testing.T) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^VOLUME (\S+)$`).FindStringSubmatch(read(t, "../Dockerfile"))
	require.NotNil(t, found)
	return found[1]
}

// read returns the text of a file, whose path is from examples.
func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(examples, name))
	require.NoError(t, err)
	return string(text)
}

func writeFile(name, text string) error { return os.WriteFile(name, []byte(text), 0o600) }
