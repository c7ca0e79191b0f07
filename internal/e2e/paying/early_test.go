package paying

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestEarlyDeliveryArrivesBeforeSessionExpires: the citizen pays after 13 minutes and closes the browser.
func TestEarlyDeliveryArrivesBeforeSessionExpires(t *testing.T) {
	t.Parallel()
	for _, route := range []string{"/licences/apply", "/fines/pay"} {
		t.Run(route, func(t *testing.T) {
			t.Parallel()
			h := testserver.NewOnPayClock(t, nil)
			h.Service.SetAnswer(h.Forgetful(24 * time.Minute)) // as PHP's
			c := h.Citizen()
			require.Equal(t, http.StatusSeeOther, c.Post(route, url.Values{"name": {"Ann"}}).Status)
			h.AdvanceMinutes(13)
			h.EndPayment("success")
			h.AdvanceMinutes(2)
			require.Equal(t, journey.StateConfirmed, c.State())
			require.Empty(t, h.Service.Requests(http.MethodPost))
			require.Contains(t, h.Sweep(), `"visited":0`, "it is not yet a sweep's")
			h.AdvanceMinutes(5)
			require.Equal(t, journey.StateReleased, c.State())
			require.Equal(t, "success", h.Payments()[0].Status)
			posts := h.Service.Requests(http.MethodPost)
			require.Len(t, posts, 1)
			require.Equal(t, "mopup", posts[0].Header.Get("Paygate-Via"))
			require.Equal(t, "success", posts[0].Header.Get("Paygate-Status"))

			h.Pay.Advance(22 * time.Hour)
			h.Sweep()
			require.Contains(t, c.ReturnFromPay().Text, "the service's own page",
				"the reply that nobody has seen is kept")
			h.Pay.Advance(2 * time.Hour)
			h.Sweep()
			require.Contains(t, c.ReturnFromPay().Text, "Payment received and application sent")
			require.Len(t, h.Service.Requests(http.MethodPost), 1)
		})
	}
}

// TestReturnGraceOffDisablesEarlyDelivery where the route says so; then it is a sweep that comes.
func TestReturnGraceOffDisablesEarlyDelivery(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm, "PAYGATE_ROUTE_LICENCE_RETURN_GRACE=off")
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	h.AdvanceMinutes(179)
	require.Equal(t, journey.StatePaying, c.State())
	require.Zero(t, h.Readings())
	h.Pay.Advance(2 * time.Minute)
	require.Contains(t, h.Sweep(), `"released":1`)
}

// TestReturnAfterEarlyDeliveryShowsServicesPage: whatever early delivery has found by then.
func TestReturnAfterEarlyDeliveryShowsServicesPage(t *testing.T) {
	t.Parallel()
	for minutes := range 13 {
		h := testserver.NewOnPayClock(t, testserver.Confirm)
		c := h.Citizen()
		c.Apply("Ann")
		h.EndPayment("success")
		h.AdvanceMinutes(minutes)
		require.Contains(t, c.ReturnFromPay().Text, "the service's own page", "after %d minutes", minutes)
		h.AdvanceMinutes(10)
		posts := h.Service.Requests(http.MethodPost)
		require.Len(t, posts, 1)
		wanted := "return"
		if minutes >= 10 {
			wanted = "mopup"
		}
		require.Equal(t, wanted, posts[0].Header.Get("Paygate-Via"), "after %d minutes", minutes)
	}
}

// TestOpenPaymentIsReadAtMostTenTimes, and readings that somebody else made are left out.
func TestOpenPaymentIsReadAtMostTenTimes(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	h.Citizen().Apply("Ann")
	h.AdvanceMinutes(89)
	require.Equal(t, 8, h.Readings())
	h.AdvanceMinutes(70)
	require.LessOrEqual(t, h.Readings(), 10, "Pay ends it after 90 minutes")

	h = testserver.NewOnPayClock(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.Pay.Advance(14 * time.Minute)
	c.ReturnFromPay()
	require.Equal(t, 1, h.Readings())
	h.DeliverEarly()
	require.Equal(t, 1, h.Readings())
	h.AdvanceMinutes(1)
	require.Equal(t, 2, h.Readings())
}

// TestDeclineFoundEarlyDoesNotShortenTimeToRetry.
func TestDeclineFoundEarlyDoesNotShortenTimeToRetry(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("declined")
	h.AdvanceMinutes(5)
	require.Equal(t, journey.StateUnpaid, c.State())
	h.Pay.Advance(4*time.Hour + 50*time.Minute)
	h.Sweep()
	require.Contains(t, c.ReturnFromPay().Text, "declined")
	require.Equal(t, http.StatusSeeOther, c.Post("/_pay/again", url.Values{"journey": {c.Journeys()[0].ID}}).Status)
	h.EndPayment("success")
	h.AdvanceMinutes(9)
	require.Empty(t, h.Service.Requests(http.MethodPost))
	h.AdvanceMinutes(1)
	require.Len(t, h.Service.Requests(http.MethodPost), 1,
		"the second payment is read and delivered as the first would have been")
	require.Equal(t, journey.StateReleased, c.State())
}

// TestEarlyDeliveryBacksOffWhilePayIsDown: early delivery asks less and less, nothing is delivered unasked, and when
// Pay is well again nobody has been forgotten. Sweeps are put off by nothing of it.
func TestEarlyDeliveryBacksOffWhilePayIsDown(t *testing.T) {
	testserver.SkipInShort(t)
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	var citizens []*testserver.Citizen
	for range 12 {
		c := h.Citizen()
		c.Apply("Ann")
		h.EndPayment("success")
		citizens = append(citizens, c)
	}
	h.Pay.AddFault(paysim.Fault{Call: "get", Kind: "500"})
	for range 100 {
		h.Pay.Advance(time.Minute)
		_ = h.App.DeliverEarly(t.Context())
	}
	require.Empty(t, h.Service.Requests(http.MethodPost))
	require.Less(t, h.Readings(), 12*12, "less and less often")
	h.Pay.ClearFaults()
	h.AdvanceMinutes(36)
	require.Len(t, h.Service.Requests(http.MethodPost), 12)

	h.Pay.AddFault(paysim.Fault{Call: "get", Kind: "500"})
	late := h.Citizen()
	late.Apply("Ben")
	h.EndPayment("success")
	for range 179 {
		h.Pay.Advance(time.Minute)
		_ = h.App.DeliverEarly(t.Context())
	}
	h.Pay.ClearFaults()
	h.Pay.Advance(2 * time.Minute)
	require.Contains(t, h.Sweep(), `"released":1`)
	for _, c := range citizens {
		require.Equal(t, journey.StateReleased, c.State())
	}
}

// TestDeliveryBacksOffWhileServiceIsDown, and once it is back the form is delivered, once.
func TestDeliveryBacksOffWhileServiceIsDown(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	h.Service.Server.Close()
	h.AdvanceMinutes(120)
	require.Equal(t, journey.StateConfirmed, c.State())
	w := h.Ann().Journey(c.Journeys()[0].ID)
	tries := 0
	for _, e := range w.History {
		if e.Fact == "delivered" {
			tries += max(1, e.Times)
		}
	}
	require.InDelta(t, 8, tries, 2)
	require.Contains(t, h.Sweep(), `"visited":0`)
	h.Service.Restart(t)
	h.AdvanceMinutes(31)
	require.Equal(t, journey.StateReleased, c.State())
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
}

// TestUnseenRefusalCanBeCorrectedForADay on the same payment for a day; once it is read, an hour is left.
func TestUnseenRefusalCanBeCorrectedForADay(t *testing.T) {
	t.Parallel()
	for _, looks := range []bool{false, true} {
		h := testserver.NewOnPayClock(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if r.Method == http.MethodPost && string(body) != "name=Ann+Lee" {
				http.Error(w, "Enter your full name", http.StatusUnprocessableEntity)
				return
			}
			testserver.Confirm(w, r)
		})
		c := h.Citizen()
		c.Post("/licences/apply", url.Values{"name": {"Ann"}})
		h.EndPayment("success")
		h.AdvanceMinutes(10)
		require.Equal(t, journey.StateRefused, c.State())
		c.Get("/_pay/status", "Sec-Purpose", "prefetch") // which nobody reads
		h.Pay.Advance(20 * time.Hour)
		h.Sweep()
		require.Equal(t, journey.StateRefused, c.State(), "nobody has told the citizen")
		if looks {
			c.ReturnFromPay()
			h.Pay.Advance(time.Hour + time.Minute)
			h.Sweep()
			require.Equal(t, journey.StateReversed, c.State(), "they knew for an hour")
			continue
		}
		require.Equal(t, http.StatusSeeOther, c.Post("/licences/apply", url.Values{"name": {"Ann Lee"}}).Status)
		require.Equal(t, journey.StateReleased, c.State())
		require.Len(t, h.Payments(), 1)
	}
}

// TestRefusalReadLateCanStillBeCorrected: the ticket lasts as long as the page says.
func TestRefusalReadLateCanStillBeCorrected(t *testing.T) {
	t.Parallel()
	for _, looks := range []string{"/_pay/return", "/_pay/status"} {
		h := testserver.NewOnPayClock(t, asksAgain)
		c := h.Citizen()
		c.Post("/licences/apply", url.Values{"name": {""}})
		h.EndPayment("success")
		h.AdvanceMinutes(10)
		require.Empty(t, c.Get("/_pay/status", "Accept", "application/json").Header["Set-Cookie"])
		h.Pay.Advance(23*time.Hour + 40*time.Minute)
		read := c.Follow(c.Get(looks))
		require.Contains(t, read.Text, "still valid")
		require.Contains(t, strings.Join(read.Header["Set-Cookie"], " "), "Max-Age=86400")
		h.Pay.Advance(50 * time.Minute)
		h.Sweep()
		require.Equal(t, http.StatusUnprocessableEntity, c.ServicesAnswer(c.Follow(c.Get("/_pay/return"))).Status)
	}
}

// TestEarlyDeliveryWaitsForConfirmation: a route that releases on return does so for a citizen who is there.
func TestEarlyDeliveryWaitsForConfirmation(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm, "PAYGATE_ROUTE_IMMEDIATE_RELEASE=on-return")
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{})
	c.ReturnFromPay()
	h.EndPayment("submitted")
	h.AdvanceMinutes(45)
	require.Equal(t, journey.StatePaying, c.State())
	require.Empty(t, h.Service.Requests(http.MethodPost))
	h.EndPayment("success")
	h.AdvanceMinutes(20)
	require.Equal(t, journey.StateReleased, c.State())
	require.Equal(t, "success", h.Service.Requests(http.MethodPost)[0].Header.Get("Paygate-Status"))
}

// TestReplicasShareEarlyDelivery: each payment is read once for all, and each request delivered once.
func TestReplicasShareEarlyDelivery(t *testing.T) {
	t.Parallel()
	testserver.OnEachStore(t, func(t *testing.T, kind testserver.StoreKind) {
		clock := testserver.NewMovableClock()
		first := testserver.Build(t, paysim.Options{Now: clock.Now, PostLimit: -1}, testserver.Confirm)
		first.Now = clock.Now
		gates := testserver.StartReplicas(t, kind, first)
		const journeys = 20
		for range journeys {
			gates[0].Citizen().Apply("Ann")
			first.EndPayment("success")
		}
		together := func() {
			var all sync.WaitGroup
			for _, gate := range gates {
				for range 2 {
					all.Go(func() { require.NoError(t, gate.App.DeliverEarly(context.Background())) })
				}
			}
			all.Wait()
		}
		clock.Advance(5 * time.Minute)
		together()
		require.Equal(t, journeys, first.Readings())
		clock.Advance(5 * time.Minute)
		together()
		require.Len(t, first.Service.Requests(http.MethodPost), journeys)
		require.Equal(t, journeys, first.Readings())
	})
}

// TestEarlyDeliveryResumesAfterRestart: what was due is due.
func TestEarlyDeliveryResumesAfterRestart(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	h.AdvanceMinutes(5)
	h.RestartUnchanged()
	h.AdvanceMinutes(5)
	require.Equal(t, journey.StateReleased, c.State())
}

// TestRepeatedFormAfterUnseenDeliveryIsNotChargedTwice: they paid, did not come back, and send the same form
// hours later.
func TestRepeatedFormAfterUnseenDeliveryIsNotChargedTwice(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	c := h.Citizen()
	form := url.Values{"name": {"Ann"}}
	c.Post("/licences/apply", form)
	h.EndPayment("success")
	h.AdvanceMinutes(10)
	require.Equal(t, journey.StateReleased, c.State())
	h.Pay.Advance(5 * time.Hour)
	require.Equal(t, http.StatusOK, c.Post("/licences/apply", form).Status, "a page asks whether to pay again")
	require.Len(t, h.Payments(), 1)

	knows := h.Citizen()
	knows.Post("/licences/apply", form)
	h.EndPayment("success")
	knows.ReturnFromPay()
	h.Pay.Advance(5 * time.Hour)
	require.Equal(t, http.StatusSeeOther, knows.Post("/licences/apply", form).Status)
	require.Len(t, h.Payments(), 3)
}
