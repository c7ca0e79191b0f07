package layout_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// unbreakable matches what Go or Markdown cannot break: a struct tag, a row of a table, an address, a command.
var (
	tag         = regexp.MustCompile("`env:\"")
	unbreakable = regexp.MustCompile(`^\s*(> )?\||\]\(|https?://|^\s*(\[|<)`)
)

func TestLinesAreNotTooLong(t *testing.T) {
	t.Parallel()
	eachLine(t, ".go", func(place, line string) {
		if !tag.MatchString(line) {
			require.LessOrEqual(t, columns(line), 120, place)
		}
	})
	isCode := false
	eachLine(t, ".md", func(place, line string) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			isCode = !isCode
		}
		if !isCode && !unbreakable.MatchString(line) {
			require.LessOrEqual(t, columns(line), 100, place)
		}
	})
}

// columns counts a tab as four.
func columns(line string) int {
	return utf8.RuneCountInString(strings.ReplaceAll(line, "\t", "    "))
}

// retired are words of earlier days.
var retired = regexp.MustCompile(`(?i)\b(whoever|whomever|nobody's)\b`)

func TestNoRetiredWordIsUsed(t *testing.T) {
	t.Parallel()
	for _, ending := range []string{".go", ".md", ".yaml", ".html", ".txt"} {
		eachLine(t, ending, func(place, line string) {
			if !strings.HasSuffix(place, "lines_test.go") {
				require.NotRegexp(t, retired, line, place)
			}
		})
	}
}

// eachLine calls look for each line of the files with an ending, except what others wrote.
func eachLine(t *testing.T, ending string, look func(place, line string)) {
	t.Helper()
	const root = "../.."
	skipped := []string{".git", "testdata", "node_modules", "vendor"}
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(skipped, entry.Name()):
			return fs.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ending:
			return nil
		}
		content, err := os.ReadFile(path)
		for line := range strings.Lines(string(content)) {
			look(path, strings.TrimRight(line, "\r\n"))
		}
		return err
	}))
}
