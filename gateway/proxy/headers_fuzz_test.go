package proxy

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/headers"
)

// cgi returns the variable that the most lenient servers make of a header's name.
func cgi(name string) string {
	var variable strings.Builder
	for i := range len(name) {
		c := name[i]
		switch {
		case 'a' <= c && c <= 'z':
			variable.WriteByte(c - 'a' + 'A')
		case 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			variable.WriteByte(c)
		default:
			variable.WriteByte('_')
		}
	}
	return variable.String()
}

func isOursToCGI(name string) bool {
	return cgi(name) == "PAYGATE" || strings.HasPrefix(cgi(name), "PAYGATE_")
}

// FuzzHeadersToTheService sends any header, from any peer, and checks what reaches the service.
func FuzzHeadersToTheService(f *testing.F) {
	for _, name := range []string{
		"Paygate-Status", "PAYGATE_STATUS", "paygate.status", "Paygate~Status", "Paygate", "X-Original-Url",
		"x_rewrite_url", "X-HTTP-Method-Override", "Script-Name", "Proxy", "Forwarded", "X-Forwarded-For",
		"X-Forwarded-Ssl", "Te", "Trailer", "Expect", "Upgrade", "Connection", "Cookie", "Host", "Range", "", "É",
	} {
		f.Add(name, "success", "close, Paygate-Status", true)
		f.Add(name, "a=1; paygate=x; b=\"2\"", "X-Forwarded-For", false)
	}
	p := New(optionsFor(&url.URL{Scheme: "http", Host: "127.0.0.1:1"}))
	p.Clients.Trusted = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, name, value, connection string, trusted bool) {
		in := httptest.NewRequest(http.MethodGet, "/free", nil)
		in.RemoteAddr = "192.0.2.1:1"
		if trusted {
			in.RemoteAddr = "10.0.0.1:1"
		}
		in.Header = http.Header{
			name: {value}, http.CanonicalHeaderKey(name): {value, value},
			"Connection": {connection},
		}
		out := in.Clone(t.Context())
		out.Header.Del("Connection")
		exchange{p, requestFor(in), p.Clients.Of(in)}.rewrite(&httputil.ProxyRequest{In: in, Out: out})

		require.Equal(t, []string{"none"}, out.Header["Paygate-Status"])
		require.Len(t, out.Header["X-Forwarded-For"], 1)
		for sent := range out.Header {
			require.False(t, isOursToCGI(sent) && sent != "Paygate-Status", "%q went out", sent)
			require.NotContains(t,
				[]string{
					"X_ORIGINAL_URL", "X_REWRITE_URL", "X_HTTP_METHOD_OVERRIDE", "X_FORWARDED_PREFIX",
					"SCRIPT_NAME", "PROXY",
				}, cgi(sent))
			require.NotContains(t, sent, "_")
			require.True(t, trusted || !strings.HasPrefix(cgi(sent), "X_FORWARDED_") ||
				slices.Contains([]string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"},
					sent), "%q went out", sent)
		}
		for _, c := range (&http.Request{Header: out.Header}).Cookies() {
			require.NotContains(t, []string{"paygate", "__Host-paygate"}, c.Name)
		}

		for option := range strings.SplitSeq(strings.ToLower(connection), ",") {
			if option = strings.TrimSpace(option); strings.HasPrefix(option, "paygate") || option == "content-type" ||
				option == "cookie" {
				require.True(t, headers.NamesEndToEnd(in.Header), "%q takes something away", connection)
			}
		}
	})
}

// FuzzHeadersOfAnswers gives the service's answers any header.
func FuzzHeadersOfAnswers(f *testing.F) {
	for _, name := range []string{
		"Paygate-Answer", "Paygate_Status", "Set-Cookie", "Location", "Refresh",
		"Content-Security-Policy", "Trailer", "Content-Location",
	} {
		f.Add(name, "paygate=x; Path=/")
		f.Add(name, "http://127.0.0.1:1/next")
		f.Add(name, "default-src x; FORM-action 'none', form-action")
	}
	p := New(optionsFor(&url.URL{Scheme: "http", Host: "127.0.0.1:1"}))
	f.Fuzz(func(t *testing.T, name, value string) {
		header := http.Header{name: {value, value}, "Content-Type": {"text/html"}}
		p.CleanReply(header, &http.Request{Host: "apply.example"}, "/")
		for sent := range header {
			require.False(t, isOursToCGI(sent), "%q came back", sent)
		}
		for _, c := range (&http.Response{Header: header}).Cookies() {
			require.NotContains(t, []string{"paygate", "__Host-paygate"}, c.Name)
		}
		location, err := url.Parse(header.Get("Location"))
		require.False(t, err == nil && location.Scheme == "http" &&
			location.Host == "127.0.0.1:1", "%v leads to the service itself", location)
	})
}
