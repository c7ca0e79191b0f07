package boltstore_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/journey/boltstore"
)

func TestALookChangesNothing(t *testing.T) {
	t.Parallel()
	path := filled(t)
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	found, err := boltstore.Look(path)
	require.NoError(t, err)
	require.Equal(t, boltstore.FoundFree, found)

	s, err := boltstore.Open(path, options(t, 1))
	require.NoError(t, err, "the look let go of the file")
	found, err = boltstore.Look(path)
	require.NoError(t, err)
	require.Equal(t, boltstore.FoundInUse, found)
	require.NoError(t, s.Ready(t.Context()), "whoever uses the file goes on")
	require.NoError(t, s.Close())

	require.NoError(t, os.WriteFile(path, before, 0o600))
	_, err = boltstore.Look(path)
	require.NoError(t, err)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestALookAtNoFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	found, err := boltstore.Look(filepath.Join(folder, "paygate.db"))
	require.NoError(t, err)
	require.Equal(t, boltstore.FoundNone, found)
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Empty(t, left)
	_, err = boltstore.Look(filepath.Join(folder, "no", "such.db"))
	require.ErrorContains(t, err, "folder does not exist")
}

func TestALookFindsWhatCannotBeUsed(t *testing.T) {
	t.Parallel()
	path := filled(t)
	require.NoError(t, os.Truncate(path, 8192))
	_, err := boltstore.Look(path)
	require.ErrorContains(t, err, "cut off")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	_, err = boltstore.Look(path)
	require.ErrorContains(t, err, "empty file")
	_, err = boltstore.Look(t.TempDir())
	require.ErrorContains(t, err, "is a folder")
}
