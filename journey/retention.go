package journey

import "time"

// What the citizen has not seen is kept for them: a reply that was never shown, and the chance to correct a refusal
// that was never read, stay until Terms.UnseenFor after the payment began. Once the citizen has seen them, the usual
// times count: Terms.KeepReply for the reply, Terms.ResubmitFor for the correction.

// outcomeSeen records that the citizen has learnt what the service said, and keeps the reply for as long as they may
// open it. In other states there is no outcome to see yet.
func (j Journey) outcomeSeen(at time.Time) Journey {
	switch j.State {
	case StateAccepted, StateRefused, StateReleased:
		if !j.OutcomeSeenAt.IsZero() {
			break
		}
		j.OutcomeSeenAt = at
		if j.KeepsReply() && j.Terms.UnseenFor > 0 {
			j.ReplyUntil = latest(j.ReplyUntil, at.Add(j.Terms.KeepReply))
		}
	}
	return j
}

// replyShown records that the kept reply has reached the browser. Only the first time counts.
func (j Journey) replyShown(at time.Time) Journey {
	if !j.ReplyShown && j.KeepsReply() && j.Terms.UnseenFor > 0 {
		j.ReplyUntil = at.Add(j.Terms.KeepReply)
	}
	j.ReplyShown = true
	return j.outcomeSeen(at)
}

// replyKept records a new reply, which the citizen has not seen.
func (j Journey) replyKept(at time.Time) Journey {
	j.ReplyUntil, j.ReplyShown = latest(at.Add(j.Terms.KeepReply), j.unseenUntil()), false
	return j
}

// Unseen reports whether what the service said is still kept for a citizen who does not know it yet.
func (j Journey) Unseen(now time.Time) bool {
	return j.OutcomeSeenAt.IsZero() && now.Before(j.unseenUntil())
}

// unseenUntil returns the earliest time at which something that the citizen has not seen may be erased.
func (j Journey) unseenUntil() time.Time {
	if j.Terms.UnseenFor == 0 {
		return time.Time{}
	}
	return j.AskedAt.Add(j.Terms.UnseenFor)
}

// CorrectUntil returns the time until which a refused request can be corrected on the same payment.
func (j Journey) CorrectUntil() time.Time {
	until := j.Since.Add(j.Terms.ResubmitFor)
	switch {
	case j.Terms.UnseenFor == 0: // as in version 1
	case j.OutcomeSeenAt.IsZero():
		until = latest(until, j.unseenUntil())
	default:
		until = latest(j.Since, j.OutcomeSeenAt).Add(j.Terms.ResubmitFor)
	}
	p, _ := j.Payment()
	if closing := j.windowCloses(p); p.Status == StatusCapturable && closing.Before(until) {
		return closing
	}
	return until
}
