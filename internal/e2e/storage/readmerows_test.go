package storage

import (
	"context"
	"net/http"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/internal/testpg"
	"paygate/internal/testserver"
	"paygate/journey"
)

func unpaid(t *testing.T) {
	for _, outcome := range []string{"declined", "cancelled"} {
		h := newWithReadmeSettings(t, testserver.Confirm)
		c := h.Citizen()
		c.Apply("Ann")
		h.EndPayment(outcome)
		require.Contains(t, c.ReturnFromPay().Text, "No money has been taken")
		require.Empty(t, h.Service.Requests(http.MethodPost))
		require.Equal(t, http.StatusSeeOther, c.Post("/_pay/again", url.Values{"journey": {c.Journeys()[0].ID}}).Status)
		h.EndPayment("success")
		require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
		require.Contains(t, string(h.Service.Requests(http.MethodPost)[0].Body), "name=Ann")
	}
}

func payDownAtCreate(t *testing.T) {
	for _, kind := range []string{"500", "reset", "lost"} {
		h := newWithReadmeSettings(t, testserver.Confirm)
		c := h.Citizen()
		h.Pay.AddFault(paysim.Fault{Call: "create", Kind: kind, Times: 1})
		p := c.Post("/licences/apply", url.Values{"name": {"Ann"}})
		require.Contains(t, p.Text, "No money has been taken")
		require.Empty(t, p.Location())
		require.Empty(t, h.Service.Requests(http.MethodPost))
		require.Equal(t, http.StatusSeeOther, c.Post("/_pay/again", url.Values{"journey": {c.Journeys()[0].ID}}).Status)
	}
}

func payDownAtReturn(t *testing.T) {
	h, c := newWithReadmePayment(t, testserver.Confirm)
	h.Pay.AddFault(paysim.Fault{Call: "get", Kind: "500"})
	p := c.ReturnFromPay()
	require.Contains(t, p.Text, "We are checking your payment")
	require.NotEmpty(t, p.Header.Get("Refresh"), "it reloads by itself")
	require.Empty(t, h.Service.Requests(http.MethodPost))
	require.Equal(t, "capturable", h.Payments()[0].Status)
	h.Pay.ClearFaults()
	h.Pay.Advance(time.Minute)
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	require.Equal(t, "success", h.Payments()[0].Status)
}

func neverReturns(t *testing.T) {
	h, c := newWithReadmePayment(t, testserver.Confirm)
	h.AdvanceMinutes(9)
	require.Empty(t, h.Service.Requests(http.MethodPost))
	h.AdvanceMinutes(1)
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
	require.Equal(t, "success", h.Payments()[0].Status)
	require.Equal(t, journey.StateReleased, c.State())
	h.Pay.Advance(23 * time.Hour)
	h.Sweep()
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	for _, minutes := range []int{0, 4, 31, 76, 88} {
		h := newWithReadmeSettings(t, testserver.Confirm)
		c := h.Citizen()
		c.Apply("Ann")
		h.AdvanceMinutes(minutes)
		h.EndPayment("success")
		h.AdvanceMinutes(20)
		require.Len(t, h.Service.Requests(http.MethodPost), 1, "paid after %d minutes", minutes)
		require.Equal(t, "success", h.Payments()[0].Status)
		require.Equal(t, journey.StateReleased, c.State())
	}
}

func serviceDown(t *testing.T) {
	h, c := newWithReadmePayment(t, testserver.Confirm)
	h.Service.Server.Close()
	require.Contains(t, c.ReturnFromPay().Text, "Your payment is safe")
	require.Equal(t, "capturable", h.Payments()[0].Status)
	h.Service.Restart(t)
	h.Pay.Advance(3*time.Hour + time.Minute)
	h.Sweep()
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
	require.Equal(t, "success", h.Payments()[0].Status)
}

// refusal proves for a refusing service that the citizen can correct the form, and that otherwise the money goes back.
func refusal(t *testing.T, answer http.HandlerFunc) {
	t.Helper()
	h := newWithReadmeSettings(t, answer)
	corrected := payWithoutName(h)
	explained := corrected.ReturnFromPay()
	require.Contains(t, explained.Text, "Your payment of £25 is still valid")
	require.Regexp(t, "name is missing|the service's own page", corrected.ServicesAnswer(explained).Text)
	require.Equal(t, "capturable", h.Payments()[0].Status)
	require.Equal(t, "confirmation/RVM-0001",
		corrected.Post("/licences/apply", url.Values{"name": {"Ann"}}).Location())
	require.Len(t, h.Payments(), 1, "no second payment")
	require.Equal(t, "success", h.Payments()[0].Status)
	require.Equal(t, "2", h.Service.Requests(http.MethodPost)[1].Header.Get("Paygate-Submission"))

	informed := payWithoutName(h)
	informed.ReturnFromPay()
	absent := payWithoutName(h)
	h.Pay.Advance(59 * time.Minute)
	h.Sweep()
	require.Equal(t, "capturable", h.Payments()[1].Status)
	h.Pay.Advance(2 * time.Minute)
	h.Sweep()
	require.Equal(t, "cancelled", h.Payments()[1].Status, "an hour after the citizen read it")
	h.Pay.Advance(3 * time.Hour)
	h.Sweep()
	require.Equal(t, journey.StateRefused, absent.State())
	h.Pay.Advance(19 * time.Hour)
	h.Sweep()
	require.Equal(t, "capturable", h.Payments()[2].Status)
	h.Pay.Advance(2 * time.Hour)
	h.Sweep()
	require.Equal(t, "cancelled", h.Payments()[2].Status, "a day after it began")
}

// stuck proves for an inconclusive answer that staff decide.
func stuck(t *testing.T, answer http.HandlerFunc) {
	t.Helper()
	h := newWithReadmeSettings(t, answer)
	c := payWithoutName(h)
	p := c.ReturnFromPay()
	require.Contains(t, p.Text, "We are looking into your payment")
	require.Contains(t, p.Text, h.Payments()[0].Reference)
	require.Equal(t, journey.StateStuck, c.State())
	h.Pay.Advance(3*time.Hour + time.Minute)
	h.Sweep()
	c.ReturnFromPay()
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
	require.Equal(t, "capturable", h.Payments()[0].Status)
}

func killed(t *testing.T) {
	var block atomic.Bool
	arrived := make(chan struct{}, 1)
	w := newClusterOn(t, "bbolt:"+filepath.Join(t.TempDir(), "paygate.db"),
		func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && block.Load() {
				arrived <- struct{}{}
				<-r.Context().Done()
				return
			}
			testserver.Confirm(w, r)
		})
	testserver.UseReadmeSettings(w.common)
	r := w.startWithReadmeSettings()
	ann, ben := r.Citizen(), r.Citizen()
	ann.Apply("Ann")
	r.Program.Kill()
	r = w.startWithReadmeSettings()
	r.EndPayment("success")
	require.Contains(t, ann.At(r.Harness).ReturnFromPay().Text, "the service's own page")

	ben.At(r.Harness).Apply("Ben")
	r.EndPayment("success")
	block.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan struct{})
	go func() { ben.At(r.Harness).ReturnUntil(ctx); close(gone) }()
	<-arrived
	r.Program.Kill()
	cancel()
	<-gone
	block.Store(false)
	r = w.startWithReadmeSettings()
	require.Equal(t, journey.StateStuck, ben.At(r.Harness).State())
	require.Contains(t, ben.At(r.Harness).ReturnFromPay().Text, "We are looking into your payment")
	require.Len(t, w.service.Requests(http.MethodPost), 2)
	require.Equal(t, "capturable", w.pay.Payments()[1].Status)
}

func databaseDown(t *testing.T) {
	server := testpg.Own(t)
	w := newClusterOn(t, server.Database(t), testserver.Confirm)
	testserver.UseReadmeSettings(w.common)
	r := w.startWithReadmeSettings()
	c := r.Citizen()
	c.Apply("Ann")
	r.EndPayment("success")
	server.Stop(t)
	require.Contains(t, r.Citizen().Get("/page").Text, "the service's own page")
	require.Contains(t, c.Get("/_pay/return").Text, "your payment is recorded and nothing is lost")
	require.Contains(t, r.Citizen().Post("/licences/apply", url.Values{"name": {"Ben"}}).Text,
		"No money has been taken")
	require.Len(t, r.Payments(), 1)
	require.Equal(t, "capturable", r.Payments()[0].Status)
	server.Launch(t)
	require.Eventually(t, func() bool { return r.readyStatus() == http.StatusOK }, testserver.LongTimeout,
		50*time.Millisecond)
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	require.Len(t, w.service.Requests(http.MethodPost), 1)
}

func latePayment(t *testing.T) {
	h := newWithReadmeSettings(t, testserver.Confirm)
	late := h.Citizen()
	late.Apply("Ann")
	h.EndPayment("declined")
	for range 2 {
		h.Pay.Advance(4 * time.Hour)
		h.Sweep()
	}
	require.Equal(t, journey.StateAbandoned, late.State())
	require.NoError(t, h.Pay.Correct(h.Payments()[0].ID, "success", ""))
	for range 3 {
		h.Pay.Advance(25 * time.Hour)
		h.Sweep()
	}
	require.EqualValues(t, 2500, h.Payments()[0].Refunded)
	require.Empty(t, h.Service.Requests(http.MethodPost))

	twice := h.Citizen()
	twice.Apply("Ben")
	h.EndPayment("declined")
	twice.ReturnFromPay()
	require.Equal(t, http.StatusSeeOther,
		twice.Post("/_pay/again", url.Values{"journey": {twice.Journeys()[0].ID}}).Status)
	h.EndPayment("success")
	twice.ReturnFromPay()
	require.NoError(t, h.Pay.Correct(h.Payments()[1].ID, "success", ""))
	for range 3 {
		h.Pay.Advance(25 * time.Hour)
		h.Sweep()
	}
	require.EqualValues(t, 2500, h.Payments()[1].Refunded)
	require.Zero(t, h.Payments()[2].Refunded)
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
}
