package command

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/config"
	"paygate/journey/boltstore"
	"paygate/journey/seal"
	"paygate/journey/storetest"
)

func TestCheckReadsTheStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "paygate.db")
	environ := append(usualSettings("http://service.example"), "PAYGATE_STORE=bbolt:"+path)

	status, _, stderr := runCommand(t, environ, "check", "-store")
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "no such file")
	require.NoFileExists(t, path)

	settings, err := config.Load(environ)
	require.NoError(t, err)
	sealer, err := seal.New(settings.Secrets)
	require.NoError(t, err)
	store, err := boltstore.Open(path, boltstore.Options{Sealer: sealer, NoSync: true})
	require.NoError(t, err)
	for n := range 3 {
		require.NoError(t, store.Create(t.Context(), storetest.Example(n), storetest.Request(n)))
	}
	status, _, stderr = runCommand(t, environ, "check", "-store")
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "in use by another Paygate process")
	require.NoError(t, store.Close())

	status, stdout, stderr := runCommand(t, environ, "check", "-store")
	require.Zero(t, status, stderr)
	require.Equal(t, "3 journeys (3 of them open), 3 held requests, 0 replies\nThe store is fine.\n", stdout)

	content, err := os.ReadFile(path)
	require.NoError(t, err)
	for start := 2 * os.Getpagesize(); start < len(content); start += os.Getpagesize() {
		content[start+8] ^= 0x40 // the page's type
	}
	require.NoError(t, os.WriteFile(path, content, 0o600))
	status, stdout, stderr = runCommand(t, environ, "check", "-store")
	require.Equal(t, 1, status)
	require.Contains(t, stdout, "damaged in its structure")
	require.Contains(t, stderr, "Restore a backup")

	status, _, stderr = runCommand(t, append(environ, "PAYGATE_STORE=postgres://u:p@db/paygate"), "check", "-store")
	require.Equal(t, 2, status)
	require.Contains(t, stderr, "-store is for bbolt files")
}
