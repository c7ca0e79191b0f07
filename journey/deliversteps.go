package journey

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// request reads the held request once there is memory for it. release is never nil.
func (r *Runner) request(ctx context.Context, j Journey) (request HeldRequest, release func(), err error) {
	release = func() {}
	if r.Acquire != nil {
		acquired, err := r.Acquire(ctx, j.Fingerprint.Size)
		if err != nil {
			return HeldRequest{}, release, err
		}
		release = acquired
	}
	request, err = r.Store.Request(ctx, j.ID)
	return request, release, err
}

// ErrPaused means that the route's deliveries for which no citizen waits pause, because the service does not say what
// becomes of them.
var ErrPaused = errors.New("the route's deliveries pause")

func (r *Runner) permit(ctx context.Context, route string) (done func(), err error) {
	if err := r.StoresResults(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPaused, err)
	}
	if r.Permit == nil {
		return func() {}, nil
	}
	return r.Permit(ctx, route)
}

// doPermitted carries out one owed step. It first waits until a delivery for which no citizen waits may begin.
func (r *Runner) doPermitted(ctx context.Context, j Journey, step Step, v Visit) (Progress, error) {
	if step != StepDeliver || v.By == ByCitizen || v.By.isStaff() {
		return r.do(ctx, j, step, v)
	}
	done, err := r.permit(ctx, j.Terms.Route)
	if err != nil {
		return Progress{Journey: j}, err
	}
	defer done()
	if err := ctx.Err(); err != nil { // a sweep that ends begins no more deliveries
		return Progress{Journey: j}, err
	}
	return r.do(ctx, j, step, v)
}

func (r *Runner) deliverHeld(ctx context.Context, j Journey, v Visit) (Progress, error) {
	request, release, err := r.request(ctx, j)
	defer release()
	if errors.Is(err, ErrErased) { // another caller has delivered it
		j, err = r.Store.Get(ctx, j.ID)
		return Progress{Journey: j}, err
	}
	if errors.Is(err, ErrDamaged) { // there is nothing left to deliver: a person has to decide
		j, err = r.apply(ctx, j.ID, RequestLost{}, v.By, Change{})
		return Progress{Journey: j}, err
	}
	if err != nil {
		j, err = r.fail(ctx, j, v.By, fmt.Errorf("reading the held request: %w", err))
		return Progress{Journey: j}, err
	}
	return r.deliver(ctx, j, request, v)
}

// deliver claims, delivers and stores the result. Without the claim, it returns the journey as another caller left it.
func (r *Runner) deliver(ctx context.Context, j Journey, request HeldRequest, v Visit) (Progress, error) {
	defer r.working.begin()()
	ctx = context.WithoutCancel(ctx)

	claimed, err := r.apply(ctx, j.ID, Claimed{r.Now().Add(j.Terms.ClaimFor)}, v.By, Change{})
	if _, misplaced := errors.AsType[*TransitionError](err); misplaced {
		j, err = r.Store.Get(ctx, j.ID)
		return Progress{Journey: j}, err
	}
	if err != nil {
		return Progress{Journey: j}, err
	}
	via := v.By.Via()
	if j.Terms.Kind == KindPass {
		via = "pass"
	}
	result := r.Deliverer.Deliver(ctx, Delivery{
		Journey: claimed, Request: request, Payer: r.payer(ctx, claimed), Cookie: v.Cookie, Via: via,
	})
	return r.conclude(ctx, claimed, result, v.By)
}

// conclude stores the result of a delivery. If that fails for too long, the claim lapses and the result is unknown.
func (r *Runner) conclude(ctx context.Context, j Journey, result Delivered, by By) (Progress, error) {
	answered := result.Verdict == VerdictAccepted || result.Verdict == VerdictRefused
	if result.Verdict == VerdictNotSent {
		r.Log.WarnContext(ctx, "a request was not sent", "journey_id", j.ID, "route", j.Terms.Route,
			"reason", result.Detail)
	}
	fact := RequestDelivered{
		Number: j.Claim.Number, Verdict: result.Verdict, Status: result.Status, Detail: result.Detail,
		KeepReply: answered && result.Reply.Whole() && j.Terms.Kind == KindSubmission,
	}
	change := Change{}
	if fact.KeepReply {
		change.Reply = result.Reply
	}
	after, err := r.storeResult(ctx, j.ID, fact, by, change)
	if err != nil {
		_ = result.Reply.Close()
		return Progress{Journey: j}, fmt.Errorf("storing the result %s of a delivery: %w", result.Verdict, err)
	}
	if !answered {
		_ = result.Reply.Close()
		return Progress{Journey: after}, nil
	}
	return Progress{Journey: after, Reply: result.Reply}, nil
}

// storeResultTimeout is how long we try to store the result of a delivery, so that a restart of the database or a full
// disk does not leave a person to find out what we know. It is shorter than the time by which the claim outlives the
// delivery.
const storeResultTimeout = 25 * time.Second

// storeResult stores the result of a delivery, and tries again while that may help. In a full store, which may still
// have room for the result, it does without the service's reply.
func (r *Runner) storeResult(ctx context.Context, id ID, f RequestDelivered, by By, also Change) (Journey, error) {
	ctx, cancel := context.WithTimeout(ctx, storeResultTimeout)
	defer cancel()
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		after, err := r.apply(ctx, id, f, by, also)
		var misplaced *TransitionError
		switch {
		case err == nil:
			r.unstored.Store(0)
			return after, nil
		case errors.As(err, &misplaced): // it may have been stored, and only the confirmation lost
			j, getErr := r.Store.Get(ctx, id)
			if getErr == nil && j.Claim.Number == f.Number && j.Claim.Until.IsZero() {
				r.unstored.Store(0)
				return j, nil
			}
			return Journey{}, errors.Join(err, getErr)
		case errors.Is(err, ErrNotFound), errors.Is(err, ErrDamaged):
			return Journey{}, err
		case errors.Is(err, ErrFull):
			f.KeepReply, also.Reply = false, nil
		}
		r.unstored.Store(r.Now().UnixNano())
		r.Log.ErrorContext(ctx, "the result of a delivery is not stored yet",
			"journey_id", id, "verdict", f.Verdict, "error", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return Journey{}, err
		}
	}
}

// unstoredFor is how long deliveries for which no citizen waits pause after a result could not be stored.
const unstoredFor = 2 * time.Minute

// StoresResults returns an error if the result of a delivery could not be stored a moment ago.
func (r *Runner) StoresResults() error {
	if at := r.unstored.Load(); at != 0 && r.Now().Sub(time.Unix(0, at)) < unstoredFor {
		return errUnstored
	}
	return nil
}

var errUnstored = errors.New("the results of deliveries cannot be stored")
