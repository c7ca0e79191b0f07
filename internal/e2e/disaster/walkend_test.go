package disaster

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/notifysim"
	"paygate/internal/paysim"
	"paygate/journey"
	"paygate/journey/export"
	"paygate/journey/reconcile"
)

// waitForRest ends all faults, and lets a week pass, with sweeps and with staff who settle stuck journeys.
func (w *simulation) waitForRest() {
	w.logf("no more faults")
	w.pay.ClearFaults()
	w.setServiceUp(true)
	w.notify.Break(notifysim.FaultNone, "")
	for _, at := range w.replicas { // what they hold back after a refusal ends by the real clock
		at.RestartUnchanged()
	}
	w.mu.Lock()
	w.nextActs, w.deaf = nil, 0
	w.mu.Unlock()
	for _, d := range []time.Duration{time.Hour, 3, 3, 12, 12, 24, 24, 24, 24, 24, 24, 24} {
		if d < time.Hour {
			d *= time.Hour
		}
		w.advance(d)
		for _, at := range w.replicas {
			at.Sweep()
		}
		for _, j := range w.journeys() {
			w.staffSettle(j)
		}
		w.requireNoViolations()
	}
}

// checkBooks compares what Pay holds, what the service gave, and what Paygate says of both.
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
		var paid int64
		for _, p := range whole.Payments {
			view, there := views[p.ID]
			require.True(w.t, there, "a payment of no journey, or of two: %+v", whole)
			delete(views, p.ID)
			if view.Status == "success" {
				paid += view.Total - view.Refunded
				w.checkRefunds(view, whole)
			}
		}
		w.checkJourney(whole, paid)
		w.checkMessages(whole)
	}
	w.t.Logf("%d journeys, %d events, %d e-mails", len(w.journeys()), len(w.events), len(w.notify.Emails()))
	for _, p := range views {
		require.NotEqual(w.t, "success", p.Status, "paid, and unknown to every journey: %+v", p)
	}
	w.reconcile()
}

// reconcile requires that Paygate's own comparison with the lists of Pay finds nothing. Each replica compares the
// payments that began at its address.
func (w *simulation) reconcile() {
	w.t.Helper()
	now, checked := w.clock.Now(), 0
	for _, at := range w.replicas {
		p := at.Ann().Do(http.MethodPost, "/reconcile", map[string]string{
			"from": now.AddDate(0, -1, 0).Format(time.DateOnly), "to": now.AddDate(0, 0, 2).Format(time.DateOnly),
		})
		require.Equal(w.t, http.StatusOK, p.Status, p.Text)
		var report reconcile.Report
		require.NoError(w.t, json.Unmarshal([]byte(p.Text), &report))
		require.Empty(w.t, report.Differences)
		checked += report.Checked
	}
	require.NotZero(w.t, checked)
}

// given counts what the service gave for a journey, and reports whether Paygate can know of it.
func (w *simulation) given(j export.Whole) (given int, known bool) {
	submissions := map[string]bool{}
	for _, line := range w.ledger.All() {
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

func (w *simulation) checkJourney(j export.Whole, paid int64) {
	t := w.t
	given, known := w.given(j)
	require.LessOrEqual(t, given, 1, "given twice: %+v", j)
	switch {
	case given == 0:
		require.Zero(t, paid, "paid, and nothing given: %+v", j)
		require.True(t, j.State != journey.StateReleased || j.Kind == journey.KindPass && known, "%+v", j)
		require.True(t, j.State != journey.StateReversed || w.reversalExplained(j),
			"the money went back for no reason: %+v", j)
	case paid > 0:
		require.Equal(t, journey.StateReleased, j.State, "%+v", j)
	case j.Kind == journey.KindPass && !known: // a citizen whose pass got no answer may fetch it again
	default:
		require.True(t, w.lossExplained(j), "given, and not paid: %+v", j)
	}
}

// lossExplained reports whether there is a reason why what was given is unpaid.
func (w *simulation) lossExplained(j export.Whole) bool {
	for _, p := range j.Payments {
		if sum := w.refunds[p.ID]; w.isUncollected(p.ID, 0) || sum.certain+sum.possible > 0 {
			return true
		}
	}
	return j.Route == "trust" ||
		slices.ContainsFunc(j.History, func(e export.Event) bool { return e.Fact == (journey.Settled{}).Name() })
}

// reversalExplained reports whether there is a reason why the money went back: a refusal, staff, no money, late money,
// or the end of a reservation.
func (w *simulation) reversalExplained(j export.Whole) bool {
	for _, p := range j.Payments {
		if p.Status != "success" && p.Status != "cancelled" || p.RefundedPence > 0 && w.refunds[p.ID].certain+
			w.refunds[p.ID].possible > 0 {
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

// checkRefunds requires that exactly what staff ordered was refunded of a payment that counts.
func (w *simulation) checkRefunds(p paysim.PaymentView, j export.Whole) {
	sum := w.refunds[p.ID]
	if j.State != journey.StateReleased || p.ID != j.PaymentID {
		return // all of it goes back
	}
	require.GreaterOrEqual(w.t, p.Refunded, sum.certain, "%+v", j)
	require.LessOrEqual(w.t, p.Refunded, sum.certain+sum.possible, "%+v", j)
}
