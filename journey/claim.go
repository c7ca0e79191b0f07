package journey

import (
	"fmt"
	"strings"
	"time"
)

func (j Journey) claimed(f Claimed, by By, at time.Time) (Journey, string, error) {
	if !j.claimable(by) {
		return j, "", &TransitionError{j.State, f.Name()}
	}
	j.Claim = Claim{Number: j.Claim.Number + 1, By: by, At: at, Until: f.Until}
	if j.Attempt == 0 || j.Terms.Kind == KindSubmission { // a pass is always attempt 1
		j.Attempt++
	}
	j.State, j.Trouble, j.OutcomeSeenAt = StateReleasing, "", time.Time{}
	if by == ByEarly {
		return j, fmt.Sprintf("attempt %d, early: the citizen had not come back", j.Attempt), nil
	}
	return j, fmt.Sprintf("attempt %d", j.Attempt), nil
}

// claimable reports whether the request may be delivered. This is the heart of "nothing unpaid gets through": every
// delivery needs a claim.
func (j Journey) claimable(by By) bool {
	if j.refunding() {
		return false
	}
	switch j.State {
	case StateConfirmed:
		return j.Paid() || j.Trusted && by != ByEarly
	case StatePaying:
		return j.Trusted && by != ByEarly
	case StateStuck: // again, if a person says so
		return j.Trouble == TroubleDelivery && j.Paid() && by.isStaff()
	default:
		return false
	}
}

// delivered records the result that the claim's holder reports, even if the claim has lapsed, as long as nothing else
// has happened to the journey.
func (j Journey) delivered(f RequestDelivered, at time.Time) (Journey, string, error) {
	waiting := j.State == StateReleasing || j.State == StateConfirmed ||
		j.State == StateStuck && j.Trouble == TroubleDelivery
	if !waiting || f.Number != j.Claim.Number || j.Claim.Until.IsZero() {
		return j, "", &TransitionError{j.State, f.Name()}
	}
	j.Claim.Until, j.ReplyStatus, j.Trouble, j.Note = time.Time{}, f.Status, "", ""
	j.Sent = j.Sent || f.Verdict != VerdictNotSent
	detail := strings.TrimSpace(fmt.Sprintf("%s %s", f.Verdict, f.Detail))
	if f.Status != 0 {
		detail = strings.TrimSpace(fmt.Sprintf("%s %d %s", f.Verdict, f.Status, f.Detail))
	}
	if f.KeepReply {
		j = j.replyKept(at)
	}
	switch f.Verdict {
	case VerdictAccepted:
		j.Doubtful = false
		return j.accepted(at), detail, nil
	case VerdictRefused:
		j.Doubtful, j.State = false, StateRefused
		return j, detail, nil
	case VerdictNotSent:
		j = j.backToConfirmed().failed(detail, j.Claim.By, at)
		j.NotSentAt = at
		return j.orAskedInTime(at), detail, nil
	default:
		return j.unknown(strings.TrimPrefix(detail, string(VerdictUnknown)+" "), at), detail, nil
	}
}

func (j Journey) accepted(at time.Time) Journey {
	if j.ReleasedAt.IsZero() {
		j.ReleasedAt = at
	}
	switch p, _ := j.Payment(); {
	case p.Status == StatusCapturable:
		j.State = StateAccepted
	case p.Finished() && p.Money == 0: // lost during the delivery
		return j.stuck(TroubleCapture, "the service accepted, but GOV.UK Pay no longer holds the money")
	default:
		j.State = StateReleased
	}
	return j
}

// unknown handles a delivery whose result is not known. The request is sent again only if the route says that this is
// safe. A pass is fetched by GET, which is always safe (RFC 9110 section 9.2.1).
func (j Journey) unknown(detail string, at time.Time) Journey {
	if j.Terms.Kind == KindPass {
		return j.backToConfirmed().failed(detail, j.Claim.By, at)
	}
	j.Doubtful = true
	if j.Terms.Repeat == RepeatSafe {
		return j.backToConfirmed().failed(detail, j.Claim.By, at).orAskedInTime(at)
	}
	return j.stuck(TroubleDelivery, doubt+": "+detail)
}

const doubt = "it is not known whether the service got the request"

// orAskedInTime leaves the decision to a person while the money is still reserved: money for a request that the service
// may have received must not simply go back.
func (j Journey) orAskedInTime(at time.Time) Journey {
	p, _ := j.Payment()
	if !j.Doubtful || p.Status != StatusCapturable || at.Before(j.windowCloses(p)) {
		return j
	}
	return j.stuck(TroubleDelivery, doubt+", and the reserved money is about to go back")
}

func (j Journey) backToConfirmed() Journey {
	j.State = StateConfirmed
	if j.Trusted {
		j.State = StatePaying
	}
	return j
}

func (j Journey) claimLapsed(f ClaimLapsed, at time.Time) (Journey, string, error) {
	if j.State != StateReleasing || f.Number != j.Claim.Number {
		return j, "", &TransitionError{j.State, f.Name()}
	}
	const detail = "the delivery was cut off before its result was known"
	j.Sent = true
	return j.unknown(detail, at), detail, nil
}
