package main

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/journey"
)

// deliversEarly lets early delivery do what is due.
func (h *house) deliversEarly() {
	h.t.Helper()
	require.NoError(h.t, h.parts.DeliverEarly(h.t.Context()))
}

// inMinutes lets minutes go by, one at a time, with early delivery after each.
func (h *house) inMinutes(n int) {
	h.t.Helper()
	for range n {
		h.pay.Advance(time.Minute)
		h.deliversEarly()
	}
}

// readings counts how often Pay was asked about a payment.
func (h *house) readings() (n int) {
	for _, r := range h.pay.Requests() {
		if r.Call == "get" {
			n++
		}
	}
	return n
}

// forgetful is a service with a session that lives for so long after the form was shown, and which sends later forms to its
// log-in page.
func (h *house) forgetful(lives time.Duration) http.HandlerFunc {
	begun := h.now()
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && h.now().Sub(begun) > lives {
			http.Redirect(w, r, "/login?next=/licences/apply", http.StatusFound)
			return
		}
		confirms(w, r)
	}
}

// TestAPaidFormReachesTheServiceWhileItsSessionLives: the citizen pays after 13 minutes and closes the browser.
func TestAPaidFormReachesTheServiceWhileItsSessionLives(t *testing.T) {
	t.Parallel()
	for _, route := range []string{"/licences/apply", "/fines/pay"} {
		t.Run(route, func(t *testing.T) {
			t.Parallel()
			h := newHouseInTime(t, nil)
			h.service.answersBy(h.forgetful(24 * time.Minute)) // as PHP's
			c := h.citizen()
			require.Equal(t, http.StatusSeeOther, c.post(route, url.Values{"name": {"Ann"}}).status)
			h.inMinutes(13)
			h.pays("success")
			h.inMinutes(2)
			require.Equal(t, journey.StateConfirmed, c.state())
			require.Empty(t, h.service.got(http.MethodPost))
			require.Contains(t, h.sweeps(), `"visited":0`, "it is not yet a sweep's")
			h.inMinutes(5)
			require.Equal(t, journey.StateReleased, c.state())
			require.Equal(t, "success", h.payments()[0].Status)
			posts := h.service.got(http.MethodPost)
			require.Len(t, posts, 1)
			require.Equal(t, "mopup", posts[0].header.Get("Paygate-Via"))
			require.Equal(t, "success", posts[0].header.Get("Paygate-Status"))

			h.pay.Advance(22 * time.Hour)
			h.sweeps()
			require.Contains(t, c.comesBack().text, "the service's own page", "the reply that nobody has seen is kept")
			h.pay.Advance(2 * time.Hour)
			h.sweeps()
			require.Contains(t, c.comesBack().text, "Payment received and application sent")
			require.Len(t, h.service.got(http.MethodPost), 1)
		})
	}
}

// TestEarlyDeliveryIsOff where the route says so; then it is a sweep that comes.
func TestEarlyDeliveryIsOff(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, confirms, "PAYGATE_ROUTE_LICENCE_RETURN_GRACE=off")
	c := h.citizen()
	c.apply("Ann")
	h.pays("success")
	h.inMinutes(179)
	require.Equal(t, journey.StatePaying, c.state())
	require.Zero(t, h.readings())
	h.pay.Advance(2 * time.Minute)
	require.Contains(t, h.sweeps(), `"released":1`)
}

// TestWhoComesBackIsNeverLate: whatever early delivery has found by then.
func TestWhoComesBackIsNeverLate(t *testing.T) {
	t.Parallel()
	for minutes := range 13 {
		h := newHouseInTime(t, confirms)
		c := h.citizen()
		c.apply("Ann")
		h.pays("success")
		h.inMinutes(minutes)
		require.Contains(t, c.comesBack().text, "the service's own page", "after %d minutes", minutes)
		h.inMinutes(10)
		posts := h.service.got(http.MethodPost)
		require.Len(t, posts, 1)
		wanted := "return"
		if minutes >= 10 {
			wanted = "mopup"
		}
		require.Equal(t, wanted, posts[0].header.Get("Paygate-Via"), "after %d minutes", minutes)
	}
}

// TestOpenPaymentsAreReadTenTimes, and readings that somebody else made are left out.
func TestOpenPaymentsAreReadTenTimes(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, confirms)
	h.citizen().apply("Ann")
	h.inMinutes(89)
	require.Equal(t, 8, h.readings())
	h.inMinutes(70)
	require.LessOrEqual(t, h.readings(), 10, "Pay ends it after 90 minutes")

	h = newHouseInTime(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	h.pay.Advance(14 * time.Minute)
	c.comesBack()
	require.Equal(t, 1, h.readings())
	h.deliversEarly()
	require.Equal(t, 1, h.readings())
	h.inMinutes(1)
	require.Equal(t, 2, h.readings())
}

// TestADeclineFoundEarlyTakesNoTimeFromTheCitizen.
func TestADeclineFoundEarlyTakesNoTimeFromTheCitizen(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	h.pays("declined")
	h.inMinutes(5)
	require.Equal(t, journey.StateUnpaid, c.state())
	h.pay.Advance(4*time.Hour + 50*time.Minute)
	h.sweeps()
	require.Contains(t, c.comesBack().text, "declined")
	require.Equal(t, http.StatusSeeOther, c.post("/_pay/again", url.Values{"journey": {c.status()[0].ID}}).status)
	h.pays("success")
	h.inMinutes(9)
	require.Empty(t, h.service.got(http.MethodPost))
	h.inMinutes(1)
	require.Len(t, h.service.got(http.MethodPost), 1, "the second payment is read and delivered as the first would have been")
	require.Equal(t, journey.StateReleased, c.state())
}

// TestPayIsDownForHours: early delivery asks less and less, nothing is delivered unasked, and when Pay is well again nobody has
// been forgotten. Sweeps are put off by nothing of it.
func TestPayIsDownForHours(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, confirms)
	var citizens []*citizen
	for range 12 {
		c := h.citizen()
		c.apply("Ann")
		h.pays("success")
		citizens = append(citizens, c)
	}
	h.pay.AddFault(paysim.Fault{Call: "get", Kind: "500"})
	for range 100 {
		h.pay.Advance(time.Minute)
		_ = h.parts.DeliverEarly(t.Context())
	}
	require.Empty(t, h.service.got(http.MethodPost))
	require.Less(t, h.readings(), 12*12, "less and less often")
	h.pay.ClearFaults()
	h.inMinutes(36)
	require.Len(t, h.service.got(http.MethodPost), 12)

	h.pay.AddFault(paysim.Fault{Call: "get", Kind: "500"})
	late := h.citizen()
	late.apply("Ben")
	h.pays("success")
	for range 179 {
		h.pay.Advance(time.Minute)
		_ = h.parts.DeliverEarly(t.Context())
	}
	h.pay.ClearFaults()
	h.pay.Advance(2 * time.Minute)
	require.Contains(t, h.sweeps(), `"released":1`)
	for _, c := range citizens {
		require.Equal(t, journey.StateReleased, c.state())
	}
}

// TestAServiceThatIsDownIsTriedLessAndLess, and once it is back the form is delivered, once.
func TestAServiceThatIsDownIsTriedLessAndLess(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	h.pays("success")
	h.service.server.Close()
	h.inMinutes(120)
	require.Equal(t, journey.StateConfirmed, c.state())
	w := h.ann().shown(c.status()[0].ID)
	tries := 0
	for _, e := range w.History {
		if e.Fact == "delivered" {
			tries += max(1, e.Times)
		}
	}
	require.InDelta(t, 8, tries, 2)
	require.Contains(t, h.sweeps(), `"visited":0`)
	h.service.restart(t)
	h.inMinutes(31)
	require.Equal(t, journey.StateReleased, c.state())
	require.Len(t, h.service.got(http.MethodPost), 1)
}

// TestARefusalThatNobodySawCanBeCorrected on the same payment for a day; once it is read, an hour is left.
func TestARefusalThatNobodySawCanBeCorrected(t *testing.T) {
	t.Parallel()
	for _, looks := range []bool{false, true} {
		h := newHouseInTime(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if r.Method == http.MethodPost && string(body) != "name=Ann+Lee" {
				http.Error(w, "Enter your full name", http.StatusUnprocessableEntity)
				return
			}
			confirms(w, r)
		})
		c := h.citizen()
		c.post("/licences/apply", url.Values{"name": {"Ann"}})
		h.pays("success")
		h.inMinutes(10)
		require.Equal(t, journey.StateRefused, c.state())
		c.get("/_pay/status", "Sec-Purpose", "prefetch") // which nobody reads
		h.pay.Advance(20 * time.Hour)
		h.sweeps()
		require.Equal(t, journey.StateRefused, c.state(), "nobody has told the citizen")
		if looks {
			c.comesBack()
			h.pay.Advance(time.Hour + time.Minute)
			h.sweeps()
			require.Equal(t, journey.StateReversed, c.state(), "they knew for an hour")
			continue
		}
		require.Equal(t, http.StatusSeeOther, c.post("/licences/apply", url.Values{"name": {"Ann Lee"}}).status)
		require.Equal(t, journey.StateReleased, c.state())
		require.Len(t, h.payments(), 1)
	}
}

// TestARefusalReadAtTheLastMinuteCanBeCorrectedToo: the ticket lasts as long as the page says.
func TestARefusalReadAtTheLastMinuteCanBeCorrectedToo(t *testing.T) {
	t.Parallel()
	for _, looks := range []string{"/_pay/return", "/_pay/status"} {
		h := newHouseInTime(t, asksAgain)
		c := h.citizen()
		c.post("/licences/apply", url.Values{"name": {""}})
		h.pays("success")
		h.inMinutes(10)
		require.Empty(t, c.get("/_pay/status", "Accept", "application/json").header["Set-Cookie"])
		h.pay.Advance(23*time.Hour + 40*time.Minute)
		read := c.follow(c.get(looks))
		require.Contains(t, read.text, "still valid")
		require.Contains(t, strings.Join(read.header["Set-Cookie"], " "), "Max-Age=86400")
		h.pay.Advance(50 * time.Minute)
		h.sweeps()
		require.Equal(t, http.StatusUnprocessableEntity, c.ownAnswer(c.follow(c.get("/_pay/return"))).status)
	}
}

// TestEarlyDeliveryWaitsForPaysWord: a route that releases on return does so for a citizen who is there.
func TestEarlyDeliveryWaitsForPaysWord(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, confirms, "PAYGATE_ROUTE_IMMEDIATE_RELEASE=on-return")
	c := h.citizen()
	c.post("/fines/pay", url.Values{})
	c.comesBack()
	h.pays("submitted")
	h.inMinutes(45)
	require.Equal(t, journey.StatePaying, c.state())
	require.Empty(t, h.service.got(http.MethodPost))
	h.pays("success")
	h.inMinutes(20)
	require.Equal(t, journey.StateReleased, c.state())
	require.Equal(t, "success", h.service.got(http.MethodPost)[0].header.Get("Paygate-Status"))
}

// TestReplicasShareEarlyDelivery: each payment is read once for all, and each request delivered once.
func TestReplicasShareEarlyDelivery(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, kind storeKind) {
		clock := newMovableClock()
		first := build(t, paysim.Options{Now: clock.now, PostLimit: -1}, confirms)
		first.now = clock.now
		gates := replicas(t, kind, first)
		const journeys = 20
		for range journeys {
			gates[0].citizen().apply("Ann")
			first.pays("success")
		}
		together := func() {
			var all sync.WaitGroup
			for _, gate := range gates {
				for range 2 {
					all.Go(func() { require.NoError(t, gate.parts.DeliverEarly(context.Background())) })
				}
			}
			all.Wait()
		}
		clock.moves(5 * time.Minute)
		together()
		require.Equal(t, journeys, first.readings())
		clock.moves(5 * time.Minute)
		together()
		require.Len(t, first.service.got(http.MethodPost), journeys)
		require.Equal(t, journeys, first.readings())
	})
}

// TestEarlyDeliveryGoesOnAfterARestart: what was due is due.
func TestEarlyDeliveryGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	h.pays("success")
	h.inMinutes(5)
	h.reopens()
	h.inMinutes(5)
	require.Equal(t, journey.StateReleased, c.state())
}

// TestWhoDoesNotKnowThatTheFormWasDeliveredIsNotChargedTwice: they paid, did not come back, and send the same form hours later.
func TestWhoDoesNotKnowThatTheFormWasDeliveredIsNotChargedTwice(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, confirms)
	c := h.citizen()
	form := url.Values{"name": {"Ann"}}
	c.post("/licences/apply", form)
	h.pays("success")
	h.inMinutes(10)
	require.Equal(t, journey.StateReleased, c.state())
	h.pay.Advance(5 * time.Hour)
	require.Equal(t, http.StatusOK, c.post("/licences/apply", form).status, "a page asks whether to pay again")
	require.Len(t, h.payments(), 1)

	knows := h.citizen()
	knows.post("/licences/apply", form)
	h.pays("success")
	knows.comesBack()
	h.pay.Advance(5 * time.Hour)
	require.Equal(t, http.StatusSeeOther, knows.post("/licences/apply", form).status)
	require.Len(t, h.payments(), 3)
}
