package staff_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/signin"
)

// A person whose issuer lets them edit preferred_username writes another's name into the audit.
func TestAuditTellsPeopleOfOneNameApart(t *testing.T) {
	t.Parallel()
	is, l := newIssuer(t, "sub:mallory=refund", nil)
	is.claims["sub"], is.claims["preferred_username"] = "mallory", "ann"
	b := l.browser(t)
	is.signIn(b)
	require.True(t, b.isIn())
	l.do(t, http.MethodGet, "/journeys", "") // the real ann, by token
	_, text := l.do(t, http.MethodGet, "/audit.csv", "")
	require.Contains(t, text, "mallory")
}

// Signing in 20 times under a borrowed name ends the sessions of the other person.
func TestABorrowedNameEndsNobodysSession(t *testing.T) {
	t.Parallel()
	is, l := newIssuer(t, "sub:mallory=view", nil)
	ann := l.browser(t)
	ann.signIn(annsToken)
	is.claims["sub"], is.claims["preferred_username"] = "mallory", "ann"
	for range 20 {
		l.pass(1)
		is.signIn(l.browser(t))
	}
	require.True(t, ann.isIn())
}

// One person by two ways in.
func TestOnePersonByTwoWaysIsNotTwo(t *testing.T) {
	t.Parallel()
	is, l := newIssuer(t, "ann@example.gov.uk=refund", func(o *signin.Options) {
		o.Header = signin.Header{Name: "X-Forwarded-Email"}
		o.Proxies = signin.Proxies{netip.MustParsePrefix("127.0.0.1/32")}
	})
	l.options.Runner.SecondPersonFrom = 1500
	id := l.addTaken(t, "LIC1")
	is.claims["preferred_username"] = "zed"
	b := l.browser(t)
	is.signIn(b)
	page := "/journeys/" + string(id)
	refund := url.Values{"reason": {"goodwill"}, "amount": {"15"}}
	answer, text := b.do(page+"/refund", refund, "Accept", "application/json")
	require.Equal(t, http.StatusAccepted, answer.StatusCode, text)
	answer, text = l.do(t, http.MethodPost, page+"/approve", agree15, "Authorization", "",
		"X-Forwarded-Email", "ann@example.gov.uk")
	require.Equal(t, http.StatusConflict, answer.StatusCode, text)
}

// Azure Application Gateway writes ip:port into X-Forwarded-For.
func TestAPortInXForwardedForIsRead(t *testing.T) {
	t.Parallel()
	l := newProxied(t, "127.0.0.1/32")
	try := func(client string) int {
		answer, _ := l.do(t, http.MethodPost, "/login", "token=wrong", "Content-Type", form, "Authorization", "",
			"X-Forwarded-For", client)
		return answer.StatusCode
	}
	for i := range 11 {
		try(fmt.Sprint("192.0.2.1:", 4000+i))
	}
	require.Equal(t, 401, try("198.51.100.2:4000"), "another client is not braked")
}

// The cookie of a sign-in that was begun can be planted by a neighbouring site.
func TestTheFlowCookieIsOfThisOriginAlone(t *testing.T) {
	t.Parallel()
	_, l := newIssuer(t, "sub:x=view", func(o *signin.Options) {
		o.Proxies = signin.Proxies{netip.MustParsePrefix("127.0.0.1/32")}
	})
	answer, _ := l.do(t, http.MethodGet, "/login/start", "", "Authorization", "", "X-Forwarded-Proto", "https")
	require.True(t, strings.HasPrefix(answer.Cookies()[0].Name, "__Host-"), answer.Cookies()[0].Name)
}
