package probe

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/match"
)

func TestPlacesLeaveOutWhatChanges(t *testing.T) {
	t.Parallel()
	for leads, want := range map[string][]string{
		"/done":                          {"/done"},
		"/done/RVM-0417":                 {"/done"},
		"/done/RVM-0417/print":           {"/done"},
		"/0417":                          nil,
		"/done?id=7":                     {"/done"},
		"/index.php?page=done&id=7&x=y":  {"/index.php", "/index.php?page=done"},
		"/a?b=c&d=e":                     {"/a", "/a?b=c", "/a?b=c&d=e"},
		"https://t2.example/for/17?x=y":  {"https://t2.example/for"},
		"https://thanks.example/a?b=c":   {"https://thanks.example/a", "https://thanks.example/a?b=c"},
		"/a,b":                           {},
		"/done/7?state=received&number=": {"/done"},
	} {
		require.ElementsMatch(t, want, places(leads), leads)
	}
}

func TestTextsAreWhatPeopleReadFirst(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind, body string
		want       []string
	}{
		"a page": {
			"text/html; charset=utf-8",
			"<title>Licences</title><script>var Apply='here'</script><p>Ann Boleyn</p><p>Number 4711</p>" +
				"<h2>What next</h2><h1>Thank you &amp; goodbye</h1><p>a | b</p>" +
				"<textarea>My text</textarea><p>   In ten days\n</p>",
			[]string{"Thank you &amp; goodbye", "Licences", "What next", "In ten days"},
		},
		"JSON": {
			"application/json", `{"ok": true, "number":17, "state":"done"}`,
			[]string{`"ok": true`, `"number":`, `"state":"done"`},
		},
		"plain text": {"text/plain", "Received\nNumber 4711\nabc", []string{"Received"}},
	} {
		a := answer{body: c.body, header: http.Header{"Content-Type": {c.kind}}}
		require.Equal(t, c.want, a.texts([]string{"Ann Boleyn", "a"}), name)
	}
}

func TestWithCookiesReplacesByName(t *testing.T) {
	t.Parallel()
	set := http.Header{"Set-Cookie": {"flash=received; Path=/", "new=1"}}
	require.Equal(t, []string{"X-Token: t", "Cookie: a=b; flash=received; new=1"},
		withCookies([]string{"Cookie: flash=; a=b", "X-Token: t"}, set))
	require.Equal(t, []string{"X-Token: t"}, withCookies([]string{"X-Token: t"}, http.Header{}))
}

func TestGeneralisePutsWildcardsBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, path string
		filled        map[string]string
		want          string // empty: none
	}{
		{"POST /apply", Nowhere, map[string]string{}, "/{path...}"},
		{"POST /apply", "/cy/apply", map[string]string{}, "/cy/apply"},
		{"POST /{id}/apply", "/cy/7/apply", map[string]string{"id": "7"}, "/cy/{id}/apply"},
		{"POST /{id}/apply", "/cy/8/apply", map[string]string{"id": "7"}, ""},
		{"POST /{id}/apply", Nowhere, map[string]string{"id": "7"}, ""},
		{"GET /files/{rest...}", "/en/files/1", map[string]string{"rest": "1"}, "/en/files/{rest...}"},
	} {
		pattern, err := match.ParsePattern(c.pattern)
		require.NoError(t, err)
		path, found := generalise(c.path, pattern, c.filled)
		require.Equal(t, c.want != "", found, c.path)
		require.Equal(t, c.want, path, c.path)
	}
}
