package command_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/command"
	"paygate/internal/testserver"
)

// replace copies a file to another, and makes it as old as it is told.
func replace(t *testing.T, from, to string, at time.Time) {
	t.Helper()
	content, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, content, 0o600))
	require.NoError(t, os.Chtimes(to, at, at))
}

func TestARenewedCertificateIsUsedWhateverItsFilesAge(t *testing.T) {
	t.Parallel()
	dir, at := t.TempDir(), time.Now()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	put := func(name string, at time.Time) {
		newCert, newKey := testserver.WriteCertificate(t, name)
		replace(t, newCert, cert, at)
		replace(t, newKey, key, at)
	}
	put("first.example", at)
	get, err := command.Certificate(cert, key)
	require.NoError(t, err)
	serves := func(name string) {
		used, err := get(nil)
		require.NoError(t, err)
		require.Equal(t, name, used.Leaf.Subject.CommonName)
	}
	serves("first.example")
	put("second.example", at)
	serves("second.example")
	put("older.example", at.Add(-time.Hour))
	serves("older.example")

	require.NoError(t, os.Remove(key))
	serves("older.example")
	otherCert, otherKey := testserver.WriteCertificate(t, "other.example")
	replace(t, otherKey, key, at)
	serves("older.example")
	replace(t, otherCert, cert, at)
	serves("other.example")
}
