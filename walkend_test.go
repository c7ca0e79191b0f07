package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/journey"
	"paygate/journey/export"
)

// journeys are all there are, as staff see them.
func (w *world) journeys() (all []export.Record) {
	w.t.Helper()
	var list struct{ Journeys []export.Record }
	p := w.gates[0].ann().do(http.MethodGet, "/journeys?limit=500", nil)
	require.Equal(w.t, http.StatusOK, p.status, p.text)
	require.NoError(w.t, json.Unmarshal([]byte(p.text), &list))
	require.Less(w.t, len(list.Journeys), 500)
	return list.Journeys
}

// staffAct is a person at the staff door, who looks into the service's book before they decide.
func (w *world) staffAct() {
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
		p := w.anyGate().ann().do(http.MethodPost, "/journeys/"+string(j.ID)+"/check", nil)
		w.notes("staff check %s, %s: %d", j.ID, j.Reference, p.status)
	case n < 5:
		w.staffRefund(j)
	case n < 7:
		w.staffRelease(j)
	default:
		w.staffSettle(j)
	}
}

func (w *world) staffRefund(j export.Record) {
	amount := 1 + w.random.Int64N(j.AmountPence+100)
	p := w.anyGate().ann().do(http.MethodPost, "/journeys/"+string(j.ID)+"/refund", because("amount_pence", amount))
	w.notes("staff refund %d of %s, %s, which is %s: %d", amount, j.ID, j.Reference, j.State, p.status)
	payment := j.PaymentID
	if p.status == http.StatusOK {
		var after export.Whole
		require.NoError(w.t, json.Unmarshal([]byte(p.text), &after))
		payment = after.PaymentID
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	sum := w.refunds[payment]
	switch p.status {
	case http.StatusOK:
		sum.certain += amount
	case http.StatusBadGateway:
		sum.perhaps += amount
	}
	w.refunds[payment] = sum
}

// staffRelease has a request sent that nobody has got.
func (w *world) staffRelease(j export.Record) {
	if j.State == journey.StateStuck && w.bookSays(j) != "retry" {
		return
	}
	w.mayComeAgain(j)
	p := w.anyGate().ann().do(http.MethodPost, "/journeys/"+string(j.ID)+"/release", because())
	w.notes("staff release %s, %s, which was %s: %d", j.ID, j.Reference, j.State, p.status)
}

func (w *world) mayComeAgain(j export.Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if j.State == journey.StateStuck {
		w.onceMore[string(j.ID)] = true
	}
}

// bookSays is how the service's book settles a journey.
func (w *world) bookSays(j export.Record) string {
	return w.book.verdict(string(j.ID), itoa(submissionOf(w.shown(j))))
}

func (w *world) shown(j export.Record) export.Whole { return w.gates[0].ann().shown(string(j.ID)) }

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
func (w *world) staffSettle(j export.Record) {
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
	p := w.anyGate().ann().do(http.MethodPost, "/journeys/"+string(j.ID)+"/settle", because("as", as))
	w.notes("staff settle %s, %s, as %s: %d; it was: %s", j.ID, j.Reference, as, p.status, j.Note)
}

// bringToRest lets all trouble end, and a week go by, with sweeps and with people who settle what is stuck.
func (w *world) bringToRest() {
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
			gate.sweeps()
		}
		for _, j := range w.journeys() {
			w.staffSettle(j)
		}
		w.holds()
	}
}

// judge is the end: what Pay holds, what the service gave, and what Paygate says of both.
func (w *world) judge() {
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
func (w *world) given(j export.Whole) (given int, known bool) {
	submissions := map[string]bool{}
	for _, line := range w.book.all() {
		if line.journey != string(j.ID) || !line.did.done() {
			continue
		}
		known = known || line.did.known()
		if again := submissions[line.submission]; !again || j.Route != "safe" && !line.pass {
			given++
		}
		submissions[line.submission] = true
	}
	return given, known
}

func (w *world) agrees(j export.Whole, kept int64) {
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
func (w *world) lost(j export.Whole) bool {
	for _, p := range j.Payments {
		if sum := w.refunds[p.ID]; w.isTakenBack(p.ID, 0) || sum.certain+sum.perhaps > 0 {
			return true
		}
	}
	return j.Route == "trust" || slices.ContainsFunc(j.History, func(e export.Event) bool { return e.Fact == (journey.Settled{}).Name() })
}

// mayGoBack tells whether there is a reason for which the money went back: a refusal, a person, no money, money that came late,
// or a reservation that was about to end.
func (w *world) mayGoBack(j export.Whole) bool {
	for _, p := range j.Payments {
		if p.Status != "success" && p.Status != "cancelled" || p.RefundedPence > 0 && w.refunds[p.ID].certain+w.refunds[p.ID].perhaps > 0 {
			return true
		}
	}
	for _, e := range j.History {
		switch {
		case e.Fact == "delivered" && strings.HasPrefix(e.Detail, "refused"), e.Fact == "settled", e.From == journey.StateAbandoned, e.From == journey.StateReversed:
			return true
		case e.Fact == "return_decided" && e.At.Sub(j.Payments[0].CreatedAt) > 95*time.Hour:
			return true
		}
	}
	return false
}

// refundedAsOrdered: what people gave back on a payment that is kept, and nothing twice.
func (w *world) refundedAsOrdered(p paysim.PaymentView, j export.Whole) {
	sum := w.refunds[p.ID]
	if j.State != journey.StateReleased || p.ID != j.PaymentID {
		return // all of it goes back
	}
	require.GreaterOrEqual(w.t, p.Refunded, sum.certain, "%+v", j)
	require.LessOrEqual(w.t, p.Refunded, sum.certain+sum.perhaps, "%+v", j)
}
