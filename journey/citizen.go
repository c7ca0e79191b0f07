package journey

import (
	"context"
	"time"
)

// Return handles the citizen's return from Pay. It does everything that is owed except the delivery of a held request,
// which is left to [Runner.Advance]: the browser has yet to show the cookies that it would send with the request.
func (r *Runner) Return(ctx context.Context, id ID, by By) (Journey, error) {
	j, err := r.Store.Get(ctx, id)
	if err != nil {
		return Journey{}, err
	}
	if j.State == StatePaying && j.Terms.Release == ReleaseOnReturn && j.ReturnedAt.IsZero() {
		if j, err = r.apply(ctx, id, CitizenReturned{}, by, Change{}); err != nil {
			return j, err
		}
	}
	progress, err := r.advance(ctx, id, Visit{By: by}, StepDeliver)
	return progress.Journey, err
}

// Resubmit records a corrected request on the same payment; Advance then delivers it. The error is a TransitionError
// if the journey is not waiting for one.
func (r *Runner) Resubmit(ctx context.Context, id ID, request HeldRequest, by By) (Journey, error) {
	j, err := r.Store.Get(ctx, id)
	if err == nil && j.Trusted { // not paid until Pay confirms
		j, err = r.ask(ctx, j, by)
	}
	if err != nil {
		return j, err
	}
	return r.apply(ctx, id, Resubmitted{request.Fingerprint(), request.Email}, by, Change{Request: &request})
}

// Collect makes the first fetch of a paid pass, with the request that the citizen has just sent. A pass that was
// refused may be asked for again.
func (r *Runner) Collect(ctx context.Context, id ID, request HeldRequest, v Visit) (Progress, error) {
	j, err := r.Store.Get(ctx, id)
	if err == nil && j.State == StateRefused {
		j, err = r.apply(ctx, id, Resubmitted{request.Fingerprint(), request.Email}, v.By, Change{})
	}
	if p, _ := j.Payment(); err == nil && r.mustRead(p) {
		j, err = r.ask(ctx, j, v.By)
	}
	if err != nil {
		return Progress{Journey: j}, err
	}
	progress, err := r.deliver(ctx, j, request, v)
	if err != nil || progress.Journey.State == StateReleasing {
		return progress, err
	}
	after, err := r.Advance(ctx, id, v)
	if after.Journey.ID != "" {
		progress.Journey = after.Journey
	}
	return progress, err
}

// TakeReply reads the kept reply for the browser that owns the journey. Its Set-Cookie headers come only the first
// time. The error is ErrErased if no reply is kept.
func (r *Runner) TakeReply(ctx context.Context, id ID) (Reply, error) {
	reply, err := r.Store.Reply(ctx, id)
	if err != nil {
		return reply, err
	}
	first, err := r.firstShowing(ctx, id)
	if !first {
		reply.Header.Del("Set-Cookie")
		reply.Header.Del("Clear-Site-Data") // it would clear cookies set since then
	}
	return reply, err
}

// firstShowing records that the kept reply is shown, and reports whether this is the first time.
func (r *Runner) firstShowing(ctx context.Context, id ID) (first bool, err error) {
	if j, err := r.Store.Get(ctx, id); err != nil || j.ReplyShown {
		return false, err
	}
	_, err = r.Store.Update(ctx, id, func(j Journey) (Change, error) {
		first = !j.ReplyShown
		j, err := j.Apply(ReplyShown{}, ByCitizen, r.Now())
		return Change{Journey: j}, err
	})
	return first && err == nil, err
}

// NoteOutcomeSeen records that the citizen is about to read what the service said, before a page says until when a
// refusal can be corrected. It returns the updated journey, or the given one if that could not be stored.
func (r *Runner) NoteOutcomeSeen(ctx context.Context, j Journey) Journey {
	if !j.OutcomeSeenAt.IsZero() || j.outcomeSeen(r.Now()).OutcomeSeenAt.IsZero() {
		return j
	}
	after, err := r.apply(ctx, j.ID, OutcomeSeen{}, ByCitizen, Change{})
	if err != nil {
		r.Log.WarnContext(ctx, "the citizen saw the outcome, but that could not be stored", "journey_id", j.ID, "error",
			err)
		return j
	}
	return after
}

// await waits, as long as WaitTimeout, for another caller that is busy with the journey.
func (r *Runner) await(ctx context.Context, id ID, busy func(Journey) bool) (Journey, error) {
	ctx, cancel := context.WithTimeout(ctx, r.WaitTimeout)
	defer cancel()
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, 250*time.Millisecond) {
		j, err := r.Store.Get(context.WithoutCancel(ctx), id)
		if err != nil || !busy(j) {
			return j, err
		}
		select {
		case <-ctx.Done():
			return j, nil
		case <-time.After(pause):
		}
	}
}
