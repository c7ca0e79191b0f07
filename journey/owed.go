package journey

import "time"

// Step is what must be done next for a journey.
type Step string

const (
	StepNone Step = "" // nothing yet
	// StepFindOrphan searches Pay for a payment whose id we never learnt.
	StepFindOrphan Step = "find_orphan"
	// StepAsk reads the payments at Pay.
	StepAsk Step = "ask"
	// StepDeliver claims and delivers the held request.
	StepDeliver Step = "deliver"
	// StepLapse ends a claim whose holder was lost.
	StepLapse Step = "lapse"
	// StepCapture takes the reserved money.
	StepCapture Step = "capture"
	// StepReturn gives the money back.
	StepReturn Step = "return"
	// StepLeaveToStaff hands a refusal to a person.
	StepLeaveToStaff Step = "leave_to_staff"
	// StepGiveUp ends the time for another attempt.
	StepGiveUp Step = "give_up"
	// StepLook reads the payments of a journey at rest again.
	StepLook Step = "look"
	// StepEraseReply erases the kept reply.
	StepEraseReply Step = "erase_reply"
	// StepFollowRefund reads what became of a refund whose answer was lost.
	StepFollowRefund Step = "follow_refund"
	// StepEraseEmail erases the citizen's address.
	StepEraseEmail Step = "erase_email"
	// StepEndApproval ends the wait of an order to which no second person has agreed.
	StepEndApproval Step = "end_approval"
	// StepHandOver gives the journey to a person, because nothing has helped for a week.
	StepHandOver Step = "hand_over"
	// StepForget removes the journey.
	StepForget Step = "forget"
)

// IsAtPay reports whether the step begins with a call to Pay.
func (s Step) IsAtPay() bool {
	switch s {
	case StepFindOrphan, StepAsk, StepLook, StepCapture, StepReturn, StepFollowRefund:
		return true
	default:
		return false
	}
}

const (
	// CaptureWindow is how long Pay keeps reserved money, counted from the payment's creation (FACTS 5).
	CaptureWindow = 120 * time.Hour
	// lookFor is how long a journey at rest is read again: finished payments change within days (FACTS 3.3).
	lookFor = 7 * 24 * time.Hour
	// followEvery is how often an unfinished payment is read without the citizen.
	followEvery = 30 * time.Minute
	// keepEmail is how long the citizen's address is kept after the journey came to rest.
	keepEmail = 30 * 24 * time.Hour
	// freshFor is how long we rely on Pay's confirmation: after that we ask again before we deliver.
	freshFor = 10 * time.Minute
)

// Owed returns what must be done next for the journey by any caller, or StepNone. It has no side effects.
func (j Journey) Owed(now time.Time) Step {
	step, from := j.next(now)
	if step == StepNone || now.Before(from) && !j.fromTheFuture(step, from, now) {
		return StepNone
	}
	return step
}

// Due returns when a sweep should visit the journey: when the next step is owed, but not before a paying citizen has
// had time to come back, nor during the back-off after failures. The zero time means never.
func (j Journey) Due(now time.Time) time.Time {
	due := j.due(now)
	if due.IsZero() || tooLong(j.NotBefore, now, MaxBackOff) {
		return due
	}
	return latest(due, j.NotBefore)
}

// DueByHand is [Journey.Due] for a sweep that a person asked for: it ignores every back-off after failures, except that
// of refunds.
func (j Journey) DueByHand(now time.Time) time.Time { return j.hurried(ByHand).due(now) }

// due returns when a sweep should visit the journey if nothing had failed.
func (j Journey) due(now time.Time) time.Time {
	step, from := j.next(now)
	if step == StepNone {
		return time.Time{}
	}
	due := latest(from, j.Since)
	if j.leftAlone() {
		due = latest(due, j.leftToCitizen())
	}
	if j.fromTheFuture(step, due, now) {
		return now
	}
	return due
}

// leftAlone reports whether sweeps leave the journey to its citizen while the payment is young: its result is not
// known, or only to early delivery.
func (j Journey) leftAlone() bool {
	unpaid := j.State == StateHeld && !j.AwaitsCitizen() || j.State == StatePaying && !j.Trusted
	return j.NudgedAt.IsZero() && (unpaid || j.State == StateConfirmed && j.Early.Found)
}

// leftToCitizen returns the time until which sweeps leave a young payment alone.
func (j Journey) leftToCitizen() time.Time { return j.asked().Add(j.Terms.MopupMinAge) }

// next returns the next step and when it falls due. What is overdue comes first, then a nudge, then the earlier of the
// state's own step and the end of what is kept.
func (j Journey) next(now time.Time) (Step, time.Time) {
	if j.isOverdue(now) {
		return StepHandOver, j.Since
	}
	if j.refunding() {
		return StepFollowRefund, j.RefundAskedAt.Add(refundLease)
	}
	if j.isNudged(now) {
		return StepLook, j.NudgedAt
	}
	return j.orErase(j.nextOfState(now))
}

// isNudged reports whether Pay has told us of a change that we have not read, and may still be able to read.
func (j Journey) isNudged(now time.Time) bool {
	return !j.NudgedAt.IsZero() && now.Before(j.NudgedAt.Add(maxOutage)) && len(j.Payments) > 0 &&
		j.State != StateReleasing
}

// orErase returns the step, unless something that is kept ends before.
func (j Journey) orErase(step Step, from time.Time) (Step, time.Time) {
	unless := func(end Step, at time.Time) {
		if step == StepNone || at.Before(from) {
			step, from = end, at
		}
	}
	if j.KeepsReply() {
		unless(StepEraseReply, j.ReplyUntil)
	}
	if j.Email != "" && j.State.AtRest() {
		unless(StepEraseEmail, j.Since.Add(keepEmail))
	}
	if j.Approval.Waits() {
		unless(StepEndApproval, j.Approval.Until())
	}
	return step, from
}

func (j Journey) nextOfState(now time.Time) (Step, time.Time) {
	switch j.State {
	case StateHeld:
		if j.AwaitsCitizen() {
			return StepGiveUp, j.RetryUntil()
		}
		if j.Creating { // may still be under way
			return StepFindOrphan, j.AskedAt.Add(max(j.Terms.MopupMinAge, createLease))
		}
		return StepFindOrphan, j.AskedAt.Add(j.Terms.MopupMinAge)
	case StatePaying:
		if p, _ := j.Payment(); j.Trusted && !p.ReadAt.Before(j.Since) && !p.readLongAgo(now) {
			return StepDeliver, j.Since
		}
		return StepAsk, j.Since
	case StateUnpaid:
		return StepGiveUp, j.RetryUntil()
	case StateConfirmed:
		return j.nextConfirmed(now)
	case StateReleasing:
		return StepLapse, j.Claim.Until
	case StateAccepted:
		return StepCapture, latest(j.Since, j.CaptureTries.from(now))
	case StateRefused:
		return j.nextRefused(now)
	case StateStuck:
		return StepLook, latest(j.LookedAt, j.Since).Add(j.Terms.SecondLook)
	default:
		return j.nextAtRest(now)
	}
}

// nextConfirmed delivers a request, but lets a pass wait for its citizen. Money for a request that could not be
// delivered before Pay's capture window closes is given back while that is still possible.
func (j Journey) nextConfirmed(now time.Time) (Step, time.Time) {
	p, _ := j.Payment()
	closing := j.windowCloses(p)
	reserved := p.Status == StatusCapturable
	switch {
	case j.Terms.Kind == KindPass:
		return StepReturn, closing
	case reserved && j.NotSentAt.After(closing):
		return StepReturn, j.NotSentAt
	case p.readLongAgo(now):
		return StepAsk, j.Since
	default:
		return StepDeliver, j.Since
	}
}

// readLongAgo reports whether the payment was read too long ago to deliver on.
func (p Payment) readLongAgo(now time.Time) bool { return now.Sub(p.ReadAt).Abs() > freshFor }

func (j Journey) nextRefused(now time.Time) (Step, time.Time) {
	p, _ := j.Payment()
	if j.Returning || p.Finished() && p.Money == 0 {
		return StepReturn, latest(j.Since, j.CancelTries.from(now), j.RefundTries.from(now))
	}
	if j.Terms.OnRefused == OnRefusedStaff {
		return StepLeaveToStaff, j.CorrectUntil()
	}
	return StepReturn, j.CorrectUntil()
}

func (j Journey) nextAtRest(now time.Time) (Step, time.Time) {
	if j.surplus() != "" {
		return StepReturn, latest(j.Since, j.CancelTries.from(now), j.RefundTries.from(now))
	}
	step, from := StepForget, j.Since.Add(j.Terms.KeepJourney)
	if j.waitsToTell() {
		step = StepNone // what waits to be told is not forgotten
	}
	if look, wanted := j.nextLook(now); wanted && look.Before(from) {
		step, from = StepLook, look
	}
	return step, from
}

// surplus returns the id of a payment that holds money for which nothing was given, unless a person has left it as it
// is.
func (j Journey) surplus() string {
	for _, p := range j.Payments {
		if p.Money > 0 && !p.Left && (j.State != StateReleased || p.ID != j.PaidWith) {
			return p.ID
		}
	}
	return ""
}

// nextLook returns when the payments of a journey at rest are read again: for a week, and until what is under way at
// Pay has ended.
func (j Journey) nextLook(now time.Time) (look time.Time, wanted bool) {
	last, end := latest(j.LookedAt, j.Since), j.Since.Add(lookFor)
	look = last.Add(j.Terms.SecondLook)
	for _, p := range j.Payments {
		if often := last.Add(followEvery); !p.Finished() && often.Before(look) {
			look = often
		}
	}
	// The last look may fail for a day, and is tried once after an outage that was longer.
	stillTried := j.Failures == 0 || now.Before(end.Add(24*time.Hour))
	wanted = j.Trusted || len(j.Payments) > 0 && !look.After(end) && stillTried
	for _, p := range j.Payments {
		if read, following := p.nextRefundsRead(now); following && (!wanted || read.Before(look)) {
			look, wanted = read, true
		}
	}
	return look, wanted
}

func latest(times ...time.Time) time.Time {
	var last time.Time
	for _, t := range times {
		if t.After(last) {
			last = t
		}
	}
	return last
}
