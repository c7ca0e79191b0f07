package operating

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// testNames returns the tests of all packages.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	require.NoError(t, filepath.WalkDir("../../..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, found := range function.FindAllStringSubmatch(string(source), -1) {
			names[found[1]] = true
		}
		return err
	}))
	return names
}

var namedTest = regexp.MustCompile("`((?:Test|Fuzz)\\w+)`")

// TestDocsNameExistingTests checks the pages that name a test in each row.
func TestDocsNameExistingTests(t *testing.T) {
	t.Parallel()
	known := testNames(t)
	for page, minimum := range map[string]int{
		"explanation/money.md": 20, "reference/limits.md": 10, "explanation/threats.md": 100,
	} {
		text, err := os.ReadFile("../../../docs/" + page)
		require.NoError(t, err)
		named := namedTest.FindAllStringSubmatch(string(text), -1)
		require.Greater(t, len(named), minimum, page)
		for _, n := range named {
			require.True(t, known[n[1]], "%s: %s is not a test", page, n[1])
		}
	}
}

// TestEveryThreatNamesTest also requires that the rows of docs/explanation/threats.md are numbered consecutively.
func TestEveryThreatNamesTest(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/explanation/threats.md")
	require.NoError(t, err)
	last := map[string]int{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([A-Z])([0-9]+) \|.*$`).FindAllStringSubmatch(string(text), -1) {
		require.Regexp(t, namedTest, row[0])
		last[row[1]]++
		require.Equal(t, row[2], fmt.Sprint(last[row[1]]), "group %s", row[1])
	}
	for group, minimum := range map[string]int{
		"A": 12, "B": 6, "C": 6, "D": 4, "E": 5, "F": 2, "G": 3, "H": 1, "I": 1,
		"J": 2, "K": 1,
	} {
		require.GreaterOrEqual(t, last[group], minimum, "group %s", group)
	}
}
