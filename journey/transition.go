package journey

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Apply says what follows from a fact: the journey after it. It decides and does nothing else. A fact that changes nothing
// any more gives the same journey back; a fact that has no place in the state is a [TransitionError], and the journey
// stays as it was. by is whoever brought the fact, for the history.
func (j Journey) Apply(f Fact, by By, at time.Time) (Journey, error) {
	next, detail, err := j.apply(f, by, at)
	if err != nil {
		return j, err
	}
	if next.State != j.State {
		next = next.entered(at)
	}
	if next.State != j.State || detail != "" {
		next = next.remember(Event{At: at, Fact: f.Name(), From: j.State, To: next.State, By: by.Word(), Detail: detail})
	}
	if next.Terms.Kind == KindSubmission && !next.KeepsRequest() && !next.KeepsReply() {
		next.Fingerprint.Query = "" // it may be personal, and nothing leads to that address any more
	}
	next = next.noteEarly(j, f, by)
	next.DueAt, next.EarlyAt = next.Due(at), next.earlyDue()
	return next, nil
}

// apply is the table: one case for each fact. The text is what the history says, empty for what is not worth a line
// unless the state changes.
func (j Journey) apply(f Fact, by By, at time.Time) (Journey, string, error) {
	switch f := f.(type) {
	case PaymentAsked:
		return j.paymentAsked(at)
	case PaymentCreated:
		return j.paymentCreated(f.Snapshot, at)
	case PaymentNotCreated:
		return j.paymentNotCreated(f.Detail)
	case PaymentNeverMade:
		return j.move(f, StateAbandoned, "", StateHeld)
	case CitizenReturned:
		return j.citizenReturned(at), "", nil
	case Nudged:
		j.NudgedAt = at
		return j, "", nil
	case PaymentSeen:
		return j.paymentSeen(f, by, at)
	case EarlyBegun:
		return j.earlyBegun(f, at)
	case Claimed:
		return j.claimed(f, by, at)
	case RequestDelivered:
		return j.delivered(f, at)
	case ClaimLapsed:
		return j.claimLapsed(f, at)
	case RequestLost:
		return j.troubled(f, TroubleRequest, "the held request is damaged and cannot be delivered", StateConfirmed, StatePaying)
	case Captured:
		return j.captured(f)
	case CaptureLost:
		return j.troubled(f, TroubleCapture, f.Detail, StateAccepted)
	case Resubmitted:
		return j.resubmitted(f)
	case ReturnDecided:
		return j.returnDecided(f)
	case MoneyReturned:
		return j.moneyReturned(f)
	case ReturnFailed:
		return j.troubled(f, TroubleReturn, f.Detail, StateRefused, StateReleased, StateReversed, StateAbandoned)
	case LeftToStaff:
		return j.troubled(f, TroubleRefused, "the service refused; this route leaves that to staff", StateRefused)
	case RetryLapsed:
		if j.AwaitsCitizen() {
			return j.move(f, StateAbandoned, "", StateHeld)
		}
		return j.move(f, StateAbandoned, "", StateUnpaid)
	case StepFailed:
		return j.failed(f.Detail, by, at), "", nil
	case Looked:
		j.LookedAt, j.NudgedAt, j.Failures, j.NotBefore = at, time.Time{}, 0, time.Time{}
		return j, "", nil
	case ReplyShown:
		return j.replyShown(at), "", nil
	case OutcomeSeen:
		return j.outcomeSeen(at), "", nil
	case ReplyErased:
		j.ReplyUntil = time.Time{}
		return j, "", nil
	case ReleaseOrdered:
		return j.releaseOrdered(f, by)
	case Settled:
		return j.settled(f)
	case RefundAsked:
		return j.refundAsked(f, at)
	case Refunded:
		return j.refundDone(f, fmt.Sprintf("%d pence of %s", f.Amount, f.PaymentID))
	case RefundEnded:
		return j.refundDone(f, f.Detail)
	default:
		return j, "", &TransitionError{j.State, f.Name()}
	}
}

// createLease is how long one attempt to create a payment keeps others from another; longer than any call to Pay.
const createLease = time.Minute

// ErrCreating: somebody is creating this journey's payment just now.
var ErrCreating = errors.New("a payment is being created")

func (j Journey) paymentAsked(at time.Time) (Journey, string, error) {
	if j.State != StateHeld && j.State != StateUnpaid {
		return j, "", &TransitionError{j.State, PaymentAsked{}.Name()}
	}
	if j.Creating && at.Before(j.AskedAt.Add(createLease)) {
		return j, "", ErrCreating
	}
	j.Creating, j.AskedAt = true, at
	return j, "", nil
}

// paymentCreated: a payment that comes when none is waited for is remembered all the same, so that money on it is seen
// and given back.
func (j Journey) paymentCreated(s PaymentSnapshot, at time.Time) (Journey, string, error) {
	j.Creating = false
	if j.payment(s.ID) != nil {
		return j, "", nil
	}
	created := s.CreatedAt
	if created.IsZero() {
		created = at
	}
	j.Payments = append(slices.Clone(j.Payments), Payment{ID: s.ID, CreatedAt: created, ReadAt: at, Status: s.Status})
	switch j.State {
	case StateHeld, StateUnpaid:
		j.State, j.ReturnedAt, j.Note = StatePaying, time.Time{}, ""
		if j.Terms.Outcome(s) == OutcomeMismatch {
			return j.stuck(TroubleMismatch, "GOV.UK Pay made a payment with another amount or reference"), s.ID, nil
		}
	}
	return j, s.ID, nil
}

func (j Journey) paymentNotCreated(detail string) (Journey, string, error) {
	if !j.Creating {
		return j, "", nil
	}
	j.Creating, j.Note = false, detail
	return j, detail, nil
}

func (j Journey) citizenReturned(at time.Time) Journey {
	if j.State == StatePaying && j.ReturnedAt.IsZero() {
		j.ReturnedAt = at
	}
	return j
}

func (j Journey) claimed(f Claimed, by By, at time.Time) (Journey, string, error) {
	if !j.claimable(by) {
		return j, "", &TransitionError{j.State, f.Name()}
	}
	j.Claim = Claim{Number: j.Claim.Number + 1, By: by, At: at, Until: f.Until}
	if j.Attempt == 0 || j.Terms.Kind == KindSubmission { // fetching a pass is always attempt 1
		j.Attempt++
	}
	j.State, j.Trouble, j.OutcomeSeenAt = StateReleasing, "", time.Time{}
	if by == ByEarly {
		return j, fmt.Sprintf("attempt %d, early: the citizen had not come back", j.Attempt), nil
	}
	return j, fmt.Sprintf("attempt %d", j.Attempt), nil
}

// claimable is the heart of "nothing unpaid gets through": nothing is ever delivered but on a claim.
func (j Journey) claimable(by By) bool {
	if j.refunding() {
		return false
	}
	switch j.State {
	case StateConfirmed:
		return j.Paid() || j.Trusted && by != ByEarly
	case StatePaying:
		return j.Trusted && by != ByEarly
	case StateStuck: // once more, on a person's word
		return j.Trouble == TroubleDelivery && j.Paid() && by.isStaff()
	default:
		return false
	}
}

// delivered takes the word of the claim's holder, even when it comes after the claim lapsed but before anybody else
// acted on the journey.
func (j Journey) delivered(f RequestDelivered, at time.Time) (Journey, string, error) {
	waiting := j.State == StateReleasing || j.State == StateConfirmed || j.State == StateStuck && j.Trouble == TroubleDelivery
	if !waiting || f.Number != j.Claim.Number || j.Claim.Until.IsZero() {
		return j, "", &TransitionError{j.State, f.Name()}
	}
	j.Claim.Until, j.ReplyStatus, j.Trouble, j.Note = time.Time{}, f.Status, "", ""
	detail := strings.TrimSpace(fmt.Sprintf("%s %s", f.Verdict, f.Detail))
	if f.Status != 0 {
		detail = strings.TrimSpace(fmt.Sprintf("%s %d %s", f.Verdict, f.Status, f.Detail))
	}
	if f.Kept {
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
	case p.Finished() && p.Money == 0: // lost while the request was on its way
		return j.stuck(TroubleCapture, "the service accepted, and Pay holds no money any more")
	default:
		j.State = StateReleased
	}
	return j
}

// unknown: nobody can say whether the service did it. Only a route that says so is delivered twice; fetching a pass is
// a GET, which is always safe (RFC 9110 section 9.2.1).
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

const doubt = "nobody knows whether the service got the request"

// orAskedInTime: what the service may have got is not given back unasked. A person decides while the money is still there.
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
	return j.unknown(detail, at), detail, nil
}

func (j Journey) captured(f Captured) (Journey, string, error) {
	j, detail, err := j.move(f, StateReleased, "", StateAccepted)
	if err == nil && j.State == StateReleased {
		j = j.withPayment(j.PaidWith, func(p *Payment) {
			if p.Status == StatusCapturable {
				p.Status = StatusSuccess // what Pay reads at once after a capture (FACTS 3.6)
			}
		})
	}
	return j, detail, err
}

func (j Journey) resubmitted(f Resubmitted) (Journey, string, error) {
	if j.State != StateRefused || j.Returning || !j.Paid() {
		return j, "", &TransitionError{j.State, f.Name()}
	}
	j.State, j.ReplyUntil, j.Fingerprint, j.Doubtful = StateConfirmed, time.Time{}, f.Fingerprint, false
	if j.Terms.Kind == KindSubmission {
		j.Submission, j.Attempt = j.Submission+1, 0
	}
	return j, fmt.Sprintf("submission %d", j.Submission), nil
}

// returnDecided comes before the money moves, so that nobody delivers what is being given back.
func (j Journey) returnDecided(f ReturnDecided) (Journey, string, error) {
	switch j.State {
	case StateConfirmed, StateRefused:
		j.State, j.Returning = StateRefused, true
	default:
		return j, "", &TransitionError{j.State, f.Name()}
	}
	return j, "the money goes back", nil
}

func (j Journey) moneyReturned(f MoneyReturned) (Journey, string, error) {
	p := j.payment(f.PaymentID)
	if p == nil {
		return j, "", &TransitionError{j.State, f.Name()}
	}
	detail := strings.TrimSpace(f.PaymentID + " " + f.Detail)
	switch {
	case j.State == StateRefused && j.Returning && f.PaymentID == j.PaidWith:
		j.State = StateReversed
		return j, detail, nil
	case j.State.AtRest(): // a payment beside the one that counts
		return j, detail, nil
	default:
		return j, "", &TransitionError{j.State, f.Name()}
	}
}

// move goes from one of the states to another; a journey already there stays.
func (j Journey) move(f Fact, to State, detail string, from ...State) (Journey, string, error) {
	switch {
	case slices.Contains(from, j.State):
		j.State = to
		return j, detail, nil
	case j.State == to:
		return j, "", nil
	default:
		return j, "", &TransitionError{j.State, f.Name()}
	}
}

func (j Journey) troubled(f Fact, why Trouble, note string, from ...State) (Journey, string, error) {
	if !slices.Contains(from, j.State) {
		return j, "", &TransitionError{j.State, f.Name()}
	}
	return j.stuck(why, note), note, nil
}

func (j Journey) stuck(why Trouble, note string) Journey {
	j.State, j.Trouble, j.Note, j.Returning = StateStuck, why, note, false
	return j
}

// failed notes that an owed step could not be done, and how long sweeps leave it alone: a second at first, then twice as
// long each time, at most half an hour. Where early delivery failed, it is early delivery that waits.
func (j Journey) failed(detail string, by By, at time.Time) Journey {
	if by == ByEarly {
		j = j.failedEarly(at)
	} else {
		j.Failures++
		j.NotBefore = at.Add(min(MaxBackOff, time.Second<<min(j.Failures-1, 20)))
	}
	if j.State != StateStuck {
		j.Note = detail
	}
	return j
}

// entered is what every new state begins with.
func (j Journey) entered(at time.Time) Journey {
	j.Since = at
	if j.NotSentAt != at { // what just could not be sent keeps its back-off
		j.Failures, j.NotBefore = 0, time.Time{}
	}
	if j.State.AtRest() {
		j.Returning = false
	}
	return j
}

// remember adds a line to the history. The same thing again and again is one line that counts, and so is a delivery that
// is tried again and again.
func (j Journey) remember(e Event) Journey {
	history := slices.Clone(j.History)
	n := len(history)
	if e.Fact == (RequestDelivered{}).Name() && n > 1 && history[n-1].Fact == (Claimed{}).Name() && history[n-2].same(e) {
		history = history[:n-1]
		n--
	}
	if n > 0 && history[n-1].same(e) {
		history[n-1].At, history[n-1].Times = e.At, max(1, history[n-1].Times)+1
	} else {
		history = append(history, e)
	}
	j.History = history
	return j
}

func (e Event) same(o Event) bool {
	return e.Fact == o.Fact && e.From == o.From && e.To == o.To && e.By == o.By && e.Detail == o.Detail
}
