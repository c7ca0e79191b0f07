package journey

import (
	"context"
	"errors"
	"fmt"
)

// What staff may order, each with the name behind the order and a reason, which go into the history. All but Check are
// refused by a [TransitionError] where the journey's state does not allow them; then nothing was done. An [AtPayError]
// means that Pay could not be asked or did not do it.

// AtPayError is an order that failed at GOV.UK Pay.
type AtPayError struct{ Err error }

func (e *AtPayError) Error() string { return e.Err.Error() }
func (e *AtPayError) Unwrap() error { return e.Err }

// ErrRefundAmount: a refund must be at least a penny and at most what is left of the payment.
var ErrRefundAmount = errors.New("more than what is left of the payment, or less than a penny")

// Release delivers what is paid now, without waiting for anybody to come by, and once more what nobody knows to have
// arrived. Pay is asked first.
func (r *Runner) Release(ctx context.Context, id ID, by By, reason string) (Journey, error) {
	j, err := r.lookFirst(ctx, id, by)
	if err != nil {
		return j, err
	}
	if j, err = r.apply(ctx, id, ReleaseOrdered{reason}, by, Change{}); err != nil {
		return j, err
	}
	progress, err := r.deliverHeld(ctx, j, Visit{By: by})
	_ = progress.Reply.Close()
	if err != nil {
		return progress.Journey, err
	}
	return r.goOn(ctx, id, by)
}

// Settle ends what is stuck: as released (what is reserved is captured), as reversed (the money goes back), or as
// confirmed (the request is delivered). Where Pay fails at that, the journey stays stuck, and its note says why; where Pay
// can give the money back only later, the journey is refused until then.
func (r *Runner) Settle(ctx context.Context, id ID, as State, by By, reason string) (Journey, error) {
	j, err := r.Store.Get(ctx, id)
	if err != nil {
		return j, err
	}
	if j.State != StateStuck {
		return j, &TransitionError{j.State, Settled{}.Name()}
	}
	if j, err = r.lookFirst(ctx, id, by); err != nil {
		return j, err
	}
	if j, err = r.apply(ctx, id, Settled{as, reason}, by, Change{}); err != nil {
		return j, err
	}
	j, err = r.goOn(ctx, id, by)
	switch {
	case err == nil && j.State == StateStuck:
		return j, &AtPayError{errors.New(j.Note)}
	case err == nil, errors.Is(err, ErrNotCollected):
		return j, nil
	case j.State == StateAccepted:
		return r.stuckAgain(ctx, j, CaptureLost{err.Error()}, by, err)
	case j.State == StateRefused && j.Returning && !errors.Is(err, errUnread):
		return r.stuckAgain(ctx, j, ReturnFailed{err.Error()}, by, err)
	default:
		return j, err
	}
}

func (r *Runner) stuckAgain(ctx context.Context, j Journey, f Fact, by By, cause error) (Journey, error) {
	after, err := r.apply(ctx, j.ID, f, by, Change{})
	if err != nil {
		return j, errors.Join(cause, err)
	}
	return after, &AtPayError{cause}
}

// Refund gives amount pence of the journey's payment back, whatever was delivered. ErrRefundAmount; ErrRefunding while
// another is under way; ErrNotAllowed while Pay cannot refund.
func (r *Runner) Refund(ctx context.Context, id ID, amount int64, by By, reason string) (Journey, error) {
	defer r.working.begin()()
	ctx = context.WithoutCancel(ctx)

	j, snapshot, err := r.refundable(ctx, id, amount, by)
	if err != nil {
		return j, err
	}
	if asked, err := r.apply(ctx, id, RefundAsked{amount, reason}, by, Change{}); err != nil {
		return j, err
	} else {
		j = asked
	}
	switch err := r.Payments.Refund(ctx, snapshot.ID, amount, snapshot.RefundAvailable); {
	case err == nil:
		j, err = r.apply(ctx, id, Refunded{snapshot.ID, amount}, by, Change{})
		if err != nil {
			return j, err
		}
		return r.readAgain(ctx, j, by), nil
	case errors.Is(err, ErrNotAllowed), errors.Is(err, ErrPayRefused), errors.Is(err, ErrPayBusy), errors.Is(err, ErrPaymentNotFound):
		ended, endErr := r.apply(ctx, id, RefundEnded{err.Error()}, by, Change{})
		if endErr != nil {
			return j, errors.Join(err, endErr)
		}
		return ended, &AtPayError{err}
	default: // it may have been made: the intent stays until Pay was read again
		return j, &AtPayError{fmt.Errorf("whether the refund was made is not known yet: %w", err)}
	}
}

// refundable reads the payment at Pay and tells whether it has the amount to give back.
func (r *Runner) refundable(ctx context.Context, id ID, amount int64, by By) (Journey, PaymentSnapshot, error) {
	j, err := r.Store.Get(ctx, id)
	if err != nil {
		return j, PaymentSnapshot{}, err
	}
	p, ok := j.Payment()
	if !ok || j.State == StateReleasing {
		return j, PaymentSnapshot{}, &TransitionError{j.State, RefundAsked{}.Name()}
	}
	if j.refunding() && r.Now().Before(j.RefundAskedAt.Add(refundLease)) {
		return j, PaymentSnapshot{}, ErrRefunding
	}
	snapshot, err := r.Payments.Get(ctx, p.ID)
	if err != nil {
		return j, snapshot, &AtPayError{err}
	}
	if j, err = r.apply(ctx, id, PaymentSeen{snapshot}, by, Change{}); err != nil {
		return j, snapshot, err
	}
	switch {
	case snapshot.Status != StatusSuccess, snapshot.RefundStatus == "pending", snapshot.RefundStatus == "unavailable":
		return j, snapshot, fmt.Errorf("%w: the payment is %s, refunds are %s", ErrNotAllowed, snapshot.Status, snapshot.RefundStatus)
	case amount <= 0 || amount > snapshot.RefundAvailable:
		return j, snapshot, fmt.Errorf("%w: %d pence are left", ErrRefundAmount, snapshot.RefundAvailable)
	}
	return j, snapshot, nil
}

// readAgain takes over what Pay says after a refund, as far as Pay can be read; a sweep does it otherwise.
func (r *Runner) readAgain(ctx context.Context, j Journey, by By) Journey {
	progress, err := r.Check(ctx, j.ID, Visit{By: by})
	_ = progress.Reply.Close()
	if err != nil || progress.Journey.ID == "" {
		return j
	}
	return progress.Journey
}

// followRefund reads what became of a refund whose end nobody stored.
func (r *Runner) followRefund(ctx context.Context, j Journey, by By) (Journey, error) {
	j, err := r.ask(ctx, j, by)
	if err != nil {
		return j, err
	}
	p, _ := j.Payment()
	detail := fmt.Sprintf("its answer was lost; GOV.UK Pay says that %d pence are refunded in all", p.Refunded)
	return r.apply(ctx, j.ID, RefundEnded{detail}, by, Change{})
}

// lookFirst reads what Pay says before a person's order is carried out.
func (r *Runner) lookFirst(ctx context.Context, id ID, by By) (Journey, error) {
	j, err := r.Store.Get(ctx, id)
	if err != nil || len(j.Payments) == 0 || j.State == StateReleasing {
		return j, err
	}
	after, err := r.look(ctx, j, by)
	if err != nil {
		return after, &AtPayError{err}
	}
	return after, nil
}

// goOn does what an order left owed.
func (r *Runner) goOn(ctx context.Context, id ID, by By) (Journey, error) {
	progress, err := r.Advance(ctx, id, Visit{By: by})
	_ = progress.Reply.Close()
	return progress.Journey, err
}
