package stacks

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// settings are lines of NAME=VALUE.
type settings []string

// of returns a setting of a pay route; the last line wins.
func (s settings) of(route, name string) (value string) {
	prefix := "PAYGATE_ROUTE_" + strings.ToUpper(route) + "_" + name + "="
	for _, line := range s {
		if strings.HasPrefix(line, prefix) {
			value = line[len(prefix):]
		}
	}
	return value
}

// path returns the path of a route's MATCH.
func (s settings) path(route string) string {
	_, path, _ := strings.Cut(s.of(route, "MATCH"), " ")
	return path
}

// condition returns the field and the value of a route's WHEN; the value can be empty.
func (s settings) condition(route string) (field, value string) {
	field, value, _ = strings.Cut(strings.TrimPrefix(s.of(route, "WHEN"), "form:"), "=")
	return field, value
}

// settingsOf reads the settings of a framework from docs/how-to/frameworks.md: the common ones, then its own.
func settingsOf(t testing.TB, framework string) settings {
	t.Helper()
	return append(settingsUnder(t, "The service of the examples"), settingsUnder(t, framework)...)
}

// settingsUnder reads the first block of settings under a heading.
func settingsUnder(t testing.TB, heading string) (lines settings) {
	t.Helper()
	content, err := os.ReadFile("../../../docs/how-to/frameworks.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(content), "\n## "+heading+"\n")
	require.True(t, found, "no heading %q", heading)
	section, _, _ = strings.Cut(section, "\n## ")
	_, block, found := strings.Cut(section, "```sh\n")
	require.True(t, found, "no settings under %q", heading)
	block, _, _ = strings.Cut(block, "```")
	for line := range strings.Lines(block) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "PAYGATE_") {
			lines = append(lines, line)
		}
	}
	return lines
}
