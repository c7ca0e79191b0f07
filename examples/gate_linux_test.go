package examples_test

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ran is what only the protected code prints.
const ran = "the licence is issued"

// site is one way to serve a service by a web server.
type site struct {
	name  string
	query bool     // it routes by the parameter q of the query
	leaks []string // spellings that the snippet documents as not refused
}

// server is a web server with all its sites as virtual hosts.
type server struct{ address string }

// gate is a web server without the snippet, and with it.
type gate struct {
	open, gated server
	sites       []site
}

// gateFor returns the snippet as the operator of a site would use it. Every server has two more sites of plain files:
// "form", with the form at the same address, and "return", released before Pay confirmed. Apache also has "alias", a
// script with another name.
func gateFor(t *testing.T, file, name string, query bool) string {
	t.Helper()
	var marks []string
	if query {
		marks = append(marks, "query")
	}
	switch name {
	case "form":
		marks = append(marks, "form")
	case "alias":
		marks = append(marks, "files")
	}
	text := snippet(t, file, marks...)
	if name == "return" {
		require.Contains(t, text, "^success$")
		text = strings.ReplaceAll(text, "^success$", "^(?:success|pending)$")
	}
	return text
}

// snippet returns a snippet with the marked lines switched on.
func snippet(t *testing.T, name string, marks ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("gate", name))
	require.NoError(t, err)
	text := string(content)
	for _, mark := range marks {
		require.Contains(t, text, "#"+mark+": ")
		text = strings.ReplaceAll(text, "#"+mark+": ", "")
	}
	return text
}

// ask sends a request byte for byte, and returns the whole answer.
func (s server) ask(t *testing.T, host, method, target string, header ...string) string {
	t.Helper()
	conn, err := net.Dial("tcp", s.address)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(2*time.Minute)))
	lines := append([]string{
		method + " " + target + " HTTP/1.1", "Host: " + host, "Connection: close",
		"Content-Length: 0",
	}, header...)
	_, err = io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\n\r\n")
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	if len(answer) == 0 {
		require.NoError(t, err, "%s %s", host, target)
	}
	require.NotEmpty(t, answer, "%s %s", host, target)
	return string(answer)
}

// runs returns the spellings by which the protected code ran.
func (s server) runs(t *testing.T, host, method string, targets []string) []string {
	t.Helper()
	var found []string
	for _, target := range targets {
		if strings.Contains(s.ask(t, host, method, target), ran) {
			found = append(found, target)
		}
	}
	return found
}

// test tests everything that a second gate promises.
func (g gate) test(t *testing.T) {
	t.Helper()
	for _, s := range g.sites {
		t.Run(s.name, func(t *testing.T) {
			g.refusesEverySpelling(t, s)
			g.refusesScriptsWithin(t, s)
			g.letsPaidRequestsThrough(t, s)
			g.leavesOtherPagesAlone(t, s)
		})
	}
	t.Run("form", g.canLeaveTheFormFree)
	t.Run("return", g.canTrustAReturn)
}

func (g gate) refusesEverySpelling(t *testing.T, s site) {
	t.Helper()
	targets := spellings
	if s.query {
		targets = slices.Concat(spellings, queries)
	}
	for _, method := range []string{"POST", "GET"} {
		without := g.open.runs(t, s.name, method, targets)
		require.Contains(t, without, "/licences/apply", "the site works")
		require.Greater(t, len(without), 20, "the site recognises spellings")
		require.Equal(t, s.leaks, g.gated.runs(t, s.name, method, targets), method)
		t.Logf("%s: %d of %d spellings run the protected code without the gate, %d with it", method, len(without),
			len(targets), len(s.leaks))
	}
}

func (g gate) refusesScriptsWithin(t *testing.T, s site) {
	t.Helper()
	for _, target := range inAFolder {
		require.Regexp(t, "^HTTP/1.1 40[023] ", g.gated.ask(t, s.name, "POST", target), target)
	}
}

func (g gate) letsPaidRequestsThrough(t *testing.T, s site) {
	t.Helper()
	require.Contains(t, g.gated.ask(t, s.name, "POST", "/licences/apply", "Paygate-Status: success"), ran)
	require.Contains(t, g.gated.ask(t, s.name, "POST", "/licences/apply?a=1;b=2", "Paygate-Status: success"), ran)
	for _, header := range []string{
		"Paygate-Status: none", "Paygate-Status: pending", "Paygate-Status: quote", "Paygate-Status:",
		"Paygate-Status: Success",
		"Paygate-Status: unsuccess", "Paygate-Status: success, none", "Paygate-Status: successful",
		"Paygate_Status: success", "X-Paygate-Status: success",
	} {
		require.NotContains(t, g.gated.ask(t, s.name, "POST", "/licences/apply", header), ran, header)
	}
}

func (g gate) leavesOtherPagesAlone(t *testing.T, s site) {
	t.Helper()
	for target, text := range free {
		require.Contains(t, g.gated.ask(t, s.name, "GET", target), text, target)
	}
}

func (g gate) canLeaveTheFormFree(t *testing.T) {
	require.Contains(t, g.gated.ask(t, "form", "GET", "/licences/apply"), ran)
	require.Empty(t, g.gated.runs(t, "form", "POST", spellings))
	require.Empty(t, g.gated.runs(t, "form", "PUT", []string{"/licences/apply"}))
}

func (g gate) canTrustAReturn(t *testing.T) {
	require.Contains(t, g.gated.ask(t, "return", "POST", "/licences/apply", "Paygate-Status: pending"), ran)
	require.Contains(t, g.gated.ask(t, "return", "POST", "/licences/apply", "Paygate-Status: success"), ran)
	require.NotContains(t, g.gated.ask(t, "return", "POST", "/licences/apply", "Paygate-Status: none"), ran)
	require.Empty(t, g.gated.runs(t, "return", "POST", spellings))
}
