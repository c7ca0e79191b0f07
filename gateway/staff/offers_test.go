package staff_test

import (
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/signin"
	"paygate/gateway/staff"
)

// leadsTo finds the addresses to which a page leads: those of its forms and of its links.
var leadsTo = regexp.MustCompile(`<form method="(\w+)" action="([^"]+)"|<a [^>]*href="(/[^"?#]*)`)

// offered lists the patterns of the addresses to which a page leads.
func offered(t *testing.T, page string) (patterns []string) {
	t.Helper()
	mux := http.NewServeMux()
	for pattern := range staff.Roles() {
		mux.HandleFunc(pattern, func(http.ResponseWriter, *http.Request) {})
	}
	for _, m := range leadsTo.FindAllStringSubmatch(page, -1) {
		method, address := strings.ToUpper(m[1]), m[2]
		if address == "" {
			method, address = http.MethodGet, m[3]
		}
		request, err := http.NewRequestWithContext(t.Context(), method, address, nil)
		require.NoError(t, err)
		_, pattern := mux.Handler(request)
		patterns = append(patterns, pattern)
	}
	return patterns
}

func TestNoPageOffersWhatTheRoleDoesNotAllow(t *testing.T) {
	t.Parallel()
	l := newListener(t, func(o *staff.Options) {
		o.Runner.SecondPersonFrom = 1500
		for _, role := range []signin.Role{signin.View, signin.Refund, signin.Admin} {
			o.SignIn.Tokens, _ = o.SignIn.Tokens.Add(role.String() + "er:" + role.String() + ":" + tokenOf(role))
		}
	})
	waiting := l.addTaken(t, "LIC1")
	l.order(t, "ann", waiting, "refund", refund15)
	stuck := l.addStuck(t, "LIC2")
	roles := staff.Roles()
	for _, role := range []signin.Role{signin.View, signin.Refund, signin.Admin} {
		found := map[string]bool{}
		for _, path := range []string{
			"/", "/journeys", "/journeys/" + string(waiting), "/journeys/" + string(stuck), "/finance", "/reconcile",
			"/routes", "/nothing",
		} {
			_, text := l.do(t, http.MethodGet, path, "", "Accept", html, "Authorization", "Bearer "+tokenOf(role))
			for _, pattern := range offered(t, text) {
				require.LessOrEqual(t, roles[pattern], role, "%s offers %s to %s", path, pattern, role)
				found[pattern] = true
			}
		}
		require.Equal(t, role >= signin.Refund, found["POST /journeys/{id}/approve"], role)
		require.Equal(t, role >= signin.Refund, found["POST /mopup"], role)
		require.Equal(t, role >= signin.Admin, found["POST /routes/{name}"], role)
	}
}

func TestThePersonWhoAskedIsOfferedToWithdrawAndNotToAgree(t *testing.T) {
	t.Parallel()
	l := second(t)
	id := l.addTaken(t, "LIC1")
	l.order(t, "ann", id, "refund", refund15)
	_, text := l.do(t, http.MethodGet, "/journeys/"+string(id), "", "Accept", html)
	require.Contains(t, text, "Waiting for a second person")
	require.NotContains(t, offered(t, text), "POST /journeys/{id}/approve")
	require.Contains(t, offered(t, text), "POST /journeys/{id}/reject")
	_, text = l.do(t, http.MethodGet, "/journeys/"+string(id), "", "Accept", html,
		"Authorization", "Bearer long-token-of-bob")
	require.Contains(t, offered(t, text), "POST /journeys/{id}/approve")
}

func TestSomebodyWithoutARoleLearnsNothing(t *testing.T) {
	t.Parallel()
	l := newListener(t, func(o *staff.Options) {
		o.SignIn.Header = signin.Header{Name: "X-Forwarded-Email"}
		o.SignIn.Proxies = signin.Proxies{netip.MustParsePrefix("127.0.0.1/32")}
	})
	until := l.now().Add(time.Hour).Format(time.RFC3339)
	answer, text := l.do(t, http.MethodPost, "/routes/licence", `{"mode":"free","reason":"outage","until":"`+until+`"}`)
	require.Equal(t, http.StatusOK, answer.StatusCode, text)
	answer, text = l.do(t, http.MethodGet, "/", "",
		"Accept", html, "Authorization", "", "X-Forwarded-Email", "eve@example.org")
	require.Equal(t, http.StatusForbidden, answer.StatusCode)
	require.Contains(t, text, "you have no role here")
	require.NotContains(t, text, "pass without payment")
	require.Contains(t, text, "Sign out")
}
