package disaster

import (
	"encoding/json"
	"net/http"
	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/export"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

// journeys are all there are, as staff see them.
func (w *simulation) journeys() (all []export.Record) {
	w.t.Helper()
	var list struct{ Journeys []export.Record }
	p := w.gates[0].Ann().Do(http.MethodGet, "/journeys?limit=500", nil)
	require.Equal(w.t, http.StatusOK, p.Status, p.Text)
	require.NoError(w.t, json.Unmarshal([]byte(p.Text), &list))
	require.Less(w.t, len(list.Journeys), 500)
	return list.Journeys
}

// staffAct is a person at the staff door, who looks into the service's book before they decide.
func (w *simulation) staffAct() {
	all := w.journeys()
	if len(all) == 0 {
		return
	}
	j := pick(w.random, all...)
	for _, other := range all { // what is stuck is seen first
		if other.State == journey.StateStuck && w.random.IntN(2) == 0 {
			j = other
		}
	}
	switch n := w.random.IntN(10); {
	case n < 3 && j.State != journey.StateStuck:
		p := w.anyGate().Ann().Do(http.MethodPost, "/journeys/"+string(j.ID)+"/check", nil)
		w.notes("staff check %s, %s: %d", j.ID, j.Reference, p.Status)
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
	p := w.anyGate().Ann().Do(http.MethodPost, "/journeys/"+string(j.ID)+"/refund",
		testserver.WithReason("amount_pence", amount))
	w.notes("staff refund %d of %s, %s, which is %s: %d", amount, j.ID, j.Reference, j.State, p.Status)
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
		sum.perhaps += amount
	}
	w.refunds[payment] = sum
}

// staffRelease has a request sent that nobody has got.
func (w *simulation) staffRelease(j export.Record) {
	if j.State == journey.StateStuck && w.bookSays(j) != "retry" {
		return
	}
	w.mayComeAgain(j)
	p := w.anyGate().Ann().Do(http.MethodPost, "/journeys/"+string(j.ID)+"/release", testserver.WithReason())
	w.notes("staff release %s, %s, which was %s: %d", j.ID, j.Reference, j.State, p.Status)
}

func (w *simulation) mayComeAgain(j export.Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if j.State == journey.StateStuck {
		w.onceMore[string(j.ID)] = true
	}
}

// bookSays is how the service's book settles a journey.
func (w *simulation) bookSays(j export.Record) string {
	return w.book.Resolution(string(j.ID), strconv.Itoa(submissionOf(w.shown(j))))
}

func (w *simulation) shown(j export.Record) export.Whole {
	return w.gates[0].Ann().Journey(string(j.ID))
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

// staffSettle settles what is stuck: what was given as released, else it is tried again or given back.
func (w *simulation) staffSettle(j export.Record) {
	if j.State != journey.StateStuck {
		return
	}
	as := pick(w.random, "retry", "reversed")
	switch w.bookSays(j) {
	case "released":
		as = "released"
	case "reversed":
		as = "reversed"
	}
	if as == "retry" {
		w.mayComeAgain(j)
	}
	p := w.anyGate().Ann().Do(http.MethodPost, "/journeys/"+string(j.ID)+"/settle", testserver.WithReason("as", as))
	w.notes("staff settle %s, %s, as %s: %d; it was: %s", j.ID, j.Reference, as, p.Status, j.Note)
}

// bringToRest lets all trouble end, and a week go by, with sweeps and with people who settle what is stuck.
func (w *simulation) bringToRest() {
	w.notes("everybody goes home, and all is well")
	w.pay.ClearFaults()
	w.standsUp(true)
	w.mu.Lock()
	w.moods = nil
	w.mu.Unlock()
	for _, d := range []time.Duration{time.Hour, 3, 3, 12, 12, 24, 24, 24, 24, 24, 24, 24} {
		if d < time.Hour {
			d *= time.Hour
		}
		w.passes(d)
		for _, gate := range w.gates {
			gate.Sweep()
		}
		for _, j := range w.journeys() {
			w.staffSettle(j)
		}
		w.holds()
	}
}

// judge is the end: what Pay holds, what the service gave, and what Paygate says of both.
func (w *simulation) checkBooks() {
	w.t.Helper()
	views := map[string]paysim.PaymentView{}
	for _, p := range w.pay.Payments() {
		require.NotEqual(w.t, "capturable", p.Status, "reserved for ever: %+v", p)
		views[p.ID] = p
	}
	for _, j := range w.journeys() {
		whole := w.shown(j)
		require.True(w.t, j.State.AtRest(), "%+v", whole)
		var kept int64
		for _, p := range whole.Payments {
			view, there := views[p.ID]
			require.True(w.t, there, "a payment that two journeys have, or none: %+v", whole)
			delete(views, p.ID)
			if view.Status == "success" {
				kept += view.Total - view.Refunded
				w.refundedAsOrdered(view, whole)
			}
		}
		w.agrees(whole, kept)
	}
	for _, p := range views {
		require.NotEqual(w.t, "success", p.Status, "paid, and no journey knows of it: %+v", p)
	}
}

// given counts what the service gave for a journey, and tells whether Paygate can know of it.
func (w *simulation) given(j export.Whole) (given int, known bool) {
	submissions := map[string]bool{}
	for _, line := range w.book.All() {
		if line.Journey != string(j.ID) || !line.Act.Accepted() {
			continue
		}
		known = known || line.Act.Conclusive()
		if again := submissions[line.Submission]; !again || j.Route != "safe" && !line.Pass {
			given++
		}
		submissions[line.Submission] = true
	}
	return given, known
}

func (w *simulation) agrees(j export.Whole, kept int64) {
	t := w.t
	given, known := w.given(j)
	require.LessOrEqual(t, given, 1, "given twice: %+v", j)
	switch {
	case given == 0:
		require.Zero(t, kept, "paid, and nothing given: %+v", j)
		require.True(t, j.State != journey.StateReleased || j.Kind == journey.KindPass && known, "%+v", j)
		require.True(t, j.State != journey.StateReversed || w.mayGoBack(j), "why did the money go back? %+v", j)
	case kept > 0:
		require.Equal(t, journey.StateReleased, j.State, "%+v", j)
	case j.Kind == journey.KindPass && !known: // whoever fetches a pass and gets no answer may fetch it again, or not
	default:
		require.True(t, w.lost(j), "given, and not paid: %+v", j)
	}
}

// lost tells whether it is known why nobody paid for what was given.
func (w *simulation) lost(j export.Whole) bool {
	for _, p := range j.Payments {
		if sum := w.refunds[p.ID]; w.isTakenBack(p.ID, 0) || sum.certain+sum.perhaps > 0 {
			return true
		}
	}
	return j.Route == "trust" ||
		slices.ContainsFunc(j.History, func(e export.Event) bool { return e.Fact == (journey.Settled{}).Name() })
}

// mayGoBack tells whether there is a reason for which the money went back: a refusal, a person, no money, money that
// came late, or a reservation that was about to end.
func (w *simulation) mayGoBack(j export.Whole) bool {
	for _, p := range j.Payments {
		if p.Status != "success" && p.Status != "cancelled" || p.RefundedPence > 0 && w.refunds[p.ID].certain+
			w.refunds[p.ID].perhaps > 0 {
			return true
		}
	}
	for _, e := range j.History {
		switch {
		case e.Fact == "delivered" && strings.HasPrefix(e.Detail, "refused"), e.Fact == "settled",
			e.From == journey.StateAbandoned, e.From == journey.StateReversed:
			return true
		case e.Fact == "return_decided" && e.At.Sub(j.Payments[0].CreatedAt) > 95*time.Hour:
			return true
		}
	}
	return false
}

// refundedAsOrdered: what people gave back on a payment that is kept, and nothing twice.
func (w *simulation) refundedAsOrdered(p paysim.PaymentView, j export.Whole) {
	sum := w.refunds[p.ID]
	if j.State != journey.StateReleased || p.ID != j.PaymentID {
		return // all of it goes back
	}
	require.GreaterOrEqual(w.t, p.Refunded, sum.certain, "%+v", j)
	require.LessOrEqual(w.t, p.Refunded, sum.certain+sum.perhaps, "%+v", j)
}
