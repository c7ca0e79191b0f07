package paying

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"
)

func TestStaffRefund(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{})
	id := c.Journeys()[0].ID
	ann := h.Ann()
	_, status, _ := ann.Order(id, "refund", testserver.WithReason("amount_pence", 500))
	require.Equal(t, http.StatusConflict, status, "nothing is paid yet")
	h.EndPayment("success")
	c.ReturnFromPay()
	for _, wrong := range []map[string]any{
		testserver.WithReason("amount_pence", 3001), testserver.WithReason("amount_pence", 0),
		testserver.WithReason("amount_pence", -1), testserver.WithReason(),
		{"amount_pence": 5},
		{"amount_pence": 5, "reason": " "},
		testserver.WithReason("amount_pence", 5, "reason", strings.Repeat("x", 501)),
		testserver.WithReason("amount", "5"),
	} {
		_, status, text := ann.Order(id, "refund", wrong)
		require.Equal(t, http.StatusUnprocessableEntity, status, "%v %s", wrong, text)
	}
	w, status, text := ann.Order(id, "refund", testserver.WithReason("amount_pence", 500))
	require.Equal(t, http.StatusOK, status, text)
	require.EqualValues(t, 500, w.RefundedPence)
	require.Equal(t, journey.StateReleased, w.State)
	require.Contains(t, c.Get("/_pay/status").Text, "We have since refunded £5 to the card you paid with.")
	require.Contains(t, c.Get("/_pay/status", "Accept", "application/json").Text, `"refunded_pence":500`)
	_, status, _ = ann.Order(id, "refund", testserver.WithReason("amount_pence", 2501))
	require.Equal(t, http.StatusUnprocessableEntity, status, "more than is left")
	_, status, _ = ann.Order(id, "refund", testserver.WithReason("amount_pence", 500, "refunded_pence", 0))
	require.Equal(t, http.StatusConflict, status, "the form was sent twice")
	w, status, _ = ann.Order(id, "refund", testserver.WithReason("amount_pence", 2500, "refunded_pence", 500))
	require.Equal(t, http.StatusOK, status)
	require.EqualValues(t, 3000, w.RefundedPence)
	require.EqualValues(t, 3000, h.Payments()[0].Refunded)
}

func TestConcurrentRefundsMakeOne(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{})
	h.EndPayment("success")
	c.ReturnFromPay()
	id := c.Journeys()[0].ID
	statuses := map[int]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			p := h.Ann().Do(http.MethodPost, "/journeys/"+id+"/refund", testserver.WithReason("amount_pence", 2000))
			mu.Lock()
			defer mu.Unlock()
			statuses[p.Status]++
		})
	}
	all.Wait()
	require.Equal(t, 1, statuses[http.StatusOK], statuses)
	require.Equal(t, 8, statuses[http.StatusOK]+statuses[http.StatusConflict]+statuses[http.StatusUnprocessableEntity],
		statuses)
	require.EqualValues(t, 2000, h.Payments()[0].Refunded)
}

func TestRefundWithLostAnswerIsNotRepeated(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{})
	h.EndPayment("success")
	c.ReturnFromPay()
	id := c.Journeys()[0].ID
	h.Pay.AddFault(paysim.Fault{Call: "refund", Kind: "lost", Times: 1})
	_, status, text := h.Ann().Order(id, "refund", testserver.WithReason("amount_pence", 500))
	require.Equal(t, http.StatusBadGateway, status, text)
	_, status, _ = h.Ann().Order(id, "refund", testserver.WithReason("amount_pence", 500))
	require.Equal(t, http.StatusConflict, status, "until Pay has been read again")
	require.EqualValues(t, 500, h.Payments()[0].Refunded)

	h.Pay.Advance(2 * time.Minute)
	h.Sweep()
	w := h.Ann().Journey(id)
	require.EqualValues(t, 500, w.RefundedPence, "the sweep has read Pay")
	require.Contains(t, w.History[len(w.History)-1].Detail, "£5.00 is refunded in total")
	_, status, text = h.Ann().Order(id, "refund", testserver.WithReason("amount_pence", 2500, "refunded_pence", 500))
	require.Equal(t, http.StatusOK, status, text)
	require.EqualValues(t, 3000, h.Payments()[0].Refunded)
}

// refusedAndPaid starts a harness on the clock of Pay whose service refuses, with a citizen whose money was taken.
func refusedAndPaid(t *testing.T) (*testserver.Harness, *testserver.Citizen) {
	t.Helper()
	h := testserver.NewOnPayClock(t,
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnprocessableEntity) },
		"PAYGATE_ROUTE_IMMEDIATE_RESUBMIT_FOR=1ms")
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{})
	h.EndPayment("success")
	c.ReturnFromPay()
	c.Get("/_pay/status")
	return h, c
}

func TestRefundsThatPayRefusesEndWithAPerson(t *testing.T) {
	t.Parallel()
	h, c := refusedAndPaid(t)
	id := c.Journeys()[0].ID
	require.NoError(t, h.Pay.SetRefundOutcome(h.Payments()[0].ID, "error"))
	asked := func() string {
		return h.Metric(t, `paygate_pay_requests_total{account="default",call="refund",code="P0698"}`)
	}
	h.Pay.Advance(time.Second)
	h.Sweep()
	require.Equal(t, "1", asked())
	require.Equal(t, journey.StateRefused, c.State())
	require.Contains(t, c.ReturnFromPay().Text, "Your money is being given back")
	for range 5 { // neither the citizen nor webhooks nor sweeps ask again
		h.Pay.Advance(30 * time.Second)
		c.ReturnFromPay()
		h.Sweep()
	}
	require.Equal(t, "1", asked())
	require.NotEqual(t, "0", h.Metric(t, "paygate_owed_back_oldest_seconds"))
	for range 60 {
		h.Pay.Advance(30 * time.Minute)
		h.Sweep()
	}
	w := h.Ann().Journey(id)
	require.Equal(t, journey.StateStuck, w.State)
	require.Contains(t, w.Note, "refused the refund 5 times")
	require.Equal(t, "5", asked())
	require.Equal(t, "1", h.Metric(t, "paygate_stuck"))
	require.Equal(t, "0", h.Metric(t, "paygate_owed_back_oldest_seconds"))

	require.NoError(t, h.Pay.SetRefundOutcome(h.Payments()[0].ID, "success"))
	w, status, text := h.Ann().Order(id, "settle", testserver.WithReason("as", "reversed"))
	require.Equal(t, http.StatusOK, status, text)
	require.Equal(t, journey.StateReversed, w.State)
	require.EqualValues(t, 3000, h.Payments()[0].Refunded)
}

func TestRefundByStaffThatFailsLaterIsShown(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{})
	h.EndPayment("success")
	c.ReturnFromPay()
	id := c.Journeys()[0].ID
	require.NoError(t, h.Pay.SetRefundOutcome(h.Payments()[0].ID, "submitted-then-error"))
	w, status, text := h.Ann().Order(id, "refund", testserver.WithReason("amount_pence", 500))
	require.Equal(t, http.StatusOK, status, text)
	require.EqualValues(t, 500, w.RefundedPence)
	for range 200 {
		h.Pay.Advance(10 * time.Minute)
		h.Sweep()
	}
	w = h.Ann().Journey(id)
	require.Zero(t, w.RefundedPence)
	require.Equal(t, journey.StateReleased, w.State)
	require.Contains(t, w.Note, "the refund of £5.00 failed")
	require.Equal(t, "500", h.Metric(t, `paygate_money_pence_total{route="immediate",what="refund_failed"}`))
}
