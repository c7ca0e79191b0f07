package paying

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"
)

func TestEarlyDeliveryArrivesBeforeSessionExpires(t *testing.T) {
	t.Parallel()
	for _, route := range []string{"/licences/apply", "/fines/pay"} {
		t.Run(route, func(t *testing.T) {
			t.Parallel()
			h := testserver.NewOnPayClock(t, nil)
			h.Service.SetAnswer(expireSession(h, 24*time.Minute)) // the default of PHP
			c := h.Citizen()
			require.Equal(t, http.StatusSeeOther, c.Post(route, url.Values{"name": {"Ann"}}).Status)
			h.AdvanceMinutes(13)
			h.EndPayment("success")
			h.AdvanceMinutes(2)
			require.Equal(t, journey.StateConfirmed, c.State())
			require.Empty(t, h.Service.Requests(http.MethodPost))
			require.Contains(t, h.Sweep(), `"visited":0`, "not yet due for a sweep")
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
				"an unseen reply stays stored")
			h.Pay.Advance(2 * time.Hour)
			h.Sweep()
			require.Contains(t, c.ReturnFromPay().Text, "We have received your payment and your form")
			require.Len(t, h.Service.Requests(http.MethodPost), 1)
		})
	}
}

func TestReturnGraceOffDisablesEarlyDelivery(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm, "PAYGATE_ROUTE_LICENCE_RETURN_GRACE=off")
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	h.AdvanceMinutes(179)
	require.Equal(t, journey.StatePaying, c.State())
	require.Zero(t, paymentReads(h))
	h.Pay.Advance(2 * time.Minute)
	require.Contains(t, h.Sweep(), `"released":1`)
}

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

// TestOpenPaymentIsReadAtMostTenTimes also proves that a citizen's visit replaces a read.
func TestOpenPaymentIsReadAtMostTenTimes(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	h.Citizen().Apply("Ann")
	h.AdvanceMinutes(89)
	require.Equal(t, 8, paymentReads(h))
	h.AdvanceMinutes(70)
	require.LessOrEqual(t, paymentReads(h), 10, "Pay ends it after 90 minutes")

	h = testserver.NewOnPayClock(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.Pay.Advance(14 * time.Minute)
	c.ReturnFromPay()
	require.Equal(t, 1, paymentReads(h))
	h.DeliverEarly()
	require.Equal(t, 1, paymentReads(h))
	h.AdvanceMinutes(1)
	require.Equal(t, 2, paymentReads(h))
}

// TestEarlyDeliveryBacksOffWhilePayIsDown also proves that nothing is delivered without confirmation or forgotten, and
// that sweeps are not delayed.
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
	require.Less(t, paymentReads(h), 12*12, "less and less often")
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

// TestEarlyDeliveryWaitsForConfirmation uses a route that releases on return, which early delivery must not do.
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

func TestReplicasShareEarlyDelivery(t *testing.T) {
	t.Parallel()
	testserver.OnEachStore(t, func(t *testing.T, kind testserver.StoreKind) {
		clock := testserver.NewMovableClock()
		first := testserver.Build(t, paysim.Options{Now: clock.Now, PostLimit: -1}, testserver.Confirm)
		first.Now = clock.Now
		replicas := testserver.StartReplicas(t, kind, first)
		const journeys = 20
		for range journeys {
			replicas[0].Citizen().Apply("Ann")
			first.EndPayment("success")
		}
		deliver := func() {
			var all sync.WaitGroup
			for _, r := range replicas {
				for range 2 {
					all.Go(func() { require.NoError(t, r.App.DeliverEarly(context.Background())) })
				}
			}
			all.Wait()
		}
		clock.Advance(5 * time.Minute)
		deliver()
		require.Equal(t, journeys, paymentReads(first))
		clock.Advance(5 * time.Minute)
		deliver()
		require.Len(t, first.Service.Requests(http.MethodPost), journeys)
		require.Equal(t, journeys, paymentReads(first))
	})
}

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
