package testprocess

import (
	"os"
	"os/user"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// ServerUser returns the user that a web server runs as: the current one, or Debian's www-data when that is root.
func ServerUser(t testing.TB) (name, group string) {
	t.Helper()
	if os.Getuid() == 0 {
		return "www-data", "www-data"
	}
	return CurrentUser(t)
}

// CurrentUser returns the names of the current user and its group.
func CurrentUser(t testing.TB) (name, group string) {
	t.Helper()
	me, err := user.Current()
	require.NoError(t, err)
	mine, err := user.LookupGroupId(me.Gid)
	require.NoError(t, err)
	return me.Username, mine.Name
}

// RequireFiles skips the test when no file matches one of the patterns, or fails it in CI.
func RequireFiles(t testing.TB, patterns ...string) {
	t.Helper()
	for _, pattern := range patterns {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			continue
		}
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not installed", pattern)
		}
		t.Skipf("%s is not installed", pattern)
	}
}
