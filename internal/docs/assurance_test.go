package docs_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// assurances returns the pages of docs/assurance.
func assurances(t *testing.T) []document {
	t.Helper()
	return slices.DeleteFunc(documents(t), func(d document) bool {
		return !strings.HasPrefix(d.path,
			"docs/assurance/")
	})
}

// claimedTests are tests with the package that they are in: `TestOne`, `TestTwo` in `package`.
var claimedTests = regexp.MustCompile("((?:`(?:Test|Fuzz)\\w+`(?:,| and)?\\s+)+)in\\s+`([a-z0-9/]+)`")

func TestAssuranceNamesTestsWithTheirPackage(t *testing.T) {
	t.Parallel()
	claimed := 0
	for _, d := range assurances(t) {
		for _, claim := range claimedTests.FindAllStringSubmatch(d.text, -1) {
			source := sourceOf(t, claim[2], "_test.go")
			for _, name := range namedTest.FindAllStringSubmatch(claim[1], -1) {
				claimed++
				require.True(t, strings.Contains(source, "\nfunc "+name[1]+"("), "%s: %s in %s", d.path,
					name[1], claim[2])
			}
		}
		require.NotRegexp(t, namedTest, claimedTests.ReplaceAllString(d.text, ""), "%s: a test without a package",
			d.path)
	}
	require.Greater(t, claimed, 50)
}

// sourceOf returns the text of the files in a folder whose names have an ending.
func sourceOf(t *testing.T, folder, ending string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, folder, "*"+ending))
	require.NoError(t, err)
	var all strings.Builder
	for _, name := range names {
		all.WriteString(read(t, strings.TrimPrefix(filepath.ToSlash(name), root)))
	}
	return all.String()
}

// TestAssuranceNamesExistingMetricsAndAlerts looks for the metrics in their package, where they have no prefix.
func TestAssuranceNamesExistingMetricsAndAlerts(t *testing.T) {
	t.Parallel()
	metrics := sourceOf(t, "gateway/metrics", ".go")
	rules := read(t, "examples/prometheus/paygate.rules.yaml")
	for _, d := range assurances(t) {
		for _, name := range regexp.MustCompile(`\bpaygate_([a-z_]+)`).FindAllStringSubmatch(d.text, -1) {
			known := regexp.MustCompile(`"(?:paygate_)?` + name[1] + `"`).MatchString(metrics)
			require.True(t, known, "%s: %s", d.path, name[0])
		}
		for _, name := range regexp.MustCompile("`(Paygate[A-Z][a-zA-Z]+)`").FindAllStringSubmatch(d.text, -1) {
			require.True(t, strings.Contains(rules, "- alert: "+name[1]+"\n"), "%s: %s", d.path, name[1])
		}
	}
}

var (
	// shownBy is where a section says what shows its claims, or that it is the public body that has to fill it in.
	shownBy = regexp.MustCompile("(?s)Shown by:.*?[`\\[]|\\*\\*Yours|\\| Shown by \\|")
	lastCol = regexp.MustCompile(`(?m)^\|.*\| ([^|]+) \|$`)
)

func TestEveryAssuranceSaysWhatShowsIt(t *testing.T) {
	t.Parallel()
	for _, d := range assurances(t) {
		if d.path == "docs/assurance/README.md" || strings.Contains(d.path, "/incidents/") {
			continue
		}
		sections := strings.Split(d.text, "\n## ")[1:]
		require.NotEmpty(t, sections, d.path)
		for _, section := range sections {
			require.Regexp(t, shownBy, section, d.path)
		}
		for _, table := range strings.Split(d.text, "| Shown by |\n")[1:] {
			table, _, _ = strings.Cut(table, "\n\n")
			for _, cell := range lastCol.FindAllStringSubmatch(table, -1) {
				require.Regexp(t, "[`\\[]|^---$|\\*\\*Yours", cell[1], "%s: nothing shows %s", d.path, cell[0])
			}
		}
	}
}

func TestIncidentsSayTheSameThingsInTheSameOrder(t *testing.T) {
	t.Parallel()
	wanted := []string{
		"How you notice", "What citizens see", "First five minutes", "Repair", "Afterwards", "What to tell whom",
	}
	for _, d := range assurances(t) {
		if !strings.Contains(d.path, "/incidents/") {
			continue
		}
		var headings []string
		for _, heading := range regexp.MustCompile(`(?m)^## (.+)$`).FindAllStringSubmatch(d.text, -1) {
			headings = append(headings, heading[1])
		}
		require.Equal(t, wanted, headings, d.path)
		require.Contains(t, d.text, "Shown by: `TestIncidentScripts`", d.path)
	}
}
