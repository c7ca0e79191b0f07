package journey

import (
	"slices"
	"strings"
	"time"
)

// Apply returns the journey after a fact. It has no side effects. A fact that no longer changes anything returns the
// same journey. A fact that the state does not allow is a [TransitionError], and the journey is unchanged. by is the
// caller that reports the fact, for the history.
func (j Journey) Apply(f Fact, by By, at time.Time) (Journey, error) {
	next, detail, err := j.apply(f, by, at)
	if err != nil {
		return j, err
	}
	if next.State != j.State {
		next = next.entered(j.State, at).withoutOldNote(j)
	}
	if next.State != j.State || detail != "" {
		next = next.remember(Event{
			At: at, Fact: f.Name(), From: j.State, To: next.State, By: by.Word(),
			Detail: detail,
		})
	}
	if next.Terms.Kind == KindSubmission && !next.KeepsRequest() && !next.KeepsReply() {
		next.Fingerprint.Query = "" // it may be personal, and is no longer needed to find the held address
	}
	next = next.setRight(at).noteEarly(j, f, by).followingRefunds(at).withNews(at)
	next.OwedAt = next.owedSince(at)
	next.DueAt, next.EarlyAt, next.TellAt = next.Due(at), next.earlyDue(), next.tellAt()
	next.LateAt = next.lateSince(at)
	return next, nil
}

// apply is the state table: one case for each fact. The text is for the history. It is empty if the fact needs a
// line only when it changes the state.
func (j Journey) apply(f Fact, by By, at time.Time) (Journey, string, error) {
	switch f := f.(type) {
	case PaymentAsked:
		return j.paymentAsked(at)
	case PaymentCreated:
		return j.paymentCreated(f.Snapshot, at)
	case PaymentNotCreated:
		return j.paymentNotCreated(f.Detail)
	case PaymentNeverMade:
		return j.move(f, StateAbandoned, StateHeld)
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
		return j.troubled(f, TroubleRequest, "the held request is damaged", StateConfirmed, StatePaying)
	case Captured:
		return j.captured(f)
	case CaptureLost:
		return j.troubled(f, TroubleCapture, f.Detail, StateAccepted)
	case Resubmitted:
		return j.resubmitted(f)
	case ReturnDecided:
		return j.returnDecided(f, by)
	case MoneyReturned:
		return j.moneyReturned(f)
	case ReturnFailed:
		return j.troubled(f, TroubleReturn, f.Detail, StateRefused, StateReleased, StateReversed, StateAbandoned)
	case LeftToStaff:
		return j.troubled(f, TroubleRefused, "the service refused; this route leaves that to staff", StateRefused)
	case RetryLapsed:
		return j.retryLapsed(f)
	case Tried:
		return j.tried(f, at)
	case TryFailed:
		return j.tryFailed(f, by, at)
	case Overdue:
		return j.overdue(f)
	case StepFailed:
		return j.stepFailed(f, by, at)
	case Looked:
		return j.looked(f, at), "", nil
	case ReplyShown:
		return j.replyShown(at), "", nil
	case OutcomeSeen:
		return j.outcomeSeen(at), "", nil
	case NothingOwed: // only the time at which it is due is worked out again
		return j, "", nil
	case ReplyErased:
		j.ReplyUntil = time.Time{}
		return j, "", nil
	case ReleaseOrdered:
		return j.releaseOrdered(f, by)
	case Settled:
		return j.settled(f)
	case RefundAsked:
		return j.refundAsked(f, at)
	case Guarded:
		return j.guarded(f, by, at)
	case ApprovalAsked:
		return j.approvalAsked(f, by, at)
	case ApprovalEnded:
		return j.approvalEnded(f, by, at)
	case Refunded:
		return j.refundDone(f, Pounds(f.Amount)+" of "+f.PaymentID)
	case RefundsSeen:
		return j.refundsSeen(f, at)
	case MessageTaken:
		return j.messageTaken(f, by, at)
	case MessageSent:
		return j.messageSent(f)
	case MessageFailed:
		return j.messageFailed(f, by, at)
	case MessageGivenUp:
		return j.messageGivenUp(f, at)
	case EmailErased:
		return j.emailErased(), "", nil
	case PersonErased:
		return j.personErased(f, at)
	case RefundEnded:
		return j.refundDone(f, f.Detail)
	default:
		return j, "", &TransitionError{j.State, f.Name()}
	}
}

// move goes from one of the given states to another. A journey that is already there stays.
func (j Journey) move(f Fact, to State, from ...State) (Journey, string, error) {
	switch {
	case slices.Contains(from, j.State):
		j.State = to
		return j, "", nil
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

// failed records that an owed step could not be done, and how long sweeps wait. A failure of early delivery delays only
// early delivery.
func (j Journey) failed(detail string, by By, at time.Time) Journey {
	j.TriedAt = at
	if by == ByEarly {
		j = j.failedEarly(at)
	} else {
		j.Failures++
		j.NotBefore = at.Add(shortPause(j.Failures))
	}
	if j.State != StateStuck {
		j.Note = detail
	}
	return j
}

// stepFailed is failed for a step at Pay. The history has the first failure of a row, and those that a person saw.
func (j Journey) stepFailed(f StepFailed, by By, at time.Time) (Journey, string, error) {
	isNews := j.Failures == 0 && by != ByEarly || by.isStaff()
	j = j.failed(f.Detail, by, at)
	if isNews {
		return j, f.Detail, nil
	}
	return j, "", nil
}

// looked records that Pay could be read. What a failed reading had noted before is over.
func (j Journey) looked(f Looked, at time.Time) Journey {
	if j.Failures > 0 && j.State != StateStuck && !j.Returning {
		j.Note = ""
	}
	j.LookedAt, j.Failures, j.NotBefore = at, 0, time.Time{}
	if j.NudgedAt.Equal(f.Nudged) {
		j.NudgedAt = time.Time{}
	}
	return j
}

// withoutOldNote drops the note of the state before: its trouble is over. That a message was given up stays true.
func (j Journey) withoutOldNote(before Journey) Journey {
	if j.Note == before.Note && j.State != StateStuck && !strings.HasPrefix(j.Note, givenUp) {
		j.Note = ""
	}
	return j
}

// entered starts a new state. The back-off of a delivery stays until one succeeds.
func (j Journey) entered(from State, at time.Time) Journey {
	j.Since = at
	failed := from == StateReleasing && (j.State == StateConfirmed || j.State == StatePaying)
	if j.State != StateReleasing && !failed {
		j.Failures, j.NotBefore = 0, time.Time{}
	}
	if j.State.AtRest() {
		j.Returning = false
	}
	return j
}
