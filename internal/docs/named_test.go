package docs_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// testNames returns the tests of all packages.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`)
	for _, path := range files(t, "_test.go") {
		for _, found := range function.FindAllStringSubmatch(read(t, path), -1) {
			names[found[1]] = true
		}
	}
	return names
}

var namedTest = regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z]\\w+)`")

// TestDocumentsNameExistingTests also requires of three pages that they name many.
func TestDocumentsNameExistingTests(t *testing.T) {
	t.Parallel()
	known, count := testNames(t), map[string]int{}
	var missing []string
	for _, d := range documents(t) {
		for _, named := range namedTest.FindAllStringSubmatch(d.text, -1) {
			count[d.path]++
			if !known[named[1]] {
				missing = append(missing, d.path+" names "+named[1])
			}
		}
	}
	require.Empty(t, missing)
	require.Greater(t, count["docs/explanation/money.md"], 20)
	require.Greater(t, count["docs/explanation/threats.md"], 100)
	require.Greater(t, count["docs/reference/limits.md"], 10)
}

// TestEveryThreatNamesTest also requires that the rows of docs/explanation/threats.md are numbered consecutively.
func TestEveryThreatNamesTest(t *testing.T) {
	t.Parallel()
	text := read(t, "docs/explanation/threats.md")
	last := map[string]int{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([A-Z])([0-9]+) \|.*$`).FindAllStringSubmatch(text, -1) {
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
