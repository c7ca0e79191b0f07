package gateway

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/match"
	"paygate/gateway/modes"
	"paygate/gateway/origin"
)

func TestDryRunTellsWhatTheListenerWouldDo(t *testing.T) {
	t.Parallel()
	d := NewDryRun(Options{
		Origins: origin.List{{Scheme: "https", Host: "apply.example"}}, Prefix: "/_pay", Methods: []string{"PROPFIND"},
		Routes: []Route{
			{Mode: modes.On, Route: match.Route{
				Name: "licence", Match: patternOf(t, "POST /licences/apply"), Strict: true,
				Allow: []match.Pattern{patternOf(t, "POST /licences/apply/photo")},
			}},
			{Mode: modes.On, Route: match.Route{Name: "register", Match: patternOf(t, "GET /register")}},
			{Mode: modes.Free, Route: match.Route{Name: "fine", Match: patternOf(t, "POST /fines/pay")}},
		},
	})
	for line, outcome := range map[[2]string]Outcome{
		{http.MethodPost, "/licences/apply"}:                     OutcomeHeld,
		{http.MethodPost, "/licences/apply;jsessionid=1"}:        OutcomeHeld,
		{http.MethodPost, "http://apply.example/licences/apply"}: OutcomeHeld,
		{http.MethodPost, "/licences//apply"}:                    OutcomeRefused,
		{http.MethodPost, "/licences/apply/x"}:                   OutcomeRefused,
		{http.MethodPost, "/licences/apply/photo"}:               OutcomeForwarded,
		{http.MethodPost, "/a b"}:                                OutcomeRefused,
		{http.MethodPost, "/index.php?q=licences/apply"}:         OutcomeForwarded,
		{http.MethodPost, "/fines/pay"}:                          OutcomeForwarded,
		{http.MethodPost, "/_pay/again"}:                         OutcomeOwn,
		{http.MethodPut, "/licences/apply"}:                      OutcomeRefused,
		{"post", "/licences/apply"}:                              OutcomeRefused,
		{"PROPFIND", "/dav"}:                                     OutcomeForwarded,
		{http.MethodGet, "/licences/apply"}:                      OutcomeForwarded,
		{http.MethodGet, "/register"}:                            OutcomeHeld,
		{http.MethodGet, "//register"}:                           OutcomeRefused,
		{http.MethodGet, "/./register?x"}:                        OutcomeRedirected,
	} {
		require.Equal(t, outcome, d.Outcome(RawRequest{Method: line[0], Target: line[1]}), line)
	}
}

func patternOf(t testing.TB, text string) match.Pattern {
	t.Helper()
	p, err := match.ParsePattern(text)
	require.NoError(t, err)
	return p
}
