package journey

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// apply stores what follows from a fact. With an error the journey in the answer is empty.
func (r *Runner) apply(ctx context.Context, id ID, f Fact, by By, also Change) (Journey, error) {
	var before Journey
	after, err := r.Store.Update(ctx, id, func(j Journey) (Change, error) {
		before = j
		next, err := j.Apply(f, by, r.Now())
		change := also
		change.Journey = next
		return change, err
	})
	var misplaced *TransitionError
	if errors.As(err, &misplaced) {
		r.Log.InfoContext(ctx, "fact has no place", "journey_id", id, "from", misplaced.State, "fact", misplaced.Fact, "by", by.Word())
	}
	if err != nil {
		return Journey{}, err
	}
	r.applied(before, after, f, by)
	return after, nil
}

func (r *Runner) applied(before, after Journey, f Fact, by By) {
	name := "held"
	if f != nil {
		name = f.Name()
	}
	level := slog.LevelInfo
	if before.State == after.State && len(before.History) == len(after.History) {
		level = slog.LevelDebug
	}
	p, _ := after.Payment()
	r.Log.Log(context.Background(), level, "journey",
		"journey_id", after.ID, "reference", after.Terms.Reference, "payment_id", p.ID, "route", after.Terms.Route,
		"from", before.State, "fact", name, "to", after.State, "by", by.Word(), "amount_pence", after.Terms.Amount)
	if r.Applied != nil {
		r.Applied(Applied{Before: before, After: after, Fact: f, By: by.Word()})
	}
}

// fail notes a step that could not be done. The cause comes back, joined by whatever kept the note from being stored.
func (r *Runner) fail(ctx context.Context, j Journey, by By, cause error) (Journey, error) {
	r.Log.WarnContext(ctx, "step failed", "journey_id", j.ID, "state", j.State, "by", by.Word(), "error", cause)
	noted, err := r.apply(ctx, j.ID, StepFailed{cause.Error()}, by, Change{})
	if err != nil {
		return j, errors.Join(cause, err)
	}
	return noted, cause
}

// CreatePayment asks Pay for the payment of a journey whose intent to have one is stored. It is never repeated by itself: an
// answer that was lost may have left a payment, which nobody can pay because nobody has its address (FACTS trap 4). With an
// error, nothing was taken, and there is no payment that anybody could pay.
func (r *Runner) CreatePayment(ctx context.Context, j Journey, prefill Prefill) (Began, error) {
	defer r.working.begin()()
	ctx = context.WithoutCancel(ctx)

	snapshot, err := r.Payments.Create(ctx, NewPayment{
		Amount: j.Terms.Amount, Reference: j.Terms.Reference, Description: j.Terms.Description,
		ReturnURL: j.Terms.ReturnURL, Language: j.Terms.Language,
		DelayedCapture: j.Terms.Capture == CaptureOnAccept,
		Metadata:       j.Terms.Metadata, Prefill: prefill,
	})
	if err != nil && !errors.Is(err, ErrNextURL) {
		noted, noteErr := r.apply(ctx, j.ID, PaymentNotCreated{err.Error()}, ByCitizen, Change{})
		if noteErr != nil {
			return Began{Journey: j}, errors.Join(err, noteErr)
		}
		return Began{Journey: noted}, err
	}
	after, storeErr := r.apply(ctx, j.ID, PaymentCreated{snapshot}, ByCitizen, Change{})
	switch {
	case storeErr != nil: // nobody gets the payment's address, so nobody can pay it
		return Began{Journey: j}, errors.Join(err, storeErr)
	case err != nil:
		return Began{Journey: after}, err
	case after.State != StatePaying:
		return Began{Journey: after}, nil
	}
	return Began{Journey: after, NextURL: snapshot.NextURL}, nil
}

// findOrphan looks for payments whose create was answered into the void. All that we asked for must fit, since other
// services may use the same account and the same references, and no other journey may know it.
func (r *Runner) findOrphan(ctx context.Context, j Journey, by By) (Journey, error) {
	const leeway = 10 * time.Minute // between Pay's clock and ours, and for a create that took its time
	found, err := r.Payments.FindByReference(ctx, j.Terms.Reference, j.StartedAt.Add(-leeway))
	if err != nil {
		return r.fail(ctx, j, by, fmt.Errorf("looking for an orphan payment: %w", err))
	}
	for _, snapshot := range found {
		ours := snapshot.Reference == j.Terms.Reference && snapshot.Amount == j.Terms.Amount && snapshot.CreatedAt.Before(j.AskedAt.Add(leeway)) &&
			snapshot.DelayedCapture == (j.Terms.Capture == CaptureOnAccept) && (snapshot.ReturnURL == j.Terms.ReturnURL || snapshot.ReturnURL == "")
		if _, err := r.Store.ByPayment(ctx, snapshot.ID); !ours || !errors.Is(err, ErrNotFound) {
			continue
		}
		after, err := r.apply(ctx, j.ID, PaymentCreated{snapshot}, by, Change{})
		if errors.Is(err, ErrTaken) { // since we asked: it was being made for another journey
			continue
		}
		if err != nil {
			return after, err
		}
		j = after
	}
	if j.State != StateHeld {
		return j, nil
	}
	return r.apply(ctx, j.ID, PaymentNeverMade{}, by, Change{})
}

// ask reads at Pay every payment whose outcome may still move the journey.
func (r *Runner) ask(ctx context.Context, j Journey, by By) (Journey, error) {
	for i, p := range j.Payments {
		if earlier := i < len(j.Payments)-1; earlier && p.Finished() && j.State == StatePaying {
			continue // an earlier try, known to have ended; the second look reads it again
		}
		snapshot, err := r.Payments.Get(ctx, p.ID)
		if err != nil {
			return r.fail(ctx, j, by, fmt.Errorf("asking for the payment: %w", err))
		}
		if j, err = r.apply(ctx, j.ID, PaymentSeen{snapshot}, by, Change{}); err != nil {
			return j, err
		}
	}
	return j, nil
}

func (r *Runner) look(ctx context.Context, j Journey, by By) (Journey, error) {
	j, err := r.ask(ctx, j, by)
	if err != nil {
		return j, err
	}
	return r.apply(ctx, j.ID, Looked{}, by, Change{})
}

// request reads the held request when there is room for it. release is never nil.
func (r *Runner) request(ctx context.Context, j Journey) (request HeldRequest, release func(), err error) {
	release = func() {}
	if r.Acquire != nil {
		entered, err := r.Acquire(ctx, j.Fingerprint.Size)
		if err != nil {
			return HeldRequest{}, release, err
		}
		release = entered
	}
	request, err = r.Store.Request(ctx, j.ID)
	return request, release, err
}

func (r *Runner) deliverHeld(ctx context.Context, j Journey, v Visit) (Progress, error) {
	request, release, err := r.request(ctx, j)
	defer release()
	if errors.Is(err, ErrErased) { // somebody delivered it meanwhile
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

// deliver claims, delivers and stores the result. Whoever does not get the claim leaves with the journey as it then is.
func (r *Runner) deliver(ctx context.Context, j Journey, request HeldRequest, v Visit) (Progress, error) {
	defer r.working.begin()()
	ctx = context.WithoutCancel(ctx)

	claimed, err := r.apply(ctx, j.ID, Claimed{r.Now().Add(j.Terms.ClaimFor)}, v.By, Change{})
	var misplaced *TransitionError
	if errors.As(err, &misplaced) {
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
	result := r.Deliverer.Deliver(ctx, Delivery{Journey: claimed, Request: request, Cookie: v.Cookie, Via: via})
	return r.conclude(ctx, claimed, result, v.By)
}

// conclude stores what became of a delivery. When that fails for too long, the claim lapses and the result counts as
// unknown.
func (r *Runner) conclude(ctx context.Context, j Journey, result Delivered, by By) (Progress, error) {
	answered := result.Verdict == VerdictAccepted || result.Verdict == VerdictRefused
	fact := RequestDelivered{
		Number: j.Claim.Number, Verdict: result.Verdict, Status: result.Status, Detail: result.Detail,
		Kept: answered && result.Reply.Whole() && j.Terms.Kind == KindSubmission,
	}
	change := Change{}
	if fact.Kept {
		change.Reply = result.Reply
	}
	after, err := r.keepResult(ctx, j.ID, fact, by, change)
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

// storeResultTimeout is how long the result of a delivery is held on to while the store fails: a store that restarts must not release
// a person to find out what is known here. It is shorter than the claim outlives the delivery.
const storeResultTimeout = 25 * time.Second

// keepResult stores the result of a delivery, and tries again where that may help.
func (r *Runner) keepResult(ctx context.Context, id ID, f RequestDelivered, by By, also Change) (Journey, error) {
	ctx, cancel := context.WithTimeout(ctx, storeResultTimeout)
	defer cancel()
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		after, err := r.apply(ctx, id, f, by, also)
		var misplaced *TransitionError
		switch {
		case err == nil:
			return after, nil
		case errors.As(err, &misplaced): // perhaps it was kept, and only the word of that was lost
			j, getErr := r.Store.Get(ctx, id)
			if getErr == nil && j.Claim.Number == f.Number && j.Claim.Until.IsZero() {
				return j, nil
			}
			return Journey{}, errors.Join(err, getErr)
		case errors.Is(err, ErrNotFound), errors.Is(err, ErrDamaged), errors.Is(err, ErrFull):
			return Journey{}, err
		}
		r.Log.WarnContext(ctx, "the result of a delivery is not stored yet", "journey_id", id, "verdict", f.Verdict, "error", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return Journey{}, err
		}
	}
}

// await waits for somebody else who is at a citizen's journey, which mostly takes a moment.
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

// capture takes the reserved money; repeating it is safe (FACTS 3.6). Where Pay says that it cannot be, Pay's reading
// decides.
func (r *Runner) capture(ctx context.Context, j Journey, by By) (Journey, error) {
	err := r.Payments.Capture(ctx, j.PaidWith)
	switch {
	case err == nil:
		return r.apply(ctx, j.ID, Captured{}, by, Change{})
	case errors.Is(err, ErrNotAllowed), errors.Is(err, ErrPaymentNotFound):
		snapshot, getErr := r.Payments.Get(ctx, j.PaidWith)
		if getErr == nil {
			after, applyErr := r.apply(ctx, j.ID, PaymentSeen{snapshot}, by, Change{})
			if applyErr != nil || after.State != j.State {
				return after, applyErr
			}
		}
	}
	return r.fail(ctx, j, by, fmt.Errorf("capturing: %w", err))
}

// giveBack returns what Pay holds on a payment that nothing was given for. The decision is stored before the money moves.
func (r *Runner) giveBack(ctx context.Context, j Journey, by By) (Journey, error) {
	paymentID := j.PaidWith
	if j.State.AtRest() {
		paymentID = j.surplus()
	} else if !j.Returning {
		var err error
		if j, err = r.apply(ctx, j.ID, ReturnDecided{}, by, Change{}); err != nil {
			return j, err
		}
	}
	snapshot, err := r.endPayment(ctx, paymentID)
	if err != nil {
		return r.fail(ctx, j, by, fmt.Errorf("giving the money back: %w", err))
	}
	if j, err = r.apply(ctx, j.ID, PaymentSeen{snapshot}, by, Change{}); err != nil {
		return j, err
	}
	switch {
	case snapshot.Money() == 0:
		return r.apply(ctx, j.ID, MoneyReturned{PaymentID: paymentID}, by, Change{})
	case snapshot.RefundStatus == "unavailable":
		return r.apply(ctx, j.ID, ReturnFailed{"GOV.UK Pay says that the payment cannot be refunded"}, by, Change{})
	default:
		return r.fail(ctx, j, by, fmt.Errorf("giving the money back: %w", ErrNotCollected))
	}
}

var (
	// ErrNotCollected: Pay refunds only what it has collected, which takes it up to some days (FACTS 6).
	ErrNotCollected = errors.New("GOV.UK Pay has not collected it yet, a refund must wait")
	// errUnread: Pay was asked to act, and neither its answer nor a reading since says whether it did.
	errUnread = errors.New("what became of it could not be read")
)

// endPayment cancels a payment that is not finished, refunds one that succeeded, and says what Pay says afterwards. It
// reads before it acts and after, because neither call may be repeated blindly (FACTS traps 27 and 28).
func (r *Runner) endPayment(ctx context.Context, id string) (PaymentSnapshot, error) {
	snapshot, err := r.Payments.Get(ctx, id)
	if err != nil {
		return snapshot, err
	}
	switch {
	case rank(snapshot.Status) < rank(StatusSuccess):
		err = r.Payments.Cancel(ctx, id)
	case snapshot.Money() > 0 && snapshot.RefundStatus == "available":
		err = r.Payments.Refund(ctx, id, snapshot.RefundAvailable, snapshot.RefundAvailable)
	default:
		return snapshot, nil
	}
	after, getErr := r.Payments.Get(ctx, id)
	if getErr != nil {
		return snapshot, errors.Join(errUnread, err, getErr)
	}
	if rank(after.Status) < rank(StatusSuccess) || after.Money() > 0 && err != nil {
		return after, errors.Join(err, errors.New("the payment is "+strings.TrimSpace(after.Status+" "+after.RefundStatus)))
	}
	return after, nil
}

func (r *Runner) forget(ctx context.Context, j Journey) error {
	err := r.Store.Forget(ctx, j.ID)
	if err == nil {
		r.Log.InfoContext(ctx, "journey forgotten", "journey_id", j.ID)
	}
	return err
}
