package journey

import (
	"context"
	"errors"
	"fmt"
)

// Orders by staff, each with a name and a reason for the history. All but Check return a [TransitionError] if the
// journey's state does not allow them, and then do nothing. An [AtPayError] means that Pay could not be asked, or did
// not do it.

// AtPayError is an order that failed at GOV.UK Pay.
type AtPayError struct{ Err error }

func (e *AtPayError) Error() string { return e.Err.Error() }
func (e *AtPayError) Unwrap() error { return e.Err }

// ErrRefundAmount means that a refund is less than a penny or more than what is left of the payment.
var ErrRefundAmount = errors.New("more than what is left of the payment, or less than a penny")

// ErrMeanwhile means that somebody else gave an order at the same time.
var ErrMeanwhile = errors.New("somebody else has changed the journey meanwhile")

// ErrRefundedSince means that money was refunded that the person did not know of.
var ErrRefundedSince = errors.New("money has been refunded since you looked")

// Release delivers a paid request now, or again if it is not known whether it arrived. It asks Pay first.
func (r *Runner) Release(ctx context.Context, id ID, by By, reason string) (Journey, error) {
	seen, err := r.Store.Get(ctx, id)
	if err != nil {
		return seen, err
	}
	j, err := r.readBeforeOrder(ctx, id, by)
	if err != nil {
		return j, err
	}
	notSentSince := func(j Journey) bool { return j.Claim.Number == seen.Claim.Number }
	if j, err = r.applyIf(ctx, id, notSentSince, ReleaseOrdered{reason}, by, Change{}); err != nil {
		return j, err
	}
	visit := Visit{By: by, Urgency: Ordered}
	progress, err := r.deliverHeld(ctx, j, visit)
	_ = progress.Reply.Close()
	if err != nil {
		return progress.Journey, err
	}
	progress, err = r.advance(ctx, id, visit, StepDeliver) // once is what was ordered
	_ = progress.Reply.Close()
	return progress.Journey, err
}

// Settle ends a stuck journey: as released (reserved money is captured), as reversed (the money goes back), or as
// confirmed (the request is delivered; the journey says how that ended). If Pay fails, the journey stays stuck and its
// note says why. If Pay can give the money back only later, the journey is refused until then.
//
// If a second person has to agree, the error is ErrSecondPerson, and the order waits for them.
func (r *Runner) Settle(ctx context.Context, id ID, as State, who Person, reason string) (Journey, error) {
	return r.orderOrAsk(ctx, id, Order{What: OrderSettle, As: as, Reason: reason}, who)
}

func (r *Runner) settle(ctx context.Context, id ID, f Settled, by By, second Second) (Journey, error) {
	j, err := r.Store.Get(ctx, id)
	if err != nil {
		return j, err
	}
	if j.State != StateStuck {
		return j, &TransitionError{j.State, Settled{}.Name()}
	}
	since := j.Since
	if j, err = r.readBeforeOrder(ctx, id, by); err != nil {
		return j, err
	}
	notSettledSince := func(now Journey) bool { return now.Since.Equal(since) }
	if j, err = r.applyIf(ctx, id, notSettledSince, Guarded{f, second}, by, Change{}); err != nil {
		return j, err
	}
	j, err = r.finishOrder(ctx, id, by)
	switch {
	case f.As == StateConfirmed: // the service answers, and the journey says what
		return j, err
	case err == nil && j.State == StateStuck:
		return j, &AtPayError{errors.New(j.Note)}
	case err == nil, ReturnWaits(err):
		return j, nil
	case j.State == StateAccepted:
		return r.stuckAgain(ctx, j, CaptureLost{err.Error()}, by, err)
	case j.State == StateRefused && j.Returning && !errors.Is(err, errUnread):
		return r.stuckAgain(ctx, j, ReturnFailed{err.Error()}, by, err)
	default:
		return j, err
	}
}

// GiveBack returns the money now, for a request or a pass that the service cannot have got. The decision stays even if
// Pay fails, and sweeps try again. A refund that must wait until Pay has collected the money is not an error. If a
// second person has to agree, the error is ErrSecondPerson, and the order waits for them.
func (r *Runner) GiveBack(ctx context.Context, id ID, who Person, reason string) (Journey, error) {
	return r.orderOrAsk(ctx, id, Order{What: OrderReturn, Reason: reason}, who)
}

func (r *Runner) giveBackOrdered(ctx context.Context, id ID, f ReturnDecided, by By, second Second) (Journey, error) {
	j, err := r.apply(ctx, id, Guarded{f, second}, by, Change{})
	if err != nil {
		return j, err
	}
	j, err = r.finishOrder(ctx, id, by)
	switch {
	case ReturnWaits(err):
		return j, nil
	case err != nil:
		return j, &AtPayError{err}
	case j.State == StateStuck:
		return j, &AtPayError{errors.New(j.Note)}
	default:
		return j, nil
	}
}

func (r *Runner) stuckAgain(ctx context.Context, j Journey, f Fact, by By, cause error) (Journey, error) {
	after, err := r.apply(ctx, j.ID, f, by, Change{})
	if err != nil {
		return j, errors.Join(cause, err)
	}
	return after, &AtPayError{cause}
}

// Refund gives back amount pence of the journey's payment, whatever was delivered. Errors are ErrRefundAmount,
// ErrRefundedSince, ErrRefunding while another refund is under way, ErrNotAllowed while Pay cannot refund, and
// ErrSecondPerson if the refund now waits for a second person.
func (r *Runner) Refund(ctx context.Context, id ID, amount int64, who Person, reason string) (Journey, error) {
	return r.orderOrAsk(ctx, id, Order{What: OrderRefund, Amount: amount, Reason: reason}, who)
}

func (r *Runner) refundOrdered(ctx context.Context, id ID, f RefundAsked, by By, second Second) (Journey, error) {
	defer r.working.begin()()
	ctx = context.WithoutCancel(ctx)

	j, snapshot, err := r.refundable(ctx, id, f.Amount, by)
	if err != nil {
		return j, err
	}
	asked, err := r.apply(ctx, id, Guarded{f, second}, by, Change{})
	if err != nil {
		return j, err
	}
	switch made, err := r.at(j).Refund(ctx, snapshot.ID, f.Amount, snapshot.RefundAvailable); {
	case err == nil:
		j, err = r.apply(ctx, id, Refunded{snapshot.ID, f.Amount}, by, Change{})
		if err != nil {
			return j, err
		}
		return r.readAfterRefund(ctx, r.noteRefund(ctx, j, snapshot.ID, made, by), by), nil
	case notDone(err):
		ended, endErr := r.apply(ctx, id, RefundEnded{err.Error()}, by, Change{})
		if endErr != nil {
			return asked, errors.Join(err, endErr)
		}
		return ended, &AtPayError{err}
	default: // it may have been made: the intent stays until Pay is read again
		return asked, &AtPayError{fmt.Errorf("it is not known yet whether the refund was made: %w", err)}
	}
}

// notDone reports whether an error of Pay means that nothing was done.
func notDone(err error) bool {
	return errors.Is(err, ErrNotAllowed) || errors.Is(err, ErrPayRefused) || errors.Is(err, ErrPayBusy) ||
		errors.Is(err, ErrPaymentNotFound)
}

// refundable reads the payment at Pay and checks that the amount can be refunded.
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
	snapshot, err := r.at(j).Get(ctx, p.ID)
	if err != nil {
		return j, snapshot, &AtPayError{err}
	}
	if j, err = r.apply(ctx, id, PaymentSeen{snapshot}, by, Change{}); err != nil {
		return j, snapshot, err
	}
	switch {
	// as by a refund whose answer was lost, which the person asks for again
	case snapshot.RefundSubmitted > max(p.Refunded, sum(p.made())):
		return j, snapshot, ErrRefundedSince
	case snapshot.Status != StatusSuccess, snapshot.RefundStatus == "pending", snapshot.RefundStatus == "unavailable":
		return j, snapshot, fmt.Errorf("%w: the payment is %s, refunds are %s",
			ErrNotAllowed, snapshot.Status, snapshot.RefundStatus)
	case amount <= 0 || amount > snapshot.RefundAvailable:
		return j, snapshot, fmt.Errorf("%w: %s is left", ErrRefundAmount, Pounds(snapshot.RefundAvailable))
	}
	return j, snapshot, nil
}

// readAfterRefund reads what Pay says after a refund. If Pay cannot be reached, a sweep does it later.
func (r *Runner) readAfterRefund(ctx context.Context, j Journey, by By) Journey {
	progress, err := r.Check(ctx, j.ID, Visit{By: by})
	_ = progress.Reply.Close()
	if err != nil || progress.Journey.ID == "" {
		return j
	}
	return progress.Journey
}

// followRefund reads the result of a refund that was not stored.
func (r *Runner) followRefund(ctx context.Context, j Journey, by By) (Journey, error) {
	j, err := r.ask(ctx, j, by)
	if err == nil {
		j, err = r.readRefunds(ctx, j, by)
	}
	if err != nil {
		return j, err
	}
	p, _ := j.Payment()
	detail := "the answer was lost; GOV.UK Pay says that " + Pounds(p.Refunded) + " is refunded in total"
	return r.apply(ctx, j.ID, RefundEnded{detail}, by, Change{})
}

// readBeforeOrder reads what Pay says before an order is carried out.
func (r *Runner) readBeforeOrder(ctx context.Context, id ID, by By) (Journey, error) {
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

// finishOrder does what is owed after an order.
func (r *Runner) finishOrder(ctx context.Context, id ID, by By) (Journey, error) {
	progress, err := r.Advance(ctx, id, Visit{By: by, Urgency: Ordered})
	_ = progress.Reply.Close()
	return progress.Journey, err
}
