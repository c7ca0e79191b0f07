package disaster

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/export"
)

// journeys returns all journeys, as staff see them.
func (w *simulation) journeys() (all []export.Record) {
	w.t.Helper()
	var list struct{ Journeys []export.Record }
	p := w.replicas[0].Ann().Do(http.MethodGet, "/journeys?limit=500", nil)
	require.Equal(w.t, http.StatusOK, p.Status, p.Text)
	require.NoError(w.t, json.Unmarshal([]byte(p.Text), &list))
	require.Less(w.t, len(list.Journeys), 500)
	return list.Journeys
}

func (w *simulation) shown(j export.Record) export.Whole {
	return w.replicas[0].Ann().Journey(string(j.ID))
}

// actAsStaff is a member of staff, who checks the ledger of the service first.
func (w *simulation) actAsStaff() {
	all := w.journeys()
	if len(all) == 0 {
		return
	}
	j := pick(w.random, all...)
	for _, other := range all { // staff see stuck journeys first
		if other.State == journey.StateStuck && w.random.IntN(2) == 0 {
			j = other
		}
	}
	switch n := w.random.IntN(10); {
	case n < 3 && j.State != journey.StateStuck:
		p := w.anyReplica().Ann().Do(http.MethodPost, "/journeys/"+string(j.ID)+"/check", nil)
		w.logf("staff check %s, %s: %d", j.ID, j.Reference, p.Status)
	case n < 5:
		w.staffRefund(j)
	case n < 7:
		w.staffRelease(j)
	default:
		w.staffSettle(j)
	}
}

func (w *simulation) staffRefund(j export.Record) {
	amount := 1 + w.random.Int64N(j.AmountPence+100)
	p := w.anyReplica().Ann().Do(http.MethodPost, "/journeys/"+string(j.ID)+"/refund",
		testserver.WithReason("amount_pence", amount))
	w.logf("staff refund %d of %s, %s, which is %s: %d", amount, j.ID, j.Reference, j.State, p.Status)
	payment := j.PaymentID
	if p.Status == http.StatusOK {
		var after export.Whole
		require.NoError(w.t, json.Unmarshal([]byte(p.Text), &after))
		payment = after.PaymentID
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	sum := w.refunds[payment]
	switch p.Status {
	case http.StatusOK:
		sum.certain += amount
	case http.StatusBadGateway:
		sum.possible += amount
	}
	w.refunds[payment] = sum
}

// staffRelease releases a request that has not been delivered.
func (w *simulation) staffRelease(j export.Record) {
	if j.State == journey.StateStuck && w.resolution(j) != "retry" {
		return
	}
	w.allowRepeat(j)
	p := w.anyReplica().Ann().Do(http.MethodPost, "/journeys/"+string(j.ID)+"/release", testserver.WithReason())
	w.logf("staff release %s, %s, which was %s: %d", j.ID, j.Reference, j.State, p.Status)
}

// staffSettle settles a stuck journey. What was given is released; otherwise it is retried or reversed.
func (w *simulation) staffSettle(j export.Record) {
	if j.State != journey.StateStuck {
		return
	}
	as := pick(w.random, "retry", "reversed")
	switch w.resolution(j) {
	case "released":
		as = "released"
	case "reversed":
		as = "reversed"
	}
	if as == "retry" {
		w.allowRepeat(j)
	}
	p := w.anyReplica().Ann().Do(http.MethodPost, "/journeys/"+string(j.ID)+"/settle", testserver.WithReason("as", as))
	w.logf("staff settle %s, %s, as %s: %d; it was: %s", j.ID, j.Reference, as, p.Status, j.Note)
}

func (w *simulation) allowRepeat(j export.Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if j.State == journey.StateStuck {
		w.repeatAllowed[string(j.ID)] = true
	}
}

// resolution says how the ledger settles a journey.
func (w *simulation) resolution(j export.Record) string {
	return w.ledger.Resolution(string(j.ID), strconv.Itoa(submissionOf(w.shown(j))))
}

// submissionOf counts how often the form was sent on the same payment.
func submissionOf(w export.Whole) int {
	submission := 1
	for _, e := range w.History {
		if e.Fact == (journey.Resubmitted{}).Name() && w.Kind == journey.KindSubmission {
			submission++
		}
	}
	return submission
}
