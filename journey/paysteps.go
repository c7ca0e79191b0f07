package journey

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ask reads at Pay every payment whose result may still move the journey.
func (r *Runner) ask(ctx context.Context, j Journey, by By) (Journey, error) {
	for i, p := range j.Payments {
		if earlier := i < len(j.Payments)-1; earlier && p.Finished() && j.State == StatePaying {
			continue // an earlier attempt, already over; the second look reads it again
		}
		snapshot, err := r.at(j).Get(ctx, p.ID)
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
	if _, known := r.Accounts[j.Terms.Account]; !known && j.State.AtRest() && by == ByMopup {
		// The settings dropped the account after the journey had ended, so Pay cannot be asked.
		return r.apply(ctx, j.ID, Looked{}, by, Change{})
	}
	j, err := r.ask(ctx, j, by)
	if err != nil {
		return j, err
	}
	if j, err = r.readRefunds(ctx, j, by); err != nil {
		return j, err
	}
	return r.apply(ctx, j.ID, Looked{}, by, Change{})
}

// capture takes the reserved money; repeating it is safe (FACTS 3.6). If Pay refuses, a new snapshot decides.
func (r *Runner) capture(ctx context.Context, j Journey, by By) (Journey, error) {
	err := r.at(j).Capture(ctx, j.PaidWith)
	switch {
	case err == nil:
		return r.apply(ctx, j.ID, Captured{}, by, Change{})
	case errors.Is(err, ErrNotAllowed), errors.Is(err, ErrPaymentNotFound):
		snapshot, getErr := r.at(j).Get(ctx, j.PaidWith)
		if getErr == nil {
			after, applyErr := r.apply(ctx, j.ID, PaymentSeen{snapshot}, by, Change{})
			if applyErr != nil || after.State != j.State {
				return after, applyErr
			}
		}
	}
	return r.fail(ctx, j, by, fmt.Errorf("capturing: %w", err))
}

// giveBack returns the money of a payment for which nothing was given. The decision is stored before the money moves.
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
	snapshot, err := r.endPayment(ctx, r.at(j), paymentID)
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
	// ErrNotCollected: Pay can refund only what it has collected, which can take days (FACTS 6).
	ErrNotCollected = errors.New("GOV.UK Pay has not collected the money yet; a refund must wait")
	// errUnread: Pay was asked to act, and neither its answer nor a later read says whether it did.
	errUnread = errors.New("the result could not be read")
)

// endPayment cancels an unfinished payment or refunds one that succeeded, and returns what Pay says afterwards. It
// reads the payment before and after, because neither call may be repeated blindly (FACTS traps 27 and 28).
func (r *Runner) endPayment(ctx context.Context, at Payments, id string) (PaymentSnapshot, error) {
	snapshot, err := at.Get(ctx, id)
	if err != nil {
		return snapshot, err
	}
	switch {
	case rank(snapshot.Status) < rank(StatusSuccess):
		err = at.Cancel(ctx, id)
	case snapshot.Money() > 0 && snapshot.RefundStatus == "available":
		_, err = at.Refund(ctx, id, snapshot.RefundAvailable, snapshot.RefundAvailable)
	default:
		return snapshot, nil
	}
	after, getErr := at.Get(ctx, id)
	if getErr != nil {
		return snapshot, errors.Join(errUnread, err, getErr)
	}
	if rank(after.Status) < rank(StatusSuccess) || after.Money() > 0 && err != nil {
		status := strings.TrimSpace(after.Status + " " + after.RefundStatus)
		return after, errors.Join(err, errors.New("the payment is "+status))
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
