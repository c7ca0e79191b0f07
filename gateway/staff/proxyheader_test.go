package staff_test

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/signin"
	"paygate/gateway/staff"
)

func newProxied(t *testing.T, proxies string) *listener {
	t.Helper()
	return newListener(t, func(o *staff.Options) {
		o.SignIn.Header = signin.Header{Name: "X-Forwarded-Email", Groups: "X-Forwarded-Groups"}
		o.SignIn.Proxies = signin.Proxies{netip.MustParsePrefix(proxies)}
		for _, text := range []string{"ann@example.gov.uk=refund", "group:admins=admin"} {
			g, err := signin.ParseGrant(text)
			require.NoError(t, err)
			o.SignIn.Roles = append(o.SignIn.Roles, g)
		}
	})
}

// ask asks for the list of journeys with some headers, each with all of its values.
func (l *listener) ask(t *testing.T, path string, header http.Header) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.URL+path, nil)
	require.NoError(t, err)
	request.Header = header
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	return answer.StatusCode
}

func TestAProxySignsPeopleIn(t *testing.T) {
	t.Parallel()
	l := newProxied(t, "127.0.0.1/32")
	for name, c := range map[string]struct {
		header http.Header
		status int
	}{
		"known":          {http.Header{"X-Forwarded-Email": {"Ann@example.gov.uk"}}, 200},
		"IAP":            {http.Header{"X-Forwarded-Email": {"accounts.google.com:ann@example.gov.uk"}}, 200},
		"another prefix": {http.Header{"X-Forwarded-Email": {"evil.example:ann@example.gov.uk"}}, 403},
		"no role":        {http.Header{"X-Forwarded-Email": {"bob@example.gov.uk"}}, 403},
		"group":          {http.Header{"X-Forwarded-Email": {"bob@x"}, "X-Forwarded-Groups": {"a, admins"}}, 200},
		"groups twice":   {http.Header{"X-Forwarded-Email": {"bob@x"}, "X-Forwarded-Groups": {"a", "admins"}}, 401},
		"twice":          {http.Header{"X-Forwarded-Email": {"ann@example.gov.uk", "ann@example.gov.uk"}}, 401},
		"empty":          {http.Header{"X-Forwarded-Email": {""}}, 401},
		"blank":          {http.Header{"X-Forwarded-Email": {" "}}, 401},
		"comma":          {http.Header{"X-Forwarded-Email": {"ann@example.gov.uk,bob@x"}}, 401},
		"none":           {http.Header{}, 401},
		"groups alone":   {http.Header{"X-Forwarded-Groups": {"admins"}}, 401},
		"a Bearer not ours": {
			http.Header{"X-Forwarded-Email": {"ann@example.gov.uk"}, "Authorization": {"Bearer eyJ"}},
			200,
		},
		"a Bearer of ours": {http.Header{"Authorization": {"Bearer " + annsToken}}, 200},
		"a wrong Bearer":   {http.Header{"Authorization": {"Bearer eyJ"}}, 401},
	} {
		require.Equal(t, c.status, l.ask(t, "/journeys", c.header), name)
	}
	require.Equal(t, 403, l.ask(t, "/backup", http.Header{"X-Forwarded-Email": {"ann@example.gov.uk"}}))
}

func TestOnlyTheProxysConnectionCounts(t *testing.T) {
	t.Parallel()
	l := newProxied(t, "10.0.0.7/32")
	for _, header := range []http.Header{
		{"X-Forwarded-Email": {"ann@example.gov.uk"}},
		{"X-Forwarded-Email": {"ann@example.gov.uk"}, "X-Forwarded-For": {"10.0.0.7"}},
		{"X-Forwarded-Email": {"ann@example.gov.uk"}, "Forwarded": {"for=10.0.0.7"}},
	} {
		require.Equal(t, 401, l.ask(t, "/journeys", header))
	}
	header := http.Header{"X-Forwarded-Email": {"a,b"}, "Authorization": {"Bearer " + annsToken}}
	require.Equal(t, 200, l.ask(t, "/journeys", header), "from others the header is ignored")
}

func TestAProxysWordWinsOverACookie(t *testing.T) {
	t.Parallel()
	l := newProxied(t, "127.0.0.1/32")
	b := l.browser(t)
	b.signIn(annsToken)
	_, text := b.do("/journeys", nil, "X-Forwarded-Email", "bob@x", "X-Forwarded-Groups", "admins")
	require.Contains(t, text, "Signed in as bob@x")
	answer, _ := b.do("/journeys", nil, "X-Forwarded-Email", "bob@x")
	require.Equal(t, http.StatusForbidden, answer.StatusCode, "bob has no role, whatever the cookie")
	_, text = b.do("/journeys", nil)
	require.Contains(t, text, "Signed in as ann")
}

func TestCookiesAreSecureBehindAnEncryptingProxy(t *testing.T) {
	t.Parallel()
	for proxies, secure := range map[string]bool{"127.0.0.1/32": true, "10.0.0.7/32": false} {
		l := newProxied(t, proxies)
		for scheme, want := range map[string]bool{"https": secure, "http": false, "": false, "HTTPS": secure} {
			answer, _ := l.do(t, http.MethodPost, "/login", "token="+annsToken, "Content-Type", form,
				"Authorization", "",
				"X-Forwarded-Proto", scheme)
			require.Equal(t, want, answer.Cookies()[0].Secure, "%s from %s", scheme, proxies)
		}
	}
}
