package gateway

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/headers"
	"paygate/gateway/marker"
	"paygate/gateway/origin"
	"paygate/gateway/proxy"
	"paygate/internal/testwire"
	"paygate/journey"
)

// repliesFrom returns replies of a service at this host.
func repliesFrom(host string) *replies {
	origins := origin.List{{Scheme: "https", Host: "apply.example"}}
	return &replies{proxy: proxy.New(proxy.Options{
		Upstream: &url.URL{Scheme: "http", Host: host}, Clients: proxy.Clients{Origins: origins},
		Log: slog.New(slog.DiscardHandler),
	})}
}

// handed returns what a browser gets for the service's answer at the held address.
func handed(t testing.TB, reply journey.Reply) *http.Response {
	t.Helper()
	j := journey.Journey{
		ID: "01JDM4Q0V3Q7J2S3", State: journey.StateReleased,
		Fingerprint: journey.Fingerprint{Path: "/licences/apply", Query: "page=1"},
	}
	r := httptest.NewRequest(http.MethodGet, marker.Address(j), nil)
	w := httptest.NewRecorder()
	repliesFrom("10.0.0.5:8080").hand(w, r, j, &reply)
	return w.Result()
}

// TestHandResolvesRedirects makes sure that a path such as "/.//x" does not become a host.
func TestHandResolvesRedirects(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]string{
		"/.//evil.example/x": "/.//evil.example/x", "../.././/evil.example": "../.././/evil.example",
		"/a/..//evil.example": "/evil.example",
		"/./%2F/evil.example": "/./%2F/evil.example", "//www.example/x": "//www.example/x",
		"/\\evil.example": "/%5Cevil.example",
		"?done=1":         "/licences/apply?done=1", "./done?a=b;c#d": "/licences/done?a=b;c#d",
		"#done":                 "/licences/apply?page=1#done",
		"HTTPS://www.example/x": "https://www.example/x", "/caf\xe9": "/caf%E9",
	} {
		got := handed(t, journey.Reply{Status: http.StatusFound, Header: http.Header{"Location": {location}}})
		require.Equal(t, http.StatusSeeOther, got.StatusCode, location)
		require.Equal(t, want, got.Header.Get("Location"))
	}
}

// TestHandFollowsHTMXRedirects makes sure that an answer to htmx without a body redirects the browser.
func TestHandFollowsHTMXRedirects(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		reply journey.Reply
		to    string
	}{
		{journey.Reply{Status: http.StatusOK, Header: http.Header{"Hx-Redirect": {"/done"}}}, "/done"},
		{
			journey.Reply{Status: http.StatusNoContent, Header: http.Header{"Hx-Redirect": {"#done"}}},
			"/licences/apply?page=1#done",
		},
		{
			journey.Reply{Status: http.StatusOK, Header: http.Header{"Hx-Redirect": {"/done"}}, Body: []byte("a page")},
			"",
		},
		{journey.Reply{Status: http.StatusOK, Header: http.Header{"Location": {"/done"}}}, ""},
		{journey.Reply{
			Status: http.StatusCreated, Header: http.Header{"Location": {"/done"}},
			Body: []byte("a page"),
		}, ""},
		{journey.Reply{
			Status: http.StatusFound,
			Header: http.Header{"Location": {"/there"}, "Hx-Redirect": {"/done"}},
		}, "/there"},
		{journey.Reply{Status: http.StatusUnprocessableEntity, Header: http.Header{"Hx-Redirect": {"/done"}}}, ""},
	} {
		given := c.reply.Header.Get("Location")
		got := handed(t, c.reply)
		if c.to == "" {
			require.Equal(t, []any{c.reply.Status, given}, []any{got.StatusCode, got.Header.Get("Location")})
			continue
		}
		require.Equal(t, []any{http.StatusSeeOther, c.to}, []any{got.StatusCode, got.Header.Get("Location")})
	}
}

// TestStreamGuessesNoType makes sure that text does not become a page.
func TestStreamGuessesNoType(t *testing.T) {
	t.Parallel()
	h := repliesFrom("10.0.0.5:8080")
	address := testwire.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.stream(w, r, &journey.Reply{
			Status: http.StatusOK, Header: http.Header{},
			Body: []byte("<script>alert(1)</script>"),
		})
	}))
	got := testwire.ReadAll(t, address, "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	require.Contains(t, got, "<script>")
	require.NotContains(t, got, "Content-Type")
}

// TestPaidAnswersAreNotCached covers the headers that some caches obey before Cache-Control.
func TestPaidAnswersAreNotCached(t *testing.T) {
	t.Parallel()
	for name, stays := range map[string]bool{
		"Cdn-Cache-Control": false, "Cloudflare-Cdn-Cache-Control": false, "Surrogate-Control": false,
		"X-Accel-Expires": false,
		"Edge-Control":    false, "X-Accel-Buffering": true,
	} {
		for _, own := range []string{"", "public, max-age=60"} {
			header := http.Header{name: {"max-age=60"}}
			if own != "" {
				header.Set("Cache-Control", own)
			}
			got := handed(t, journey.Reply{Status: http.StatusOK, Header: header.Clone()}).Header
			require.Equal(t, stays, got.Get(name) != "", name)
			require.Contains(t, got.Get("Cache-Control"), "private", name)
			headers.MakePrivate(header)
			require.Equal(t, stays, header.Get(name) != "", name)
		}
	}
}

// TestIsScriptRecognisesLibraries covers older browsers, which send no Sec-Fetch-Mode.
func TestIsScriptRecognisesLibraries(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"HX-Request": "true", "X-MicrosoftAjax": "Delta=true",
		"Faces-Request": "partial/ajax", "X-Inertia": "true",
	} {
		r := &http.Request{Header: http.Header{"Accept": {"text/html, */*"}}}
		r.Header.Set(name, value)
		require.True(t, isScript(r), name)
	}
	require.False(t, isScript(&http.Request{Header: http.Header{
		"Sec-Fetch-Mode": {"navigate"},
		"Accept":         {"text/html"},
	}}))
}

func TestStreamAbortsABrokenReply(t *testing.T) {
	t.Parallel()
	h := repliesFrom("10.0.0.5:8080")
	address := testwire.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.stream(w, r, &journey.Reply{Status: 200, Header: http.Header{}, Body: []byte("0123456789"), Broken: true})
	}))
	got := testwire.ReadAll(t, address, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n")
	require.Contains(t, got, "0123456789")
	require.False(t, strings.HasSuffix(got, "0\r\n\r\n"), got)
}
