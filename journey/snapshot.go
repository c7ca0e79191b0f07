package journey

import (
	"slices"
	"strings"
	"time"
)

// paymentSeen applies Pay's answer about one payment. Only Pay says what happened to a payment, and its answer counts
// only if id, reference and amount are the journey's own.
func (j Journey) paymentSeen(f PaymentSeen, by By, at time.Time) (Journey, string, error) {
	known := j.payment(f.Snapshot.ID)
	if known == nil {
		return j, "", &TransitionError{j.State, f.Name()}
	}
	j.TriedAt = at
	if j.State == StatePaying && by != ByEarly { // it was the reading that failed before
		j.Failures, j.NotBefore = 0, time.Time{}
	}
	outcome := j.Terms.Outcome(f.Snapshot)
	if outcome == OutcomeMismatch {
		return j.mismatched()
	}
	before := *known
	j = j.withPayment(f.Snapshot.ID, func(p *Payment) { p.learn(f.Snapshot, at) })
	after := *j.payment(f.Snapshot.ID)
	next := j.follow(after, outcome, by, at)
	if j.capturedByOther(f.Snapshot, after) {
		const note = "the money was taken, but not by this Paygate (as after restoring an older copy of the store): " +
			"the service may already have the request"
		return next.stuck(TroubleDelivery, note), note, nil
	}
	detail := ""
	if after.Status != before.Status || after.Refunded != before.Refunded || next.Trusted != j.Trusted {
		detail = strings.TrimSpace(after.ID + " " + after.Status + " " + after.Code)
	}
	if more := after.OverRefunded(); more > before.OverRefunded() {
		next.Note = "GOV.UK Pay has refunded " + Pounds(more) + " more than was paid"
		detail = next.Note
	}
	return next, detail, nil
}

// capturedByOther reports whether reserved money was captured without our knowledge. Only we capture, and only once
// the service has accepted, so an older copy of the store may have been restored after a delivery.
func (j Journey) capturedByOther(s PaymentSnapshot, p Payment) bool {
	waiting := j.State == StatePaying || j.State == StateUnpaid || j.State == StateConfirmed ||
		j.State == StateRefused && !j.Returning || j.awaitsPay()
	return waiting && j.Terms.Capture == CaptureOnAccept && s.DelayedCapture && s.Status == StatusSuccess && p.Money > 0
}

// mismatched ignores an outcome that is not the journey's own. A person decides where it still matters.
func (j Journey) mismatched() (Journey, string, error) {
	const note = "GOV.UK Pay's payment has a different amount or reference from the journey"
	switch j.State {
	case StateHeld, StatePaying, StateUnpaid, StateConfirmed:
		return j.stuck(TroubleMismatch, note), note, nil
	default:
		j.Note = note
		return j, note, nil
	}
}

// follow moves the journey according to the payment.
func (j Journey) follow(p Payment, outcome Outcome, by By, at time.Time) Journey {
	if p.stale(outcome) {
		return j
	}
	if outcome == OutcomeUnclear {
		return j.unclear(p)
	}
	hasMoney := outcome == OutcomeConfirmed && p.Money > 0
	gone := outcome == OutcomeNoMoney || outcome == OutcomeConfirmed && p.Money == 0
	counts := p.ID == j.PaidWith
	switch j.State {
	case StatePaying, StateUnpaid:
		return j.followUnpaid(p, outcome, by, at)
	case StateStuck:
		if next := j.followUnpaid(p, outcome, by, at); j.awaitsPay() && next.State != StateStuck {
			next.Trouble, next.Note = "", ""
			return next
		}
	case StateConfirmed:
		switch {
		case counts && outcome == OutcomeNoMoney && j.Doubtful:
			j = j.stuck(TroubleCapture, doubt+", and the reserved money was lost")
		case counts && gone:
			j.State = StateReversed
		}
	case StateReleasing, StateRefused: // a trusted payment is confirmed
		if counts && hasMoney && j.Trusted {
			j.Trusted, j.PaidAt = false, at
		}
	case StateAccepted:
		if counts && p.Status == StatusSuccess {
			j.State = StateReleased
		}
		if counts && outcome == OutcomeNoMoney {
			j = j.stuck(TroubleCapture, "the service accepted, but the reserved money was lost before it was taken")
		}
	case StateReleased:
		return j.followReleased(p, outcome, at)
	case StateReversed, StateAbandoned:
		if hasMoney { // late: the request is gone, so the money goes back
			j.State, j.PaidWith, j.Returning = StateRefused, p.ID, true
			j.Note = "money arrived after the journey had ended; it goes back"
		}
	}
	return j
}

// awaitsPay reports whether a person was asked only because Pay did not say how the payment ended.
func (j Journey) awaitsPay() bool {
	return j.State == StateStuck && (j.Trouble == TroubleOverdue || j.Trouble == TroubleUnclear)
}

// unclear leaves it to a person what a word of Pay means that we do not know, if it holds money.
func (j Journey) unclear(p Payment) Journey {
	note := "GOV.UK Pay holds money on a payment that ended with a word that Paygate does not know: " + p.Status
	switch {
	case j.State == StatePaying, j.State == StateUnpaid, j.State == StateConfirmed && p.ID == j.PaidWith:
		return j.stuck(TroubleUnclear, note)
	case j.State == StateAccepted && p.ID == j.PaidWith:
		return j.stuck(TroubleCapture, note)
	case j.State != StateStuck:
		j.Note = note
	}
	return j
}

func (j Journey) followUnpaid(p Payment, outcome Outcome, by By, at time.Time) Journey {
	newest := p.ID == j.Payments[len(j.Payments)-1].ID
	switch {
	case outcome == OutcomeConfirmed && p.Money > 0:
		return j.confirm(p.ID, at)
	case j.State == StateUnpaid || !newest:
		return j
	case outcome == OutcomeSubmitted && j.Terms.Release == ReleaseOnReturn && !j.ReturnedAt.IsZero() && by != ByEarly:
		j.Trusted, j.PaidWith = true, p.ID
	case outcome == OutcomeNoMoney || outcome == OutcomeConfirmed:
		j.State, j.Trusted, j.PaidWith = StateUnpaid, false, ""
	}
	return j
}

func (j Journey) confirm(paymentID string, at time.Time) Journey {
	j.State, j.PaidWith, j.Trusted, j.Note = StateConfirmed, paymentID, false, ""
	if j.PaidAt.IsZero() {
		j.PaidAt = at
	}
	return j
}

func (j Journey) followReleased(p Payment, outcome Outcome, at time.Time) Journey {
	switch {
	case p.ID != j.PaidWith:
		return j
	case outcome == OutcomeConfirmed && j.Trusted:
		j.Trusted, j.PaidAt = false, at
	case outcome == OutcomeNoMoney && j.Trusted:
		j.Trusted = false
		return j.stuck(TroubleTrust, "released when the citizen came back, and then not paid")
	case outcome == OutcomeNoMoney:
		j.CollectionFailed = true
		j.Note = "the service was given, but GOV.UK Pay could not collect the money"
	case outcome == OutcomeConfirmed:
		j.CollectionFailed = false
	}
	return j
}

// learn takes over what Pay says, unless that is older than what we know: in trouble Pay may serve an old state as if
// it were fresh, but never one from the future (FACTS 3.5).
func (p *Payment) learn(s PaymentSnapshot, at time.Time) {
	p.ReadAt, p.Doubtful = at, s.NextURL == "" && rank(s.Status, s.isNewEnd()) < rank(StatusCapturable, false)
	if rank(s.Status, s.isNewEnd()) < rank(p.Status, p.Ended) {
		return
	}
	p.Status, p.Code, p.Ended, p.Money = s.Status, s.Code, s.isNewEnd(), s.Money()
	if p.Money > 0 || s.Total > 0 || s.Status == StatusSuccess {
		p.Total = s.Charged()
	}
	p.Refunded = s.RefundSubmitted
	p.Provider, p.ProviderID = s.Provider, s.ProviderID
	p.Fee, p.Net, p.CapturedDate, p.SettledDate = s.Fee, s.Net, s.CapturedDate, s.SettledDate
}

// stale reports whether the outcome is from before the payment's last known state.
func (p Payment) stale(o Outcome) bool {
	return (o == OutcomePending || o == OutcomeSubmitted) && rank(p.Status, p.Ended) > rank(StatusSubmitted, false)
}

// rank orders the statuses by how far a payment has come. Unknown statuses come first, unless Pay says that they end
// the payment.
func rank(status string, ended bool) int {
	switch {
	case ended, slices.Contains(ends, status):
		return len(stages)
	default:
		return max(0, slices.Index(stages, status))
	}
}

var (
	stages = []string{StatusCreated, StatusStarted, StatusSubmitted, StatusCapturable} // in order
	ends   = []string{StatusSuccess, StatusFailed, StatusCancelled, StatusError}
)

// isNewEnd reports whether Pay says that the payment is finished, with a word that we do not know.
func (s PaymentSnapshot) isNewEnd() bool {
	return s.Finished && !slices.Contains(stages, s.Status) && !slices.Contains(ends, s.Status)
}

// over reports whether Pay is done with the payment, so that it cannot be cancelled any more.
func (s PaymentSnapshot) over() bool { return rank(s.Status, s.isNewEnd()) == len(stages) }

// OverRefunded returns how many pence were given back beyond what the citizen was charged.
func (p Payment) OverRefunded() int64 {
	if p.Status != StatusSuccess || p.Total == 0 {
		return 0
	}
	return max(0, p.Refunded-p.Total)
}

// Finished reports whether Pay is done with the payment, whatever the outcome.
func (p Payment) Finished() bool { return rank(p.Status, p.Ended) == len(stages) }

func (j Journey) payment(id string) *Payment {
	for i := range j.Payments {
		if j.Payments[i].ID == id {
			return &j.Payments[i]
		}
	}
	return nil
}

// withPayment returns a copy in which one payment is changed.
func (j Journey) withPayment(id string, change func(*Payment)) Journey {
	j.Payments = slices.Clone(j.Payments)
	if p := j.payment(id); p != nil {
		change(p)
	}
	return j
}
