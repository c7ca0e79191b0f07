package journey

import (
	"errors"
	"time"
)

// refundLease is how long an order to refund excludes others: longer than any call to Pay.
const refundLease = time.Minute

// ErrRefunding means that a refund of this journey is under way.
var ErrRefunding = errors.New("a refund is under way")

func (j Journey) refunding() bool { return !j.RefundAskedAt.IsZero() }

// releaseOrdered lets a person order a paid request to be delivered now, or again if it may not have arrived. Only its
// citizen fetches a pass.
func (j Journey) releaseOrdered(f ReleaseOrdered, by By) (Journey, string, error) {
	if !by.isStaff() || !j.claimable(by) || !j.Paid() || j.Terms.Kind != KindSubmission {
		return j, "", &TransitionError{j.State, f.Name()}
	}
	return j, f.Reason, nil
}

// settled goes where the person says, through the states in which a capture or the money's return is still owed.
func (j Journey) settled(f Settled) (Journey, string, error) {
	p, _ := j.Payment()
	given := !j.ReleasedAt.IsZero()
	possible := f.As == StateReleased || f.As == StateReversed || f.As == StateConfirmed && j.Paid() && !given &&
		!j.Adopted
	if j.State != StateStuck || !possible || j.refunding() {
		return j, "", &TransitionError{j.State, f.Name()}
	}
	unreturned := j.Trouble == TroubleReturn
	suspect := j.Trouble == TroubleMismatch // what we remember of the money may be wrong
	j.State, j.Trouble, j.Note, j.Doubtful, j.NotSentAt = f.As, "", "", false, time.Time{}
	j.CaptureTries, j.CancelTries, j.RefundTries, j.TriedAt = Attempts{}, Attempts{}, Attempts{}, time.Time{}
	if unreturned {
		j = j.leaveRefunds()
	}
	switch {
	case f.As == StateReleased:
		if !given {
			j.ReleasedAt = latest(j.Claim.At, j.StartedAt)
		}
		if unreturned {
			j = j.leaveSurplus()
		}
		j.CollectionFailed = p.Finished() && p.Status != StatusSuccess && p.Money == 0
		if p.Status == StatusCapturable {
			j.State, j.PaidWith = StateAccepted, p.ID
		}
	case f.As == StateReversed && p.ID != "" && (p.Money > 0 || suspect || !p.Finished()):
		j.State, j.PaidWith, j.Returning = StateRefused, p.ID, true
	}
	return j, f.Reason, nil
}

// leaveRefunds ends the wait for refunds that Pay has never finished.
func (j Journey) leaveRefunds() Journey {
	for _, p := range j.Payments {
		if p.isUnderWay() {
			j = j.withPayment(p.ID, func(p *Payment) { p.Left = true })
		}
	}
	return j
}

// leaveSurplus ends attempts to return money that Pay does not return, such as money in dispute.
func (j Journey) leaveSurplus() Journey {
	for id := j.surplus(); id != ""; id = j.surplus() {
		j = j.withPayment(id, func(p *Payment) { p.Left = true })
	}
	return j
}

// refundAsked records the intent, so that only one of two simultaneous refunds is made.
func (j Journey) refundAsked(f RefundAsked, at time.Time) (Journey, string, error) {
	if p, _ := j.Payment(); j.State == StateReleasing || p.Money == 0 {
		return j, "", &TransitionError{j.State, f.Name()}
	}
	if j.refunding() && at.Before(j.RefundAskedAt.Add(refundLease)) {
		return j, "", ErrRefunding
	}
	j.RefundAskedAt = at
	return j, Pounds(f.Amount) + ": " + f.Reason, nil
}

func (j Journey) refundDone(f Fact, detail string) (Journey, string, error) {
	if !j.refunding() {
		return j, "", &TransitionError{j.State, f.Name()}
	}
	j.RefundAskedAt = time.Time{}
	return j, detail, nil
}
