package matching

import (
	"net/http"
	"net/url"
	"testing"

	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"

	"github.com/stretchr/testify/require"
)

func TestRouteCanReleaseOnReturn(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm,
		append(testserver.EagerSweeps, "PAYGATE_ROUTE_IMMEDIATE_RELEASE=on-return", "PAYGATE_SECOND_LOOK=10ms")...)
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{})
	h.EndPayment("started")
	require.Contains(t, c.ReturnFromPay().Text, "You have not finished paying",
		"not before Pay reports submitted")
	h.EndPayment("submitted")
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	got := h.Service.Requests(http.MethodPost)
	require.Len(t, got, 1)
	require.Equal(t, "pending", got[0].Header.Get("Paygate-Status"))
	require.Empty(t, got[0].Header["Paygate-Paid-At"])
	for _, check := range h.Verify(t, got[0]) {
		require.True(t, check.Good, "%s: %s", check.Name, check.Detail)
	}
	require.Equal(t, journey.StateReleased, c.State())
}

func TestUnpaidReleaseOnReturnNeedsAPerson(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm,
		append(testserver.EagerSweeps, "PAYGATE_ROUTE_IMMEDIATE_RELEASE=on-return",
			"PAYGATE_PAY_WEBHOOK_SECRETS="+testserver.WebhookSecret)...)
	h.Pay.SetWebhook(h.URL+"/_pay/webhook", testserver.WebhookSecret)
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{})
	h.EndPayment("submitted")
	c.ReturnFromPay()
	require.Equal(t, journey.StateReleased, c.State())
	h.EndPayment("expired")
	c.WaitForState(journey.StateStuck)
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
}

// paysAFine returns a citizen who is on the way to Pay on the route with immediate capture.
func paysAFine(h *testserver.Harness) *testserver.Citizen {
	c := h.Citizen()
	require.Equal(h.T, http.StatusSeeOther, c.Post("/fines/pay", url.Values{}).Status)
	return c
}

// The citizen must return, and Pay must then report at least "submitted".
func TestReleaseOnReturnNeedsPaysConfirmation(t *testing.T) {
	t.Parallel()
	onReturn := []string{
		"PAYGATE_ROUTE_IMMEDIATE_RELEASE=on-return", "PAYGATE_MOPUP_MIN_AGE=0s",
		"PAYGATE_PAY_WEBHOOK_SECRETS=" + testserver.WebhookSecret,
	}
	for _, status := range []string{"created", "started", "declined", "cancelled", "expired", "error"} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			h := testserver.New(t, testserver.Confirm, onReturn...)
			c := paysAFine(h)
			if status != "created" {
				h.EndPayment(status)
			}
			c.ReturnFromPay()
			require.Empty(t, h.Service.Requests(http.MethodPost))
		})
	}
	// net/http repeats a GET on a reused connection
	for fault, times := range map[string]int{
		"500": 1, "429": 1, "reset": 2, "lost": 2, "html": 1, "garbage": 1,
		"empty": 1,
	} {
		t.Run("fault of Pay: "+fault, func(t *testing.T) {
			t.Parallel()
			h := testserver.New(t, testserver.Confirm, onReturn...)
			c := paysAFine(h)
			h.EndPayment("submitted")
			h.Pay.AddFault(paysim.Fault{Call: "get", Kind: fault, Times: times})
			require.Contains(t, c.ReturnFromPay().Text, "checking")
			require.Empty(t, h.Service.Requests(http.MethodPost))
			require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
			require.Len(t, h.Service.Requests(http.MethodPost), 1)
		})
	}
	t.Run("without a return", func(t *testing.T) {
		t.Parallel()
		h := testserver.New(t, testserver.Confirm, onReturn...)
		c := paysAFine(h)
		h.EndPayment("submitted")
		h.Sweep()
		h.Ann().Do(http.MethodPost, "/journeys/"+c.Journeys()[0].ID+"/check", nil)
		_, status, _ := h.Ann().Order(c.Journeys()[0].ID, "release", testserver.WithReason())
		require.Equal(t, http.StatusConflict, status)
		require.Equal(t, http.StatusServiceUnavailable, c.Get("/_pay/return", "Sec-Purpose", "prefetch").Status)
		require.Equal(t, http.StatusNotFound, h.Citizen().Get("/_pay/return?looked").Status,
			"the return of another browser")
		require.Empty(t, h.Service.Requests(http.MethodPost))
		require.Equal(t, journey.StatePaying, c.State())
	})
}
