package main

import (
	"bufio"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/command/probe"
)

// knownSpellings are the table's, of one pay path, that are refused or held whatever the settings.
func knownSpellings(kinds ...probe.Kind) []probe.Spelling {
	address := probe.Address{Method: http.MethodPost, Path: "/licences/apply", Host: publicHost, Form: "name=Ann"}
	return slices.DeleteFunc(probe.Spellings(address, kinds...), func(s probe.Spelling) bool { return s.Setting != "" })
}

// linesOf are a file's lines but for comments and empty ones.
func linesOf(t testing.TB, name string) []string {
	t.Helper()
	file, err := os.Open(name)
	require.NoError(t, err)
	defer file.Close()
	var lines []string
	for in := bufio.NewScanner(file); in.Scan(); {
		if line := in.Text(); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

// madeSpellings puts a path of two segments together from what servers undo: something before it, something between the
// segments, something behind it, and its letters. Each of them comes with each of the others, but no three at once.
func madeSpellings(first, second string) []string {
	before := []string{
		"", "/.", "/x/..", "/..", "/x/%2e%2e", "/x/..;", "/;a", "/(S(x))", "/%2e", "/x%2f..", "/x%5c..", "/x//..", "/x/%252e%252e", "/index.php", "/x/.%2e",
	}
	between := []string{
		"/", "//", "/./", "/x/../", "/;/", ";a=b/", "%2f", "%252f", "%5c", "%c0%af", "%ef%bc%8f", "/x/..;/", "/%2e/", "/x%2f..%2f", "%20/", "./", "/(S(x))/",
	}
	behind := []string{
		"", "/", "//", "/.", "/x/..", ";a", ";a=b/", "%20", "%09", "%0a", "%00", "%00.html", ".", "%2e", "::$DATA", "%3f", "%3fx=1", "%23", "%3b", "%2f", "%5c",
		"%c2%a0", "%a0", "+", "/x", ".json", ".php", ".1",
	}
	letters := []func(string) string{
		func(s string) string { return s },
		strings.ToUpper,
		func(s string) string { return strings.ToUpper(s[:1]) + s[1:] },
		func(s string) string { return "%" + hexOf(s[0]) + s[1:] },
		func(s string) string { return "%25" + hexOf(s[0]) + s[1:] },
		func(s string) string { return s[:1] + "%01" + s[1:] },
	}
	var made []string
	for b, start := range before {
		for m, middle := range between {
			for e, end := range behind {
				for l, write := range letters {
					if odd := min(b, 1) + min(m, 1) + min(e, 1) + min(l, 1); odd == 1 || odd == 2 && (b+m+e+l)%2 == 0 {
						made = append(made, start+"/"+write(first)+middle+write(second)+end)
					}
				}
			}
		}
	}
	slices.Sort(made)
	return slices.Compact(made)
}

func hexOf(c byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[c>>4], digits[c&15]})
}

// formTo is a submission as a browser writes it.
func formTo(method, target string) string {
	return method + " " + target + " HTTP/1.1\r\nHost: " + publicHost +
		"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n\r\nname=Ann"
}

func TestNoSpellingOfAPayPathReachesTheServiceUnpaid(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	known := knownSpellings(probe.KindPath)
	require.Greater(t, len(known), 300)
	for _, s := range known {
		t.Run(s.Class+" "+s.Target, func(t *testing.T) { d.isNotFree(t, formTo(http.MethodPost, s.Target)) })
	}
	made := madeSpellings("licences", "apply")
	require.Greater(t, len(made), 400)
	for _, target := range made {
		d.isNotFree(t, formTo(http.MethodPost, target))
	}
}

func TestNoSpellingOfAPassReachesTheServiceUnpaid(t *testing.T) {
	t.Parallel()
	d := openDoor(t, "PAYGATE_ROUTE_REGISTER_STRICT=on")
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		for _, target := range madeSpellings("register", "2026") {
			d.isNotFree(t, method+" "+target+" HTTP/1.1\r\nHost: "+publicHost+"\r\n\r\n")
		}
	}
}

// isNotFree writes a request and expects it to be refused, redirected or held.
func (d *door) isNotFree(t testing.TB, raw string) heard {
	t.Helper()
	line, _, _ := strings.Cut(raw, "\r\n")
	got := d.speak(raw)
	require.Empty(t, d.service.take(), "%q reached the service", line)
	require.Len(t, got.answers, 1, "%q: %v", line, got.answers)
	answer := got.answers[0]
	require.NotContains(t, answer.body, "legacy", "%q", line)
	switch answer.status {
	case http.StatusSeeOther, http.StatusPermanentRedirect, http.StatusPaymentRequired, http.StatusServiceUnavailable:
		require.Equal(t, "yes", answer.header.Get("Paygate-Answer"), "%q", line)
	default:
		require.True(t, got.closed, "%q: what was refused leaves nothing behind", line)
		require.GreaterOrEqual(t, answer.status, 400, "%q", line)
	}
	return answer
}

func TestARefusalNearAPayPathNamesTheSettingThatWouldDeclareIt(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	for _, c := range []struct{ method, target, declare string }{
		{http.MethodPost, "/licences/apply/kitten?kitten", "PAYGATE_ROUTE_LICENCE_ALIASES, if it leads to the pay code; PAYGATE_ROUTE_LICENCE_ALLOW, if it leads to other code"},
		{http.MethodPost, "/kitten/../licences/apply", "PAYGATE_ROUTE_LICENCE_ALIASES, if it leads to the pay code"},
		{http.MethodPut, "/licences/apply?kitten", "PAYGATE_ROUTE_LICENCE_ALIASES, if it leads to the pay code"},
		{http.MethodPost, "/kitten#", ""},
	} {
		before := len(d.log.String())
		d.isNotFree(t, formTo(c.method, c.target))
		said := d.log.String()[before:]
		require.Contains(t, said, `"msg":"refused"`)
		require.NotContains(t, said, "kitten")
		if c.declare == "" {
			require.NotContains(t, said, "declare")
			continue
		}
		require.Contains(t, said, `"route":"licence","declare":"`+c.declare+`"`)
	}
}
