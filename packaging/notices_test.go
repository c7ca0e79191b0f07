package packaging_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write third-party-notices.txt")

// modules returns the modules that are in the binary, each with its version and the folder of its source.
func modules(t *testing.T) (all [][3]string) {
	t.Helper()
	const format = `{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}`
	text, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", format, "..").Output()
	require.NoError(t, err)
	seen := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 3 && !seen[fields[0]] {
			seen[fields[0]] = true
			all = append(all, [3]string(fields))
		}
	}
	require.NotEmpty(t, all)
	return all
}

// TestNoticesAreOfTheModulesInTheBinary holds the file of licences to the modules that a build links. With -update it
// writes the file.
func TestNoticesAreOfTheModulesInTheBinary(t *testing.T) {
	t.Parallel()
	var notices strings.Builder
	fmt.Fprintln(&notices, "The Paygate binary contains Go's standard library and these modules.")
	style, err := os.ReadFile("../gateway/pages/assets/LICENCE-govuk-frontend.txt")
	require.NoError(t, err)
	fmt.Fprintf(&notices, "\n==== The style sheet of GOV.UK Frontend\n\n%s", style)
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	require.NoError(t, err)
	parts := append([][3]string{{"Go", "", strings.TrimSpace(string(root))}}, modules(t)...)
	for _, m := range parts {
		var files []string
		for _, pattern := range []string{"LICEN[CS]E*", "COPYING*", "NOTICE*"} {
			found, err := filepath.Glob(filepath.Join(m[2], pattern))
			require.NoError(t, err)
			files = append(files, found...)
		}
		require.NotEmpty(t, files, "%s has no licence", m[0])
		fmt.Fprintf(&notices, "\n==== %s\n", strings.TrimSpace(m[0]+" "+m[1]))
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			fmt.Fprintf(&notices, "\n%s\n", strings.TrimSpace(strings.ReplaceAll(string(text), "\r", "")))
		}
	}
	const file = "third-party-notices.txt"
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(notices.String()), 0o644))
	}
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(written), notices.String(), "go test ./packaging -run Notices -update writes it")
}
