package staff_test

import (
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/signin"
	"paygate/gateway/staff"
)

// TestRefusedSignInsAreBraked tries the eleventh wrong token of a minute, by both ways of sending one.
func TestRefusedSignInsAreBraked(t *testing.T) {
	t.Parallel()
	l := newListener(t, func(o *staff.Options) {
		o.SignIn.Proxies = signin.Proxies{netip.MustParsePrefix("127.0.0.1/32")}
	})
	logIn := func(client, token string) int {
		answer, _ := l.do(t, http.MethodPost, "/login", "token="+token, "Content-Type", form, "Authorization", "",
			"X-Forwarded-For", client)
		return answer.StatusCode
	}
	bearer := func(client, token string) *http.Response {
		answer, _ := l.do(t, http.MethodGet, "/journeys", "", "Authorization", "Bearer "+token, "X-Forwarded-For",
			client)
		return answer
	}
	b := l.browser(t)
	b.signIn(annsToken)
	for range 5 {
		require.Equal(t, 401, logIn("192.0.2.1", "wrong"))
		require.Equal(t, 401, bearer("192.0.2.1", "wrong").StatusCode)
	}
	require.Equal(t, 429, logIn("192.0.2.1", "wrong"))
	answer := bearer("192.0.2.1", "wrong")
	require.Equal(t, 429, answer.StatusCode)
	require.Equal(t, "60", answer.Header.Get("Retry-After"))
	require.Equal(t, 429, logIn("198.51.100.9, 192.0.2.1", "wrong"), "what the client says itself does not count")

	require.Equal(t, 200, bearer("192.0.2.1", annsToken).StatusCode, "a right token is never braked")
	require.Equal(t, 303, logIn("192.0.2.1", annsToken))
	answer, _ = b.do("/journeys", nil, "X-Forwarded-For", "192.0.2.1", "Authorization", "Bearer eyJ")
	require.Equal(t, 200, answer.StatusCode, "a session is never braked")
	require.Equal(t, 401, logIn("192.0.2.2", "wrong"), "others are not braked")
	l.pass(time.Minute)
	require.Equal(t, 401, logIn("192.0.2.1", "wrong"))
}

func TestIgnoredTokensAndVisitsDoNotCountAsRefused(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	b := l.browser(t)
	b.signIn(annsToken)
	for range 20 {
		answer, _ := b.do("/journeys", nil, "Authorization", "Bearer eyJ")
		require.Equal(t, 200, answer.StatusCode)
		answer, _ = l.do(t, http.MethodGet, "/journeys", "", "Authorization", "")
		require.Equal(t, 401, answer.StatusCode)
	}
	answer, _ := l.do(t, http.MethodGet, "/journeys", "", "Authorization", "Bearer wrong")
	require.Equal(t, 401, answer.StatusCode)
}

func TestAnIPv6NetworkIsOneClient(t *testing.T) {
	t.Parallel()
	l := newListener(t, func(o *staff.Options) {
		o.SignIn.Proxies = signin.Proxies{netip.MustParsePrefix("127.0.0.1/32")}
	})
	last := 0
	for _, host := range "123456789ab" {
		answer, _ := l.do(t, http.MethodGet, "/journeys", "", "Authorization", "Bearer wrong",
			"X-Forwarded-For", "2001:db8::"+string(host))
		last = answer.StatusCode
	}
	require.Equal(t, 429, last)
}
