package docs_test

import (
	"bytes"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/command"
)

// TestEveryCommandLineParses has the real flags read each command line of the documents.
func TestEveryCommandLineParses(t *testing.T) {
	t.Parallel()
	var checked, wrong []string
	for _, d := range documents(t) {
		for _, line := range d.commandLines() {
			checked = append(checked, line)
			if why := checkLine(t, line); why != "" {
				wrong = append(wrong, d.path+": "+line+": "+why)
			}
		}
	}
	require.Greater(t, len(checked), 100)
	require.Empty(t, wrong)
}

var (
	// called is what comes before the command in a shell, and where it ends.
	called = regexp.MustCompile(`^(?:\$ |sudo |docker run .* |\./|/|[A-Z_]+=\S+ )*(?:paygate|go run \.)( .*|$)`)
	after  = regexp.MustCompile(` +(?:[|>&#]|2>).*$`)
)

// commandLines returns what follows the name of the program in each command line.
func (d document) commandLines() []string {
	var lines []string
	for _, block := range d.blocks() {
		lines = append(lines, strings.Split(strings.ReplaceAll(block, "\\\n", ""), "\n")...)
	}
	var all []string
	for _, line := range append(lines, d.spans()...) {
		if found := called.FindStringSubmatch(line); found != nil {
			all = append(all, after.ReplaceAllString(found[1], ""))
		}
	}
	return all
}

// checkLine has the command read its flags: with -h after the last of them it only says how it is used.
func checkLine(t *testing.T, line string) (wrong string) {
	t.Helper()
	args := words(line)
	if len(args) == 0 || strings.HasPrefix(args[0], "-") || args[0] == "…" {
		return ""
	}
	usage, wrong := said(t, args[0], "-h")
	last := 1
	for i := 1; i < len(args) && wrong == ""; i++ {
		flag := regexp.MustCompile(`^--?([a-z-]+)(=.*)?$`).FindStringSubmatch(args[i])
		if flag == nil {
			continue
		}
		declared := regexp.MustCompile(`(?m)^  -` + flag[1] + `( \S+)?(?:\t|$)`).FindStringSubmatch(usage)
		if declared != nil && declared[1] != "" && flag[2] == "" {
			i++
		}
		last = i + 1
	}
	if wrong == "" && last <= len(args) { // else the prose names a flag without its value
		_, wrong = said(t, slices.Insert(args, last, "-h")...)
	}
	return wrong
}

// said runs a command that only says how it is used.
func said(t *testing.T, args ...string) (usage, wrong string) {
	t.Helper()
	var errors bytes.Buffer
	if command.Run(t.Context(), command.Env{Stdout: io.Discard, Stderr: &errors}, args) != 0 {
		wrong = errors.String()
	}
	return errors.String(), wrong
}

// words splits a line as a shell does, without what it puts in the place of variables.
func words(line string) []string {
	var all []string
	for _, word := range regexp.MustCompile(`(?:'[^']*'|"[^"]*"|[^\s'"])+`).FindAllString(line, -1) {
		all = append(all, strings.NewReplacer("'", "", `"`, "").Replace(word))
	}
	return all
}

func TestWrongCommandLineIsNoticed(t *testing.T) {
	t.Parallel()
	d := document{text: "`paygate show ID`\n```sh\n$ paygate settle -as released \\\n" +
		" -reason 'as asked' ID | less\n```\n"}
	require.Equal(t, []string{" settle -as released -reason 'as asked' ID", " show ID"}, d.commandLines())
	for line, right := range map[string]bool{
		" show ID": true, " settle -as released -reason 'as asked' ID": true, " serve": true,
		" route licence free -until 2h -reason done": true, " sho ID": false, " show -nothing ID": false,
		" settle ID -as released": false, " simulator -latency soon": false,
	} {
		require.Equal(t, right, checkLine(t, line) == "", line)
	}
}
