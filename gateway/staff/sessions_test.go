package staff_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/signin"
	"paygate/gateway/staff"
	"paygate/journey"
)

// browser is a browser of a member of staff.
type browser struct {
	t  *testing.T
	l  *listener
	at *http.Client
}

func (l *listener) browser(t *testing.T) browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return browser{t, l, &http.Client{Jar: jar}}
}

// do gets an address, or posts a form to it, and follows redirects.
func (b browser) do(address string, fields url.Values, headers ...string) (*http.Response, string) {
	b.t.Helper()
	method := http.MethodGet
	if fields != nil {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(b.t.Context(), method, b.l.URL+address,
		strings.NewReader(fields.Encode()))
	require.NoError(b.t, err)
	request.Header.Set("Accept", html)
	request.Header.Set("Content-Type", form)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer, err := b.at.Do(request)
	require.NoError(b.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(b.t, err)
	return answer, string(text)
}

func (b browser) signIn(token string) {
	b.t.Helper()
	answer, text := b.do("/login", url.Values{"token": {token}, "to": {"/journeys"}})
	require.Equal(b.t, "/journeys", answer.Request.URL.Path, text)
}

func (b browser) isIn() bool {
	answer, _ := b.do("/journeys", nil)
	return answer.Request.URL.Path == "/journeys"
}

func TestSessionEndsAfterTenHoursOrAnHourUnused(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	b := l.browser(t)
	b.signIn(annsToken)
	l.pass(time.Hour - time.Second)
	require.True(t, b.isIn())
	l.pass(time.Hour)
	require.False(t, b.isIn(), "an hour without use")

	b.signIn(annsToken)
	for range 10 * 60 / 50 {
		require.True(t, b.isIn())
		l.pass(50 * time.Minute)
	}
	require.False(t, b.isIn(), "ten hours, however much it was used")
}

func TestSignOutEndsTheSessionOnTheServer(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	b, other := l.browser(t), l.browser(t)
	b.signIn(annsToken)
	other.signIn(annsToken)
	at, err := url.Parse(l.URL)
	require.NoError(t, err)
	copied := b.at.Jar.Cookies(at)
	b.do("/logout", url.Values{})
	require.False(t, b.isIn())
	thief := l.browser(t)
	thief.at.Jar.SetCookies(at, copied)
	require.False(t, thief.isIn(), "a copy of the cookie is worth nothing")
	require.True(t, other.isIn(), "the other session of the same member goes on")
}

func TestSigningInEndsTheEarlierSessionOfTheBrowser(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	b := l.browser(t)
	b.signIn(annsToken)
	at, err := url.Parse(l.URL)
	require.NoError(t, err)
	copied := b.at.Jar.Cookies(at)
	b.signIn(annsToken)
	require.True(t, b.isIn())
	thief := l.browser(t)
	thief.at.Jar.SetCookies(at, copied)
	require.False(t, thief.isIn())
}

func TestWhatWasSearchedIsNotInTheAddressOfTheSignIn(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	answer, _ := l.browser(t).do("/journeys?find=Ann+Smith&reference=LIC-1&payment=hu20&state=stuck&q=Ann", nil)
	require.Equal(t, "/journeys?state=stuck", answer.Request.URL.Query().Get("to"))
}

func TestOverHTTPSOnlyThisOriginCanSetTheCookie(t *testing.T) {
	t.Parallel()
	l := newListener(t, func(o *staff.Options) {
		o.SignIn.Proxies = signin.Proxies{netip.MustParsePrefix("127.0.0.1/32")}
	})
	body := url.Values{"token": {annsToken}}.Encode()
	answer, _ := l.do(t, http.MethodPost, "/login", body, "Content-Type", form, "Authorization", "",
		"X-Forwarded-Proto", "https")
	cookie := answer.Cookies()[0]
	require.Equal(t, "__Host-paygate-staff", cookie.Name)
	require.True(t, cookie.Secure)
	for name, status := range map[string]int{cookie.Name: http.StatusOK, "paygate-staff": http.StatusUnauthorized} {
		answer, _ = l.do(t, http.MethodGet, "/journeys", "", "Authorization", "", "X-Forwarded-Proto", "https",
			"Cookie", name+"="+cookie.Value)
		require.Equal(t, status, answer.StatusCode, name)
	}
}

func TestAMemberHasAFewSessions(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	first := l.browser(t)
	first.signIn(annsToken)
	for range 20 {
		l.pass(time.Second)
		l.browser(t).signIn(annsToken)
	}
	require.False(t, first.isIn())
}

func TestSessionCookieIsStrictAndTellsNothing(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	body := url.Values{"token": {annsToken}}.Encode()
	answer, _ := l.do(t, http.MethodPost, "/login", body, "Content-Type", form, "Authorization", "")
	cookie := answer.Cookies()[0]
	require.Equal(t, http.SameSiteStrictMode, cookie.SameSite)
	require.True(t, cookie.HttpOnly)
	require.False(t, cookie.Secure, "this listener has no TLS")
	require.NotContains(t, cookie.Value, annsToken)
	stored, err := l.store.Value(t.Context(), "staff sessions")
	require.NoError(t, err)
	require.NotContains(t, string(stored), annsToken)
}

func TestAFormSurvivesTheEndOfASession(t *testing.T) {
	t.Parallel()
	l := newListener(t, func(o *staff.Options) {
		o.SignIn.Tokens, _ = o.SignIn.Tokens.Add("bob:bobs-token-0123456789")
	})
	id := l.addStuck(t, "LIC1")
	b := l.browser(t)
	b.signIn(annsToken)
	l.pass(time.Hour)
	typed := url.Values{"as": {"reversed"}, "reason": {`the "citizen" <rang> ` + strings.Repeat("é", 450)}}
	answer, text := b.do("/journeys/"+string(id)+"/settle", typed)
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	require.Contains(t, text, "what you typed is kept")
	require.Equal(t, journey.StateStuck, l.state(t, id))

	answer, text = b.do("/login", url.Values{"token": {"wrong"}, "to": {"/resume"}})
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	require.Contains(t, text, "what you typed is kept")
	_, text = b.do("/login", url.Values{"token": {"bobs-token-0123456789"}, "to": {"/resume"}})
	require.NotContains(t, text, "rang", "what Ann typed is not for Bob")

	answer, text = b.do("/login", url.Values{"token": {annsToken}, "to": {"/resume"}})
	require.Equal(t, "/resume", answer.Request.URL.Path)
	require.Contains(t, text, "the &#34;citizen&#34; &lt;rang&gt; éé")
	require.Contains(t, text, `action="/journeys/`+string(id)+`/settle"`)
	require.Contains(t, text, `name="as" value="reversed"`)
	require.Equal(t, journey.StateStuck, l.state(t, id), "nothing is done by signing in")

	b.order(id, "settle", typed)
	require.Equal(t, journey.StateReversed, l.state(t, id))
	answer, _ = b.do("/resume", nil)
	require.Equal(t, "/", answer.Request.URL.Path, "it is not offered twice")
}

func TestAStrangersFormIsNotKept(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	id := l.addStuck(t, "LIC1")
	answer, text := l.browser(t).do("/journeys/"+string(id)+"/settle", url.Values{"reason": {"x"}})
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	require.NotContains(t, text, "what you typed is kept")
	require.Empty(t, answer.Cookies())
}

func TestSessionsHoldAtAllReplicas(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	b := l.browser(t)
	b.signIn(annsToken)
	gate := signin.NewGate(l.options.SignIn)
	at, err := url.Parse(l.URL)
	require.NoError(t, err)
	request, err := http.NewRequest(http.MethodGet, "/", nil)
	require.NoError(t, err)
	for _, cookie := range b.at.Jar.Cookies(at) {
		request.AddCookie(cookie)
	}
	m, err := gate.MemberOf(request)
	require.NoError(t, err)
	require.Equal(t, "ann", m.Name)
	b.do("/logout", url.Values{})
	_, err = gate.MemberOf(request)
	require.ErrorIs(t, err, signin.ErrUnknown)
}

func (l *listener) state(t *testing.T, id journey.ID) journey.State {
	t.Helper()
	j, err := l.store.Get(t.Context(), id)
	require.NoError(t, err)
	return j.State
}
