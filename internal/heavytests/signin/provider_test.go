// Package signin tests signing in with a real OpenID Connect provider, Zitadel's library, and a real oauth2-proxy.
package signin

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	browse "paygate/internal/heavytests/browser"
	"paygate/internal/testserver"
)

const (
	clientSecret = "secret-of-paygate"
	verysecure   = "verysecure" // the password of the provider's user
	here         = "127.0.0.1"
)

// users are what the provider keeps. Its tokens also have the groups that a test sets.
type users struct {
	*storage.Storage
	groups []string
}

func (u *users) SetUserinfoFromRequest(
	_ context.Context, info *oidc.UserInfo, request op.IDTokenRequest, _ []string,
) error {
	info.Subject, info.Email, info.EmailVerified = request.GetSubject(), "test-user@example.gov.uk", true
	info.PreferredUsername = "test.user"
	info.AppendClaims("groups", u.groups)
	return nil
}

// startProvider starts the provider at a name of this machine for a client. It returns its issuer.
func startProvider(t *testing.T, name, callback string) (*users, string) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	issuer := "http://" + net.JoinHostPort(name, port)
	storage.RegisterClients(storage.WebClient(callback, clientSecret, callback)) // all tests share the list
	u := &users{Storage: storage.NewStorage(storage.NewUserStore(issuer))}
	server.Config.Handler = exampleop.SetupServer(issuer, u, slog.New(slog.DiscardHandler), false,
		op.WithAllowInsecure())
	server.Start()
	t.Cleanup(server.Close)
	return u, issuer
}

// freeAddress returns an address of loopback at which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener := testserver.QuietListener(t)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

// browser is a browser of a member of staff.
type browser struct {
	t *testing.T
	*http.Client
}

func (b browser) do(method, address string, fields url.Values) (*http.Response, string) {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(fields.Encode()))
	require.NoError(b.t, err)
	request.Header.Set("Accept", "text/html")
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := b.Do(request)
	require.NoError(b.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(b.t, err)
	return answer, string(text)
}

var requestID = regexp.MustCompile(`name="id" value="([^"]+)"`)

// logIn types the password at the provider, to which an address leads.
func (b browser) logIn(address string) (*http.Response, string) {
	b.t.Helper()
	answer, page := b.do(http.MethodGet, address, nil)
	found := requestID.FindStringSubmatch(page)
	require.Len(b.t, found, 2, page)
	at := *answer.Request.URL
	at.Path, at.RawQuery = "/login/username", ""
	host, _, err := net.SplitHostPort(at.Host)
	require.NoError(b.t, err)
	return b.do(http.MethodPost, at.String(), url.Values{
		"id": {found[1]}, "username": {"test-user@" + host}, "password": {verysecure},
	})
}

// serve starts a Paygate whose staff sign in with the provider, which is at a name of this machine.
func serve(t *testing.T, name string, over ...string) (staff string, u *users) {
	t.Helper()
	address := freeAddress(t)
	staff = "http://" + address
	callback := staff + "/login/callback"
	u, issuer := startProvider(t, name, callback)
	h := testserver.Build(t, testserver.UnlimitedPay, testserver.Confirm)
	h.Serve(append([]string{
		"PAYGATE_STAFF_LISTEN=" + address, "PAYGATE_STAFF_PUBLIC_URL=" + staff, "PAYGATE_STAFF_OIDC_ISSUER=" + issuer,
		"PAYGATE_STAFF_OIDC_CLIENT_ID=" + callback, "PAYGATE_STAFF_OIDC_CLIENT_SECRET=" + clientSecret,
		"PAYGATE_STAFF_ROLES=group:finance=refund",
	}, over...)...)
	return staff, u
}

func newBrowser(t *testing.T) browser {
	t.Helper()
	b := testserver.NewBrowser(t)
	b.CheckRedirect = nil
	return browser{t, b}
}

func TestARealProviderSignsStaffIn(t *testing.T) {
	staff, u := serve(t, here)
	u.groups = []string{"everybody", "finance"}
	b := newBrowser(t)
	answer, text := b.logIn(staff + "/login/start?to=/journeys")
	require.Equal(t, http.StatusOK, answer.StatusCode, text)
	require.Equal(t, "/login/callback", answer.Request.URL.Path)
	require.Equal(t, "0; url=/journeys", answer.Header.Get("Refresh"))
	callback := answer.Request.URL.String()
	_, text = b.do(http.MethodGet, staff+"/journeys", nil)
	require.Contains(t, text, "Signed in as test.user")
	answer, _ = b.do(http.MethodGet, staff+"/backup", nil)
	require.Equal(t, http.StatusForbidden, answer.StatusCode)

	answer, _ = b.do(http.MethodGet, callback, nil)
	require.Equal(t, http.StatusBadRequest, answer.StatusCode, "a sign-in counts once")
	answer, _ = newBrowser(t).do(http.MethodGet, callback, nil)
	require.Equal(t, http.StatusBadRequest, answer.StatusCode, "and in its browser")

	u.groups = []string{"everybody"}
	_, text = b.do(http.MethodGet, staff+"/journeys", nil)
	require.Contains(t, text, "Signed in as test.user", "groups hold for the session")
	answer, text = newBrowser(t).logIn(staff + "/login/start?to=/journeys")
	require.Equal(t, http.StatusForbidden, answer.StatusCode)
	require.Contains(t, text, "you have no role here")
}

func TestARealProviderRefusesAnotherClient(t *testing.T) {
	staff, u := serve(t, here, "PAYGATE_STAFF_OIDC_CLIENT_SECRET=another-secret")
	u.groups = []string{"finance"}
	answer, _ := newBrowser(t).logIn(staff + "/login/start")
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
}

func TestAProviderUnderAnotherNameIsRefused(t *testing.T) {
	_, issuer := startProvider(t, here, "http://127.0.0.1/login/callback")
	other, _ := serve(t, here, "PAYGATE_STAFF_OIDC_ISSUER="+strings.Replace(issuer, "127.0.0.1", "localhost", 1))
	answer, _ := newBrowser(t).do(http.MethodGet, other+"/login/start", nil)
	require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
}

// TestABrowserSignsInAcrossSites uses a provider on another site, from which a browser sends no Strict cookie.
func TestABrowserSignsInAcrossSites(t *testing.T) {
	staff, u := serve(t, "localhost")
	u.groups = []string{"finance"}
	tab := browse.Open(t, staff)
	tab.VisitPage("/journeys")
	tab.LookAtWidths("staff-login-issuer")
	tab.Do(browse.Click("a[href^='/login/start']"), browse.See("input[name=username]"))
	tab.Do(browse.Fill("input[name=username]", "test-user@localhost"),
		browse.Fill("input[name=password]", verysecure), browse.Click("button[type=submit]"),
		browse.See("nav form[action='/logout']"))
	tab.WaitUntil("location.pathname == '/journeys'")
	require.Contains(t, tab.Text("nav"), "Signed in as test.user")
	tab.Do(browse.Click("nav form[action='/logout'] button"), browse.See("a[href^='/login/start']"))
	tab.VisitPage("/journeys")
	require.Equal(t, "/login?to=%2Fjourneys", tab.Path())
}
