package boltstore_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/journey/boltstore"
)

func TestInspectChangesNothing(t *testing.T) {
	t.Parallel()
	path := filled(t)
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	found, err := boltstore.Inspect(path)
	require.NoError(t, err)
	require.Equal(t, boltstore.Free, found)

	s, err := boltstore.Open(path, options(t, 1))
	require.NoError(t, err, "the file is not locked")
	found, err = boltstore.Inspect(path)
	require.NoError(t, err)
	require.Equal(t, boltstore.InUse, found)
	require.NoError(t, s.Ready(t.Context()), "the process that uses the file is not disturbed")
	require.NoError(t, s.Close())

	require.NoError(t, os.WriteFile(path, before, 0o600))
	_, err = boltstore.Inspect(path)
	require.NoError(t, err)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestInspectOfMissingFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	found, err := boltstore.Inspect(filepath.Join(folder, "paygate.db"))
	require.NoError(t, err)
	require.Equal(t, boltstore.Missing, found)
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Empty(t, left)
	_, err = boltstore.Inspect(filepath.Join(folder, "no", "such.db"))
	require.ErrorContains(t, err, "folder does not exist")
}

func TestInspectFindsUnusableFiles(t *testing.T) {
	t.Parallel()
	path := filled(t)
	require.NoError(t, os.Truncate(path, 8192))
	_, err := boltstore.Inspect(path)
	require.ErrorContains(t, err, "cut off")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	_, err = boltstore.Inspect(path)
	require.ErrorContains(t, err, "empty file")
	_, err = boltstore.Inspect(t.TempDir())
	require.ErrorContains(t, err, "is a folder")
}
