package layout_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// foldedFence is what becomes of a code block when an editor wraps its lines like a paragraph.
var foldedFence = regexp.MustCompile("(?m)^ *```[a-z]* +[^ \n].*$")

func TestCodeBlocksInDocumentsAreNotFolded(t *testing.T) {
	t.Parallel()
	seen := 0
	require.NoError(t, filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() == "node_modules" {
			return fs.SkipDir
		}
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".md") {
			return err
		}
		seen++
		text, err := os.ReadFile(path)
		require.Empty(t, foldedFence.FindAllString(string(text), -1), path)
		return err
	}))
	require.Greater(t, seen, 20)
}
