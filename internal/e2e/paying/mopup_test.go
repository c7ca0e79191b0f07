package paying

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/boltstore"
)

func TestMopupDeliversForCitizenWhoNeverReturns(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t, testserver.Confirm, testserver.EagerSweeps...)
	runMopup(h)
	c.WaitForState(journey.StateReleased)
	posts := h.Service.Requests(http.MethodPost)
	require.Len(t, posts, 1)
	require.Equal(t, "mopup", posts[0].Header.Get("Paygate-Via"))
	require.Equal(t, "success", h.Payments()[0].Status)
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page", "the citizen sees it on returning later")
}

func TestSweepIgnoresRecentPayments(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_MOPUP_EVERY=5ms")
	c := h.Citizen()
	c.Apply("Ann")
	before := len(h.Pay.Requests())
	runMopup(h)
	require.Eventually(t, func() bool { return strings.Count(h.Log.String(), `"msg":"swept"`) > 3 },
		testserver.LongTimeout,
		time.Millisecond)
	require.Len(t, h.Pay.Requests(), before, "Pay was not asked about a recent payment")
	require.Equal(t, journey.StatePaying, c.State())
}

func TestUnpaidJourneyIsAbandonedAndErased(t *testing.T) {
	t.Parallel()
	for _, outcome := range []string{"expired", "declined", "cancelled"} {
		t.Run(outcome, func(t *testing.T) {
			t.Parallel()
			h := testserver.New(t, testserver.Confirm, testserver.EagerSweeps...)
			c := h.Citizen()
			c.Apply("Ann")
			h.EndPayment(outcome)
			c.SweepUntil(journey.StateAbandoned)
			require.Contains(t, c.ReturnFromPay().Text, "This payment was not made")
			require.Empty(t, h.Service.Requests(http.MethodPost))
			id := journey.ID(c.Journeys()[0].ID)
			h.Close()
			h.WithStore(func(s *boltstore.Store) {
				_, err := s.Request(t.Context(), id)
				require.ErrorIs(t, err, journey.ErrErased)
			})
			h.Open(h.ListenAgain(), testserver.EagerSweeps...)
		})
	}
}

func TestJourneyWithoutPaymentIsAbandoned(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, testserver.EagerSweeps...)
	c := h.Citizen()
	h.Pay.AddFault(paysim.Fault{Call: "create", Kind: "500", Times: 1})
	require.Equal(t, http.StatusBadGateway, c.Post("/licences/apply", url.Values{"name": {"Ann"}}).Status)
	c.SweepUntil(journey.StateAbandoned)
	require.Empty(t, h.Payments())
	require.Empty(t, h.Service.Requests(http.MethodPost))
}

func TestRefusedPaymentIsReturned(t *testing.T) {
	t.Parallel()
	for route, wanted := range map[string]paysim.PaymentView{
		"/licences/apply": {Status: "cancelled"}, "/fines/pay": {Status: "success", Refunded: 3000},
	} {
		t.Run(route, func(t *testing.T) {
			t.Parallel()
			h := testserver.New(t,
				func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnprocessableEntity) },
				append(testserver.EagerSweeps, "PAYGATE_ROUTE_IMMEDIATE_RESUBMIT_FOR=1ms")...)
			c := h.Citizen()
			require.Equal(t, http.StatusSeeOther, c.Post(route, url.Values{"name": {"Ann"}}).Status)
			h.EndPayment("success")
			runMopup(h)
			c.WaitForState(journey.StateRefused)
			c.Get("/_pay/status")
			c.WaitForState(journey.StateReversed)
			require.Equal(t, wanted.Status, h.Payments()[0].Status)
			require.Equal(t, wanted.Refunded, h.Payments()[0].Refunded)
			require.Contains(t, c.ReturnFromPay().Text, "Your money is being given back")
			require.Len(t, h.Service.Requests(http.MethodPost), 1)
		})
	}
}

// TestFailedCancelOrRefundIsRetried also proves that neither is made twice.
func TestFailedCancelOrRefundIsRetried(t *testing.T) {
	t.Parallel()
	for route, wanted := range map[string]paysim.PaymentView{
		"/licences/apply": {Status: "cancelled"}, "/fines/pay": {Status: "success", Refunded: 3000},
	} {
		for _, kind := range []string{"429", "500", "503", "reset", "lost", "html", "garbage"} {
			t.Run(route+" "+kind, func(t *testing.T) {
				t.Parallel()
				h := testserver.NewOnPayClock(t,
					func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnprocessableEntity) },
					append(testserver.EagerSweeps, "PAYGATE_ROUTE_IMMEDIATE_RESUBMIT_FOR=1ms")...)
				c := h.Citizen()
				c.Post(route, url.Values{"name": {"Ann"}})
				h.EndPayment("success")
				for _, call := range []string{"cancel", "refund"} {
					h.Pay.AddFault(paysim.Fault{Call: call, Kind: kind, Times: 2})
				}
				c.SweepUntil(journey.StateRefused)
				c.Get("/_pay/status")
				for range 3 { // the back-off of refunds is five minutes, and then half an hour
					h.Pay.Advance(31 * time.Minute)
					h.Sweep()
				}
				require.Equal(t, journey.StateReversed, c.State())
				require.Equal(t, wanted.Status, h.Payments()[0].Status)
				require.Equal(t, wanted.Refunded, h.Payments()[0].Refunded)
			})
		}
	}
}

func TestPaymentWithLostAnswerIsFoundAndClosed(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, testserver.EagerSweeps...)
	c := h.Citizen()
	h.Pay.AddFault(paysim.Fault{Call: "create", Kind: "lost", Times: 1})
	require.Equal(t, http.StatusBadGateway, c.Post("/licences/apply", url.Values{"name": {"Ann"}}).Status)
	require.Len(t, h.Payments(), 1, "Pay created it")
	runMopup(h)
	c.WaitForState(journey.StatePaying)
	h.EndPayment("expired")
	c.WaitForState(journey.StateAbandoned)
	require.Empty(t, h.Service.Requests(http.MethodPost))
}

func TestRequestIsDeliveredOnceServiceIsBack(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t, testserver.Confirm, testserver.EagerSweeps...)
	h.Service.Server.Close()
	runMopup(h)
	c.WaitForState(journey.StateConfirmed)
	h.Service.Restart(t)
	c.WaitForState(journey.StateReleased)
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
}

// TestManualSweepVisitsEachJourneyOnce: a failed journey is due again soon, and a manual sweep also visits journeys
// that are due soon.
func TestManualSweepVisitsEachJourneyOnce(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_MOPUP_MIN_AGE=0s")
	for range 3 {
		h.Citizen().Apply("Ann")
	}
	h.Pay.AddFault(paysim.Fault{Call: "get", Kind: "500"})
	for range 2 {
		counts := h.Sweep()
		require.Contains(t, counts, `"visited":3,`)
		require.Contains(t, counts, `"failed":3,`)
	}
}

func TestLatePaymentIsRefunded(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm,
		append(testserver.EagerSweeps, "PAYGATE_SECOND_LOOK=20ms", "PAYGATE_ROUTE_IMMEDIATE_RETRY_FOR=1ms")...)
	c := h.Citizen()
	require.Equal(t, http.StatusSeeOther, c.Post("/fines/pay", url.Values{}).Status)
	h.EndPayment("declined")
	runMopup(h)
	c.WaitForState(journey.StateAbandoned)
	require.NoError(t, h.Pay.Correct(h.Payments()[0].ID, "success", ""), "Pay corrects itself")
	c.WaitForState(journey.StateReversed)
	require.EqualValues(t, 3000, h.Payments()[0].Refunded)
	require.Empty(t, h.Service.Requests(http.MethodPost), "the request was erased")
}
