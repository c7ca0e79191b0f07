package stacks

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/command/probe"
	"paygate/internal/testprocess"
)

// Rails puts the fields of JSON into an object, unless the JSON has that object. So a service whose clients send
// licence may read application.licence.
func TestRailsSellsNoDearerLicenceThatIsWithinAnObject(t *testing.T) {
	t.Parallel()
	at := slices.IndexFunc(stacks(), func(s stack) bool { return s.name == "Rails" })
	s := stacks()[at].run(t)
	over := append(s.settings, "PAYGATE_ROUTE_PERMIT_PRICE_FIELD=licence", "PAYGATE_ROUTE_RENEW_WHEN=form:action")
	through := testprocess.StartGateway(t, testprocess.StartPay(t), s.url, over...)
	c := s.caller()
	send := func(to, route, body string) int {
		target, token := s.settings.path(route), c.tokens[route].Get("authenticity_token")
		body = strings.Replace(body, "{", `{"authenticity_token":"`+token+`",`, 1)
		return c.send(t, to, probe.Spelling{
			Group: &probe.Group{}, Method: http.MethodPost, Target: target, Type: "application/json", Body: body,
		}).Status
	}
	const wrapped = `{"licence":"1-day","application":{"licence":"8-day"}}`
	send(s.url, "permit", wrapped)
	require.Equal(t, "8-day", s.ran()[0].value, "Rails reads the one in the object")
	require.Equal(t, http.StatusUnprocessableEntity, send(through.URL, "permit", wrapped))
	require.Equal(t, http.StatusSeeOther, send(through.URL, "permit", `{"licence":"1-day"}`))
	const button = `{"application":{"action":"pay"}}`
	send(s.url, "renew", button)
	require.Equal(t, "pay", s.ran()[0].value)
	require.Equal(t, http.StatusSeeOther, send(through.URL, "renew", button))
	require.Empty(t, s.ran())
}
