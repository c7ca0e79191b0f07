package main

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/journey"
)

// What happens within hours, days and years, with Pay and Paygate by one clock that is moved.

func TestPayEndsAPaymentAfterNinetyMinutes(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, confirms)
	returns, leaves := h.citizen(), h.citizen()
	leaves.apply("Ben")
	returns.apply("Ann")
	h.pay.Advance(89 * time.Minute)
	require.Contains(t, returns.comesBack().text, "You have not finished paying")
	h.pay.Advance(2 * time.Minute)
	require.Contains(t, returns.comesBack().text, "has expired")
	require.Contains(t, returns.comesBack().text, "No money has been taken")

	h.pay.Advance(119 * time.Minute) // the form is kept for two hours
	require.Equal(t, http.StatusSeeOther, returns.post("/_pay/again", url.Values{"journey": {returns.status()[0].ID}}).status)
	h.pays("success")
	require.Contains(t, returns.comesBack().text, "the service's own page")

	require.Equal(t, journey.StatePaying, leaves.state(), "nobody has looked")
	h.sweeps()
	require.Equal(t, journey.StateUnpaid, leaves.state())
	h.pay.Advance(119 * time.Minute)
	h.sweeps()
	require.Equal(t, journey.StateUnpaid, leaves.state())
	h.pay.Advance(time.Minute)
	h.sweeps()
	require.Equal(t, journey.StateAbandoned, leaves.state())
	require.Len(t, h.service.got(http.MethodPost), 1)
}

func TestASweepFinishesWhatIsThreeHoursOld(t *testing.T) {
	t.Parallel()
	for _, route := range []string{"/licences/apply", "/fines/pay"} {
		t.Run(route, func(t *testing.T) {
			t.Parallel()
			h := newHouseInTime(t, confirms)
			c := h.citizen()
			c.post(route, url.Values{"name": {"Ann"}})
			h.pays("success")
			h.pay.Advance(3*time.Hour - time.Minute)
			require.Contains(t, h.sweeps(), `"visited":0`, "the citizen may still come back")
			h.pay.Advance(2 * time.Minute)
			require.Contains(t, h.sweeps(), `"released":1`)
			require.Equal(t, journey.StateReleased, c.state())
			require.Equal(t, "mopup", h.service.got(http.MethodPost)[0].header.Get("Paygate-Via"))
			require.Equal(t, "success", h.payments()[0].Status)
		})
	}
}

func TestReservedMoneyIsUsedForFourDaysAndThenGivenBack(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, confirms)
	h.service.server.Close()
	early, late := h.citizen(), h.citizen()
	early.apply("Ann")
	h.pays("success")
	h.pay.Advance(12 * time.Hour)
	late.apply("Ben")
	h.pays("success")
	for range 13 {
		h.pay.Advance(6 * time.Hour)
		h.sweeps()
	}
	require.Equal(t, journey.StateConfirmed, early.state(), "after 90 hours it may still be delivered")
	h.pay.Advance(7 * time.Hour)
	h.sweeps()
	require.Equal(t, journey.StateReversed, early.state(), "after 97 hours it goes back")
	require.Equal(t, "cancelled", h.payments()[0].Status)

	h.service.restart(t)
	h.sweeps()
	require.Equal(t, journey.StateReleased, late.state(), "after 85 hours it is delivered")
	require.Equal(t, "success", h.payments()[1].Status)
	require.Len(t, h.service.got(http.MethodPost), 1)
}

func TestWhatPayLetGoOfIsNotDelivered(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, confirms)
	h.service.server.Close()
	gone, back := h.citizen(), h.citizen()
	gone.apply("Ann")
	h.pays("success")
	back.apply("Ben")
	h.pays("success")
	back.comesBack()
	require.Equal(t, journey.StateConfirmed, back.state())

	h.close()
	h.pay.Advance(121 * time.Hour)
	for _, p := range h.payments() {
		require.Equal(t, "failed", p.Status)
	}
	h.service.restart(t)
	h.open(h.listenAgain())
	h.sweeps()
	require.Equal(t, journey.StateUnpaid, gone.state(), "for Paygate it was never paid")
	require.Equal(t, journey.StateReversed, back.state())
	require.Contains(t, back.comesBack().text, "given back")
	require.Empty(t, h.service.got(http.MethodPost))
}

// TestWhatPayCouldNotCollectIsNotDelivered: a request that waited for its service is delivered on what Pay says now.
func TestWhatPayCouldNotCollectIsNotDelivered(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, confirms)
	h.service.server.Close()
	c := h.citizen()
	c.post("/fines/pay", url.Values{})
	h.pays("success")
	c.comesBack()
	require.Equal(t, journey.StateConfirmed, c.state())
	h.pay.Advance(24 * time.Hour)
	require.NoError(t, h.pay.Correct(h.payments()[0].ID, "error", ""))
	h.service.restart(t)
	h.sweeps()
	require.Equal(t, journey.StateReversed, c.state())
	require.Empty(t, h.service.got(http.MethodPost))
}

func TestACaptureThatFailsForFiveDaysGoesToAPerson(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	h.pays("success")
	h.pay.AddFault(paysim.Fault{Call: "capture", Kind: "500"})
	c.comesBack()
	for range 20 {
		require.Equal(t, journey.StateAccepted, c.state())
		h.pay.Advance(6 * time.Hour)
		h.sweeps()
	}
	require.Equal(t, "failed", h.payments()[0].Status)
	require.Equal(t, journey.StateAccepted, c.state(), "as long as Pay cannot be understood")
	h.pay.ClearFaults()
	h.pay.Advance(time.Hour)
	h.sweeps()
	w := h.ann().shown(c.status()[0].ID)
	require.Equal(t, journey.StateStuck, w.State)
	require.Contains(t, w.Note, "the service accepted")
	require.Len(t, h.service.got(http.MethodPost), 1)
}

func TestAWebhookIsRepeatedForThreeDays(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, confirms, "PAYGATE_PAY_WEBHOOK_SECRETS="+webhookSecret)
	h.pay.SetWebhook(h.url+"/_pay/webhook", webhookSecret)
	c := h.citizen()
	c.post("/fines/pay", url.Values{})
	h.close()
	h.pays("success")
	h.pay.Advance(26 * time.Hour)
	for _, w := range h.pay.Webhooks() {
		require.Equal(t, 5, w.Tries, "%+v", w)
		require.False(t, w.Done)
	}
	h.open(h.listenAgain(), "PAYGATE_PAY_WEBHOOK_SECRETS="+webhookSecret)
	require.Empty(t, h.service.got(http.MethodPost))
	h.pay.Advance(48 * time.Hour)
	c.becomes(journey.StateReleased)
	require.Equal(t, "webhook", h.service.got(http.MethodPost)[0].header.Get("Paygate-Via"))
	for _, w := range h.pay.Webhooks() {
		require.Equal(t, 6, w.Tries, "%+v", w)
		require.True(t, w.Taken)
	}
	require.Len(t, h.service.got(http.MethodPost), 1)
}

func TestWithoutAnyWebhookASweepDoesTheSame(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, confirms, "PAYGATE_PAY_WEBHOOK_SECRETS="+webhookSecret)
	h.pay.SetWebhook(h.url+"/_pay/webhook", webhookSecret)
	c := h.citizen()
	c.post("/fines/pay", url.Values{})
	h.close()
	h.pays("success")
	h.pay.Advance(80 * time.Hour)
	require.True(t, h.pay.Webhooks()[0].Done, "given up")
	h.open(h.listenAgain())
	require.Contains(t, h.sweeps(), `"released":1`)
	require.Equal(t, journey.StateReleased, c.state())
}

func TestPayIsAskedAgainForAWeekAndTheJourneyKeptForTwoYears(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	h.pays("success")
	reply := c.get("/_pay/return").to()
	id := c.status()[0].ID
	require.Equal(t, http.StatusSeeOther, c.get(reply).status)
	require.Contains(t, c.get(reply).to(), "confirmation")
	h.pay.Advance(time.Hour)
	h.sweeps()
	require.Equal(t, "/_pay/status", c.get(reply).to(), "the kept reply is gone")

	looks := func() (gets int) {
		for _, r := range h.pay.Requests() {
			if r.Call == "get" {
				gets++
			}
		}
		return gets
	}
	before := looks()
	for range 7 {
		h.pay.Advance(24 * time.Hour)
		h.sweeps()
	}
	require.InDelta(t, 7, looks()-before, 1)
	before = looks()
	h.pay.Advance(30 * 24 * time.Hour)
	h.sweeps()
	require.Equal(t, before, looks(), "and then no more")
	require.Equal(t, journey.StateReleased, h.ann().shown(id).State)

	h.pay.Advance(17520 * time.Hour)
	h.sweeps()
	require.Equal(t, http.StatusNotFound, h.ann().do(http.MethodGet, "/journeys/"+id, nil).status)
	require.Len(t, h.service.got(http.MethodPost), 1)
}

func TestTheClocksOfPayAndPaygateNeedNotAgree(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{-9 * time.Minute, 9 * time.Minute} {
		t.Run(skew.String(), func(t *testing.T) {
			t.Parallel()
			h := build(t, usual, confirms)
			h.now = func() time.Time { return h.pay.Now().Add(skew) }
			h.moveIn()
			c := h.citizen()
			h.pay.AddFault(paysim.Fault{Call: "create", Kind: "lost", Times: 1})
			require.Equal(t, http.StatusBadGateway, c.post("/licences/apply", url.Values{"name": {"Ann"}}).status)
			h.pays("success") // as nobody can, who has no address
			h.pay.Advance(3 * time.Hour)
			h.sweeps()
			require.Equal(t, journey.StateReleased, c.state(), "found by its reference all the same")
			c.apply("Ben")
			h.pays("success")
			require.Contains(t, c.comesBack().text, "the service's own page")
			require.Len(t, h.service.got(http.MethodPost), 2)
		})
	}
}
