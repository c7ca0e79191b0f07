package paying

import (
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"
)

// These tests let hours, days and years pass on one clock for Pay and Paygate.

func TestPaymentExpiresAfterNinetyMinutes(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	ann, ben := h.Citizen(), h.Citizen()
	ben.Apply("Ben")
	ann.Apply("Ann")
	h.Pay.Advance(89 * time.Minute)
	require.Contains(t, ann.ReturnFromPay().Text, "You have not finished paying")
	h.Pay.Advance(2 * time.Minute)
	require.Contains(t, ann.ReturnFromPay().Text, "has expired")
	require.Contains(t, ann.ReturnFromPay().Text, "No money has been taken")

	h.Pay.Advance(119 * time.Minute) // the form is stored for two hours
	require.Equal(t, http.StatusSeeOther,
		ann.Post("/_pay/again", url.Values{"journey": {ann.Journeys()[0].ID}}).Status)
	h.EndPayment("success")
	require.Contains(t, ann.ReturnFromPay().Text, "the service's own page")

	require.Equal(t, journey.StatePaying, ben.State(), "before any sweep")
	h.Sweep()
	require.Equal(t, journey.StateUnpaid, ben.State())
	h.Pay.Advance(119 * time.Minute)
	h.Sweep()
	require.Equal(t, journey.StateUnpaid, ben.State())
	h.Pay.Advance(time.Minute)
	h.Sweep()
	require.Equal(t, journey.StateAbandoned, ben.State())
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
}

func TestSweepFinishesJourneysAfterThreeHours(t *testing.T) {
	t.Parallel()
	for _, route := range []string{"/licences/apply", "/fines/pay"} {
		t.Run(route, func(t *testing.T) {
			t.Parallel()
			h := testserver.NewOnPayClock(t, testserver.Confirm)
			c := h.Citizen()
			c.Post(route, url.Values{"name": {"Ann"}})
			h.EndPayment("success")
			h.Pay.Advance(3*time.Hour - time.Minute)
			require.Contains(t, h.Sweep(), `"visited":0`, "the citizen may still come back")
			h.Pay.Advance(2 * time.Minute)
			require.Contains(t, h.Sweep(), `"released":1`)
			require.Equal(t, journey.StateReleased, c.State())
			require.Equal(t, "mopup", h.Service.Requests(http.MethodPost)[0].Header.Get("Paygate-Via"))
			require.Equal(t, "success", h.Payments()[0].Status)
		})
	}
}

func TestReservationIsUsedForFourDaysThenCancelled(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	h.Service.Server.Close()
	early, late := h.Citizen(), h.Citizen()
	early.Apply("Ann")
	h.EndPayment("success")
	h.Pay.Advance(12 * time.Hour)
	late.Apply("Ben")
	h.EndPayment("success")
	for range 13 {
		h.Pay.Advance(6 * time.Hour)
		h.Sweep()
	}
	require.Equal(t, journey.StateConfirmed, early.State(), "after 90 hours it may still be delivered")
	h.Pay.Advance(7 * time.Hour)
	h.Sweep()
	require.Equal(t, journey.StateReversed, early.State(), "after 97 hours it goes back")
	require.Equal(t, "cancelled", h.Payments()[0].Status)

	h.Service.Restart(t)
	h.Sweep()
	require.Equal(t, journey.StateReleased, late.State(), "after 85 hours it is delivered")
	require.Equal(t, "success", h.Payments()[1].Status)
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
}

func TestExpiredReservationIsNotDelivered(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	h.Service.Server.Close()
	away, back := h.Citizen(), h.Citizen()
	away.Apply("Ann")
	h.EndPayment("success")
	back.Apply("Ben")
	h.EndPayment("success")
	back.ReturnFromPay()
	require.Equal(t, journey.StateConfirmed, back.State())

	h.Close()
	h.Pay.Advance(121 * time.Hour)
	for _, p := range h.Payments() {
		require.Equal(t, "failed", p.Status)
	}
	h.Service.Restart(t)
	h.Open(h.ListenAgain())
	h.Sweep()
	require.Equal(t, journey.StateUnpaid, away.State(), "Paygate never saw it paid")
	require.Equal(t, journey.StateReversed, back.State())
	require.Contains(t, back.ReturnFromPay().Text, "given back")
	require.Empty(t, h.Service.Requests(http.MethodPost))
}

// TestUncollectedPaymentIsNotDelivered proves that a delayed delivery goes by what Pay says then.
func TestUncollectedPaymentIsNotDelivered(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	h.Service.Server.Close()
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{})
	h.EndPayment("success")
	c.ReturnFromPay()
	require.Equal(t, journey.StateConfirmed, c.State())
	h.Pay.Advance(24 * time.Hour)
	require.NoError(t, h.Pay.Correct(h.Payments()[0].ID, "error", ""))
	h.Service.Restart(t)
	h.Sweep()
	require.Equal(t, journey.StateReversed, c.State())
	require.Empty(t, h.Service.Requests(http.MethodPost))
}

func TestCaptureFailingForFiveDaysGoesToStaff(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	h.Pay.AddFault(paysim.Fault{Call: "capture", Kind: "500"})
	c.ReturnFromPay()
	for range 20 {
		require.Equal(t, journey.StateAccepted, c.State())
		h.Pay.Advance(6 * time.Hour)
		h.Sweep()
	}
	require.Equal(t, "failed", h.Payments()[0].Status)
	require.Equal(t, journey.StateAccepted, c.State(), "while Pay answers with errors")
	h.Pay.ClearFaults()
	h.Pay.Advance(time.Hour)
	h.Sweep()
	w := h.Ann().Journey(c.Journeys()[0].ID)
	require.Equal(t, journey.StateStuck, w.State)
	require.Contains(t, w.Note, "the service accepted")
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
}

func TestPayRepeatsWebhookForThreeDays(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm, "PAYGATE_PAY_WEBHOOK_SECRETS="+testserver.WebhookSecret)
	h.Pay.SetWebhook(h.URL+"/_pay/webhook", testserver.WebhookSecret)
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{})
	h.Close()
	h.EndPayment("success")
	h.Pay.Advance(26 * time.Hour)
	for _, w := range h.Pay.Webhooks() {
		require.Equal(t, 5, w.Tries, "%+v", w)
		require.False(t, w.Done)
	}
	h.Open(h.ListenAgain(), "PAYGATE_PAY_WEBHOOK_SECRETS="+testserver.WebhookSecret)
	require.Empty(t, h.Service.Requests(http.MethodPost))
	h.Pay.Advance(48 * time.Hour)
	c.WaitForState(journey.StateReleased)
	require.Equal(t, "webhook", h.Service.Requests(http.MethodPost)[0].Header.Get("Paygate-Via"))
	for _, w := range h.Pay.Webhooks() {
		require.Equal(t, 6, w.Tries, "%+v", w)
		require.True(t, w.Taken)
	}
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
}

func TestSweepReplacesLostWebhook(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm, "PAYGATE_PAY_WEBHOOK_SECRETS="+testserver.WebhookSecret)
	h.Pay.SetWebhook(h.URL+"/_pay/webhook", testserver.WebhookSecret)
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{})
	h.Close()
	h.EndPayment("success")
	h.Pay.Advance(80 * time.Hour)
	require.True(t, h.Pay.Webhooks()[0].Done, "given up")
	h.Open(h.ListenAgain())
	require.Contains(t, h.Sweep(), `"released":1`)
	require.Equal(t, journey.StateReleased, c.State())
}

func TestPaymentIsRecheckedForWeekAndJourneyKeptTwoYears(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	reply := c.Get("/_pay/return").Location()
	id := c.Journeys()[0].ID
	require.Equal(t, http.StatusSeeOther, c.Get(reply).Status)
	require.Contains(t, c.Get(reply).Location(), "confirmation")
	h.Pay.Advance(time.Hour)
	h.Sweep()
	require.Equal(t, "/_pay/status", c.Get(reply).Location(), "the stored reply is erased")

	before := paymentReads(h)
	for range 7 {
		h.Pay.Advance(24 * time.Hour)
		h.Sweep()
	}
	require.InDelta(t, 7, paymentReads(h)-before, 1)
	before = paymentReads(h)
	h.Pay.Advance(30 * 24 * time.Hour)
	h.Sweep()
	require.Equal(t, before, paymentReads(h), "no more reads after a week")
	require.Equal(t, journey.StateReleased, h.Ann().Journey(id).State)

	h.Pay.Advance(17520 * time.Hour)
	h.Sweep()
	require.Equal(t, http.StatusNotFound, h.Ann().Do(http.MethodGet, "/journeys/"+id, nil).Status)
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
}

func TestClockSkewBetweenPayAndPaygate(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{-9 * time.Minute, 9 * time.Minute} {
		t.Run(skew.String(), func(t *testing.T) {
			t.Parallel()
			h := testserver.Build(t, testserver.UnlimitedPay, testserver.Confirm)
			h.Now = func() time.Time { return h.Pay.Now().Add(skew) }
			h.Start()
			c := h.Citizen()
			h.Pay.AddFault(paysim.Fault{Call: "create", Kind: "lost", Times: 1})
			require.Equal(t, http.StatusBadGateway, c.Post("/licences/apply", url.Values{"name": {"Ann"}}).Status)
			h.EndPayment("success") // possible only in the simulator
			h.Pay.Advance(3 * time.Hour)
			h.Sweep()
			require.Equal(t, journey.StateReleased, c.State(), "found by its reference")
			c.Apply("Ben")
			h.EndPayment("success")
			require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
			require.Len(t, h.Service.Requests(http.MethodPost), 2)
		})
	}
}

// The clock of the machine is a year ahead while a citizen pays, and is then set right.
func TestJourneyOfAWrongClockIsFinished(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	h := testserver.Build(t, testserver.UnlimitedPay, testserver.Confirm)
	h.Now = func() time.Time { return h.Pay.Now().Add(time.Duration(ahead.Load())) }
	ahead.Store(int64(365 * 24 * time.Hour))
	h.Start()
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	ahead.Store(0)
	h.Pay.Advance(time.Minute)
	h.Sweep()
	require.Equal(t, journey.StateReleased, c.State())
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
}

// A Paygate that was down for more than a week has missed the last readings, and nothing is owed any more.
func TestNothingStaysOverdueAfterLongOutage(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	c.ReturnFromPay()
	require.Equal(t, journey.StateReleased, c.State())
	for _, down := range []time.Duration{30 * time.Hour, 9 * 24 * time.Hour} {
		h.Pay.Advance(down)
		h.Sweep()
	}
	require.Equal(t, "0", h.Metric(t, "paygate_oldest_due_seconds"))
}
