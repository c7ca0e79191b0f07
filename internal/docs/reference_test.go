package docs_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/command"
)

var update = flag.Bool("update", false, "write docs/reference/commands.md")

const commandsHead = `# Commands

A test writes this page from the program: §go test ./internal/docs -run Commands -update§.

The exit status is 0 if a command succeeds, 1 if it fails, 2 for wrong use or wrong settings, and 3
if something needs a person. A command that is about a running gateway asks its staff listener: it
needs §PAYGATE_STAFF_TOKEN§, or a single token in §PAYGATE_STAFF_TOKENS§, and on another machine
§PAYGATE_STAFF_URL§.
`

// TestCommandsPageIsWhatTheProgramSays compares docs/reference/commands.md with the help of all commands.
func TestCommandsPageIsWhatTheProgramSays(t *testing.T) {
	t.Parallel()
	var help bytes.Buffer
	require.Zero(t, command.Run(t.Context(), command.Env{Stdout: &help}, []string{"help"}))
	page := strings.ReplaceAll(commandsHead, "§", "`")
	for _, row := range regexp.MustCompile(`(?m)^  ([a-z-]+) +(.+)$`).FindAllStringSubmatch(help.String(), -1) {
		usage, wrong := said(t, row[1], "-h")
		require.Empty(t, wrong)
		page += "\n## " + row[1] + "\n\n`paygate " + row[1] + "` " + row[2] + ".\n\n```\n" +
			strings.NewReplacer("\t", "    ", " \n", "\n").Replace(usage) + "```\n"
	}
	path := filepath.Join(root, "docs/reference/commands.md")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(page), 0o644))
	}
	require.Equal(t, page, read(t, "docs/reference/commands.md"), "go test ./internal/docs -run Commands -update")
}

// found returns the matches of a pattern in files, each as its groups with a space between them.
func found(t *testing.T, pattern string, paths ...string) []string {
	t.Helper()
	var all []string
	for _, path := range paths {
		for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(read(t, path), -1) {
			all = append(all, strings.Join(match[1:], " "))
		}
	}
	slices.Sort(all)
	require.NotEmpty(t, all, pattern)
	return all
}

// TestAddressesPageHasEveryAddress compares docs/reference/addresses.md with the addresses in the code, both ways.
func TestAddressesPageHasEveryAddress(t *testing.T) {
	t.Parallel()
	const page = "docs/reference/addresses.md"
	roles := map[string]string{"View": "view", "Refund": "refund", "Admin": "admin"}
	var staff []string
	for _, address := range found(t, `\{"((?:GET|POST) /[^"]*)", signin\.(\w+),`, "gateway/staff/addresses.go") {
		line, role := address[:strings.LastIndex(address, " ")], address[strings.LastIndex(address, " ")+1:]
		staff = append(staff, strings.ReplaceAll(line, "{$}", "")+" "+roles[role])
	}
	require.ElementsMatch(t, staff, found(t, "(?m)^\\| `((?:GET|POST) /[^`]*)` \\| (view|refund|admin) \\|", page))

	open := append(found(t, `mux\.Handle(?:Func)?\("(GET /[^"]*)"`, "gateway/staff/staff.go"),
		"GET /livez", "GET /healthz")
	require.ElementsMatch(t, open, found(t, "(?m)^\\| `(GET /[^`]*)` \\| none \\|", page))

	var own []string
	for _, pattern := range found(t, `(?:handle(Get|Form)|mux\.Handle(?:Func)?)\("(?:(GET|POST) )?(/[^"]*)"`,
		"gateway/handlers.go", "gateway/own.go") {
		fields := strings.Fields(pattern)
		method := map[string]string{"Get": "GET", "Form": "POST"}[fields[0]]
		if method == "" {
			method = fields[0]
		}
		own = append(own, method+" /_pay"+fields[1])
	}
	require.ElementsMatch(t, own, found(t, "(?m)^\\| `((?:GET|POST) /_pay/[^`]*)` "+
		"\\| (?:citizens|GOV|the service)", page))
}

// TestLogPageHasEveryField compares docs/reference/log.md with the two lines that the code writes most, both ways.
func TestLogPageHasEveryField(t *testing.T) {
	t.Parallel()
	page := read(t, "docs/reference/log.md")
	for from, source := range map[string]string{
		"## Requests": "gateway/requestlog.go",
		"## Journeys": "journey/runner.go",
	} {
		_, section, is := strings.Cut(page, from)
		require.True(t, is, from)
		section, _, _ = strings.Cut(section, "\n## ")
		var listed []string
		for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]+) \\|").FindAllStringSubmatch(section, -1) {
			for _, name := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(row[1], -1) {
				listed = append(listed, name[1])
			}
		}
		require.ElementsMatch(t, logged(t, source), listed, source)
	}
}

// logged returns the fields of the line of requests or of journeys in a file.
func logged(t *testing.T, source string) []string {
	t.Helper()
	if source == "gateway/requestlog.go" {
		return found(t, `slog\.(?:String|Int|Int64|Float64)\("([a-z_]+)"`, source)
	}
	call := regexp.MustCompile(`(?s)"journey",\s+"journey_id".*?\)\n`).FindString(read(t, source))
	require.NotEmpty(t, call)
	var names []string
	for _, name := range regexp.MustCompile(`"([a-z_]+)",`).FindAllStringSubmatch(call, -1) {
		if name[1] != "journey" {
			names = append(names, name[1])
		}
	}
	return names
}
