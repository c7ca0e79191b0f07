package journey

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// giveBack returns the money of a payment for which nothing was given. The decision is stored before the money moves.
func (r *Runner) giveBack(ctx context.Context, j Journey, by By) (Journey, error) {
	var err error
	if !j.State.AtRest() && !j.Returning {
		if j, err = r.apply(ctx, j.ID, ReturnDecided{}, by, Change{}); err != nil {
			return j, err
		}
	}
	snapshot, err := r.at(j).Get(ctx, j.owedPayment())
	if err != nil {
		return r.fail(ctx, j, by, fmt.Errorf("giving the money back: %w", err))
	}
	if j, err = r.apply(ctx, j.ID, PaymentSeen{snapshot}, by, Change{}); err != nil || j.State == StateStuck {
		return j, err
	}
	switch {
	case !snapshot.over():
		return r.cancel(ctx, j, snapshot, by)
	case snapshot.Money() == 0:
		return r.apply(ctx, j.ID, MoneyReturned{PaymentID: snapshot.ID}, by, Change{})
	case snapshot.RefundStatus == "unavailable":
		return r.apply(ctx, j.ID, ReturnFailed{"GOV.UK Pay says that the payment cannot be refunded"}, by, Change{})
	case snapshot.RefundStatus != "available":
		return r.fail(ctx, j, by, fmt.Errorf("giving the money back: %w", ErrNotCollected))
	default:
		return r.refund(ctx, j, snapshot, by)
	}
}

var (
	// ErrNotCollected: Pay can refund only what it has collected, which can take days (FACTS 6).
	ErrNotCollected = errors.New("GOV.UK Pay has not collected the money yet; a refund must wait")
	// errUnread: Pay was asked to act, and neither its answer nor a later read says whether it did.
	errUnread = errors.New("the result could not be read")
	// errOnItsWay: Pay's list has a refund that its figures do not show yet.
	errOnItsWay = errors.New("a refund is already on its way")
)

// ReturnWaits reports whether an error only means that the money goes back later.
func ReturnWaits(err error) bool {
	return errors.Is(err, ErrNotCollected) || errors.Is(err, errOnItsWay)
}

// cancel ends an unfinished payment. It must not be repeated blindly (FACTS trap 27).
func (r *Runner) cancel(ctx context.Context, j Journey, s PaymentSnapshot, by By) (Journey, error) {
	try := Tried{EffectCancel, s.ID}
	tried, err := r.apply(ctx, j.ID, try, by, Change{})
	if err != nil {
		return r.unlessBusy(ctx, j.ID, err)
	}
	return r.concludeReturn(ctx, tried, try, r.at(j).Cancel(ctx, s.ID), by)
}

// refund gives back everything that is left of a payment. Pay's list is read first: a refund that is on its way must
// not be made twice, even if Pay answered that it failed (FACTS trap 28).
func (r *Runner) refund(ctx context.Context, j Journey, s PaymentSnapshot, by By) (Journey, error) {
	j, err := r.readRefundsOf(ctx, j, s.ID, by)
	if err != nil || j.State == StateStuck {
		return j, err
	}
	if sum(j.payment(s.ID).made()) > s.RefundSubmitted {
		return r.fail(ctx, j, by, fmt.Errorf("giving the money back: %w", errOnItsWay))
	}
	try := Tried{EffectRefund, s.ID}
	tried, err := r.apply(ctx, j.ID, try, by, Change{})
	if err != nil {
		return r.unlessBusy(ctx, j.ID, err)
	}
	made, err := r.at(j).Refund(ctx, s.ID, s.RefundAvailable, s.RefundAvailable)
	if err == nil {
		tried = r.noteRefund(ctx, tried, s.ID, made, by)
	}
	return r.concludeReturn(ctx, tried, try, err, by)
}

// unlessBusy returns no error if another caller is returning the money.
func (r *Runner) unlessBusy(ctx context.Context, id ID, err error) (Journey, error) {
	if errors.Is(err, errBusy) {
		return r.Store.Get(ctx, id)
	}
	return Journey{}, err
}

// concludeReturn stores what Pay says after a cancel or refund. Whatever the answer was, only the payment itself tells
// whether the money went back.
func (r *Runner) concludeReturn(ctx context.Context, j Journey, t Tried, answer error, by By) (Journey, error) {
	after, err := r.at(j).Get(ctx, t.PaymentID)
	if err != nil {
		return r.noteFailedTry(ctx, j, t.Effect, orAlso(answer, fmt.Errorf("%w: %w", errUnread, err)), false, by)
	}
	if j, err = r.apply(ctx, j.ID, PaymentSeen{after}, by, Change{}); err != nil || j.State == StateStuck {
		return j, err
	}
	if after.over() && after.Money() == 0 {
		return r.apply(ctx, j.ID, MoneyReturned{PaymentID: after.ID}, by, Change{})
	}
	status := strings.TrimSpace(after.Status + " " + after.RefundStatus)
	cause := orAlso(answer, errors.New("the payment is "+status))
	moved := t.Effect == EffectCancel && after.over() || t.Effect == EffectRefund && after.RefundStatus == "pending"
	j, cause = r.noteFailedTry(ctx, j, t.Effect, cause, isRefusal(answer) && !moved, by)
	if t.Effect == EffectCancel || answer == nil || notDone(answer) || j.State == StateStuck {
		return j, cause
	}
	if read, err := r.readRefundsOf(ctx, j, t.PaymentID, by); err == nil { // it may be in the list
		return read, cause
	}
	return j, cause
}

// orAlso adds what was found out to an error, if there is one.
func orAlso(err, found error) error {
	if err == nil {
		return found
	}
	return fmt.Errorf("%w; %w", err, found)
}

// noteFailedTry stores that Pay has not done what it was asked for. It returns the cause.
func (r *Runner) noteFailedTry(
	ctx context.Context, j Journey, e Effect, cause error, refused bool, by By,
) (Journey, error) {
	cause = fmt.Errorf("%s: %w", e, cause)
	r.Log.WarnContext(ctx, "step failed", "journey_id", j.ID, "state", j.State, "by", by.Word(), "error", cause)
	noted, err := r.apply(ctx, j.ID, TryFailed{e, cause.Error(), refused}, by, Change{})
	if err != nil {
		return j, errors.Join(cause, err)
	}
	return noted, cause
}
