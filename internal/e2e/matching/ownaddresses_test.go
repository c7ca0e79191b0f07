package matching

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

func TestForeignOrTamperedTicketOpensNothing(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	id := c.Journeys()[0].ID
	for name, value := range map[string]string{
		"none": "", "nonsense": "paygate=nonsense",
		"tampered": "paygate=MTc5NTUyMzE1NHx",
	} {
		stranger := h.Citizen()
		p := stranger.Get("/_pay/return?looked", "Cookie", value)
		require.Equal(t, http.StatusNotFound, p.Status, name)
		require.Contains(t, p.Text, "We cannot find your payment")
		require.Equal(t, http.StatusNotFound, stranger.Post("/_pay/again", url.Values{"journey": {id}}).Status,
			"an ID alone opens nothing")
	}
}

// A sibling site can set cookies with the name of Paygate's.
func TestInjectedCookiesDoNotHideTheTicket(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	hold := func(name string) string {
		answer := d.MustHold(t, applyForm("name="+name))
		return answer.Ticket()
	}
	anns, evas := hold("Ann"), hold("Eve")
	for _, payment := range d.Pay.Payments() {
		require.NoError(t, d.Pay.Pay(payment.ID, "submitted"))
	}
	waits := func(cookies string) string {
		return d.Send("GET /_pay/return?looked HTTP/1.1\r\nHost: apply.example.org\r\nCookie: " + cookies +
			"\r\n\r\n").Answers[0].Body
	}
	references := map[string]string{}
	for _, payment := range d.Pay.Payments() {
		references[payment.Reference] = payment.ID
	}
	require.Len(t, references, 2)
	own := waits(anns)
	for _, cookies := range []string{
		"paygate=; " + anns, anns + "; paygate=", "paygate=injected; " + anns + "; paygate=injected",
		"paygate=" + strings.Repeat("x", 5000) + "; " + anns, anns + "; " + anns,
		strings.Repeat("paygate=injected; ", 500) + anns, "$Version=1; " + anns + "; $Path=/",
		"__Host-paygate=injected; " + anns, "\u2000paygate=injected; " + anns, anns + "\r\nCookie: paygate=injected",
		"paygate=injected\r\nCookie: " + anns, strings.ToUpper(anns[:3]) + "=x; " + anns,
		strings.Replace(evas, "=", "=x", 1) + "; " + anns,
	} {
		require.Equal(t, own, waits(cookies), "%.80q", cookies)
	}
	both := d.Send("GET /_pay/status HTTP/1.1\r\nHost: apply.example.org\r\nAccept: application/json\r\nCookie: " +
		evas +
		"; " + anns + "\r\n\r\n").Answers[0].Body
	for reference := range references {
		require.Contains(t, both, reference, "an injected ticket adds a journey and hides none")
	}
	require.Contains(t, waits(strings.Replace(anns, "paygate", "Paygate", 1)), "We cannot find your payment",
		"cookie names are case-sensitive")
	require.Empty(t, d.Service.Take())
}

func TestPaygateAddressesNeverReachTheService(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	for target, status := range map[string]int{
		"/_pay": 404, "/_pay/": 404, "/_pay/nothing": 404, "/_pay/return/": 404, "/_pay//return": 404,
		"/_pay/webhook": 404,
		"/_pay/assets/": 404, "/_pay/assets/nothing.css": 404, "/_pay/again": 405, "/_pay/resume": 405,
		"/_pay/status": 200, "/_pay/keys": 200,
	} {
		p := c.Get(target)
		require.Equal(t, status, p.Status, target)
		require.Equal(t, "yes", p.Header.Get("Paygate-Answer"), target)
	}
	require.Equal(t, http.StatusMethodNotAllowed, c.Post("/_pay/return", nil).Status)
	require.Empty(t, h.Service.Requests(http.MethodGet))
	require.Equal(t, http.StatusForbidden, c.Post("/_pay/again", nil, "Sec-Fetch-Site", "cross-site").Status)
}

func TestPrefetchStartsNothing(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	require.Equal(t, http.StatusServiceUnavailable, c.Get("/register/2026", "Sec-Purpose", "prefetch;prerender").Status)
	c.Apply("Ann")
	h.EndPayment("success")
	require.Equal(t, http.StatusServiceUnavailable, c.Get("/_pay/return", "Purpose", "prefetch").Status)
	require.Empty(t, h.Service.Requests(http.MethodPost))
}

func TestRouteCanBeClosedOrFree(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_ROUTE_LICENCE_MODE=closed", "PAYGATE_ROUTE_REGISTER_MODE=free")
	c := h.Citizen()
	p := c.Post("/licences/apply", url.Values{"name": {"Ann"}})
	require.Equal(t, http.StatusServiceUnavailable, p.Status)
	require.Contains(t, p.Text, "Payments are closed")
	require.Equal(t, http.StatusOK, c.Get("/register/2026").Status)
	require.Contains(t, h.Log.String(), "pay route is free")
	require.Equal(t, "none", h.Service.Requests(http.MethodGet)[0].Header.Get("Paygate-Status"))
	require.Empty(t, h.Payments())
}

func TestDrainingRefusesNewPayments(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	require.NoError(t, h.App.Drain(t.Context()))
	p := c.Post("/licences/apply", url.Values{"name": {"Bob"}})
	require.Equal(t, http.StatusServiceUnavailable, p.Status)
	require.Equal(t, "60", p.Header.Get("Retry-After"))
	require.Equal(t, http.StatusOK, c.Get("/free").Status)
	h.EndPayment("success")
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page", "open journeys are finished")
}
