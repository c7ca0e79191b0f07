package testprocess

import (
	"os"
	"os/user"
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
