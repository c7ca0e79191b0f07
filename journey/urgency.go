package journey

import (
	"context"
	"time"
)

// Urgency says which back-offs a visit observes.
type Urgency int

const (
	// Usual observes all of them.
	Usual Urgency = iota
	// ByHand is a sweep that a person asked for. It observes only the back-off of refunds.
	ByHand
	// Ordered is a person's order about one journey. It observes none.
	Ordered
)

// hurried returns the journey without the back-offs that a visit of this urgency ignores.
func (j Journey) hurried(u Urgency) Journey {
	if u >= ByHand {
		j.NotBefore, j.CaptureTries.NotBefore, j.CancelTries.NotBefore = time.Time{}, time.Time{}, time.Time{}
	}
	if u >= Ordered {
		j.RefundTries.NotBefore = time.Time{}
	}
	return j
}

// tryEvery is how often citizens and webhooks may have one journey's payments read, or its request delivered.
const tryEvery = 2 * time.Second

// maxTurns is how often a visitor waits at most.
const maxTurns = 3

// owed returns the step that the visit may do now.
func (v Visit) owed(j Journey, now time.Time) Step {
	if !j.NudgedAt.IsZero() && v.wait(j, now) > 0 {
		j.NudgedAt = time.Time{} // the payment was read a moment ago: what follows from that is done now
	}
	if v.wait(j, now) > 0 {
		return StepNone
	}
	return j.hurried(v.Urgency).owedTo(v.By, now)
}

// wait returns how long this visitor must not try again what was tried shortly before.
func (v Visit) wait(j Journey, now time.Time) time.Duration {
	last := j.lastTry(j.hurried(v.Urgency).Owed(now))
	if v.By != ByCitizen && v.By != ByWebhook || now.Before(last) {
		return 0
	}
	return max(0, last.Add(tryEvery).Sub(now))
}

// lastTry returns when a step was last tried; the zero time if it was not, or if that does not matter.
func (j Journey) lastTry(step Step) time.Time {
	switch {
	case step == StepAsk, step == StepLook, step == StepFindOrphan, step == StepFollowRefund:
		return j.TriedAt
	case step == StepReturn && j.Failures > 0 && j.owedPayment() != "":
		return j.TriedAt
	case step == StepDeliver && j.Failures > 0:
		return latest(j.Claim.At, j.NotSentAt)
	default:
		return time.Time{}
	}
}

// awaitTurn waits until the visitor may try again what was tried shortly before. If another visitor tries it first,
// that counts for both, unless Pay answered that visitor before there was the news of a webhook.
func (r *Runner) awaitTurn(ctx context.Context, j Journey, v Visit) (Journey, error) {
	for turns := 0; ; turns++ {
		wait := min(v.wait(j, r.Now()), r.WaitTimeout)
		again := turns < maxTurns && v.By == ByWebhook && !j.NudgedAt.IsZero()
		if wait <= 0 || turns > 0 && !again {
			return j, nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		var err error
		if j, err = r.Store.Get(context.WithoutCancel(ctx), j.ID); err != nil {
			return j, err
		}
	}
}
