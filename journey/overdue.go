package journey

import "time"

// deadline is when a journey that does not go on becomes a person's.
type deadline struct {
	at  time.Time
	why Trouble
	say string
}

// deadline returns when a step has failed for too long in this state. A state that ends by itself has none.
func (j Journey) deadline() (d deadline, found bool) {
	after := func(from time.Time, why Trouble, say string) (deadline, bool) {
		return deadline{from.Add(maxOutage), why, say}, true
	}
	switch {
	case j.refunding():
		return after(j.RefundAskedAt, TroubleReturn, "it is not known whether GOV.UK Pay made a refund")
	case j.State == StateHeld && !j.AwaitsCitizen():
		return after(j.asked(), TroubleOverdue, "GOV.UK Pay has not said for 7 days whether there is a payment")
	case j.State == StatePaying:
		return after(j.asked(), TroubleOverdue, "GOV.UK Pay has not said for 7 days how the payment ended")
	case j.State == StateConfirmed && j.Terms.Kind == KindSubmission:
		return after(latest(j.PaidAt, j.StartedAt), TroubleDelivery, "the service has not got the request for 7 days")
	case j.State == StateAccepted:
		return after(j.Since, TroubleCapture, "the money could not be taken for 7 days")
	case !j.OwedAt.IsZero():
		return after(j.OwedAt, TroubleReturn, "the money has not gone back for 7 days")
	case j.State == StateReleased && j.Trusted:
		return after(j.Since, TroubleTrust, "released when the citizen came back, and not confirmed for 7 days")
	default:
		return deadline{}, false
	}
}

// isOverdue reports whether a step has failed for too long, and was tried once more since. Money that comes back again
// and again must not be refunded for ever.
func (j Journey) isOverdue(now time.Time) bool {
	if j.owedPayment() != "" && j.RefundTries.Tries >= maxRefunds {
		return true
	}
	d, found := j.deadline()
	return found && !now.Before(d.at) && !j.TriedAt.Before(d.at)
}

// overdue gives the journey to a person. A refund that was asked for by staff and whose result was never known ends;
// the journey itself goes on unless it was at rest.
func (j Journey) overdue(f Overdue) (Journey, string, error) {
	d, found := j.deadline()
	if !found || !f.Since.Equal(j.Since) {
		return j, "", &TransitionError{j.State, f.Name()}
	}
	note := d.say
	if j.Note != "" {
		note += ": " + j.Note
	}
	if j.refunding() && !j.State.AtRest() {
		j.RefundAskedAt, j.Note = time.Time{}, note
		return j, note, nil
	}
	j.RefundAskedAt = time.Time{}
	return j.stuck(d.why, note), note, nil
}

// asked returns when the newest payment was asked for, by our own clock.
func (j Journey) asked() time.Time {
	if j.AskedAt.IsZero() {
		return j.StartedAt
	}
	return j.AskedAt
}

// owedPayment returns the payment whose money has to go back, or nothing.
func (j Journey) owedPayment() string {
	switch {
	case j.State == StateRefused && j.Returning:
		return j.PaidWith
	case j.State.AtRest():
		return j.surplus()
	default:
		return ""
	}
}

// owedSince returns since when the citizen waits for money: it has to go back, or Pay has not finished a refund.
func (j Journey) owedSince(at time.Time) time.Time {
	switch {
	case j.owedPayment() == "" && !(j.State.AtRest() && j.refundUnderWay()):
		return time.Time{}
	case j.OwedAt.IsZero():
		return at
	default:
		return j.OwedAt
	}
}

// lateSince returns since when a step has been owed that fails again and again. The return of money has its own time,
// OwedAt, and of what is stuck a person knows.
func (j Journey) lateSince(at time.Time) time.Time {
	if j.State == StateReleasing { // the next try is under way
		return j.LateAt
	}
	hurried := j.hurried(Ordered)
	step, _ := hurried.next(at)
	due := hurried.due(at)
	fails := j.Failures > 0 || j.State == StateAccepted && j.CaptureTries.Tries > 0
	switch {
	case !fails, j.State == StateStuck, step == StepReturn, due.IsZero(), due.After(at):
		return time.Time{}
	case !j.LateAt.IsZero() && j.LateAt.Before(due):
		return j.LateAt
	default:
		return due
	}
}

// isDueForNothing reports whether sweeps would visit the journey again and again although nothing is owed: what was due
// is no longer worth doing.
func (j Journey) isDueForNothing(now time.Time) bool {
	return !j.DueAt.IsZero() && !j.DueAt.After(now) && j.Owed(now) == StepNone && j.Due(now) != j.DueAt
}
