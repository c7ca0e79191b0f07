package reconcile

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"paygate/journey"
)

// adoptAfter is how old a payment must be: a younger one may still get its journey.
const adoptAfter = 3 * time.Hour

// ErrNotAdoptable means that a payment cannot be adopted, or not yet. The error around it says why.
var ErrNotAdoptable = errors.New("the payment cannot be adopted")

// Adopt begins a journey for a payment that is unknown here, which a person then settles. account is the only account
// that is searched; nil: all of them. Errors are [ErrNotAdoptable], [journey.ErrTaken], [journey.ErrNotPaid],
// [journey.ErrPaymentNotFound], [ErrNoAccount], and any other [journey.AtPayError].
func (r *Reconciler) Adopt(
	ctx context.Context, account *string, paymentID string, by journey.By, reason string,
) (journey.Journey, error) {
	names, err := r.chosen(account)
	if err != nil {
		return journey.Journey{}, err
	}
	if !isPaymentID(paymentID) {
		return journey.Journey{}, journey.ErrPaymentNotFound
	}
	if _, err := r.Store.ByPayment(ctx, paymentID); !errors.Is(err, journey.ErrNotFound) {
		return journey.Journey{}, errors.Join(err, journey.ErrTaken)
	}
	for _, name := range names {
		terms := r.Terms
		terms.Account = name
		var j journey.Journey
		j, err = r.Runner.Adopt(ctx, terms, paymentID, by, reason, func(s journey.PaymentSnapshot) error {
			return r.adoptable(ctx, name, s)
		})
		if !errors.Is(err, journey.ErrPaymentNotFound) {
			return j, err
		}
	}
	return journey.Journey{}, err
}

func isPaymentID(text string) bool {
	return text != "" && strings.Trim(text, "0123456789abcdefghijklmnopqrstuvwxyz") == ""
}

// adoptable returns why a payment cannot be adopted.
func (r *Reconciler) adoptable(ctx context.Context, account string, s journey.PaymentSnapshot) error {
	switch age := r.Now().Sub(s.CreatedAt); {
	case !r.Ours(s.ReturnURL):
		return fmt.Errorf("%w: it was not made here, as its return address says", ErrNotAdoptable)
	case age <= adoptAfter:
		return fmt.Errorf("%w: it is less than three hours old, and its journey may still be found", ErrNotAdoptable)
	}
	for _, state := range journey.States() {
		if state.AtRest() {
			continue
		}
		open, err := r.Store.List(ctx, journey.Filter{State: state, Reference: s.Reference, Limit: pageSize})
		if err != nil {
			return err
		}
		for _, j := range open {
			if j.Terms.Amount == s.Amount && j.Terms.Account == account && !j.Paid() {
				return fmt.Errorf("%w: it may belong to the open journey %s, which has its reference and amount",
					ErrNotAdoptable, j.ID)
			}
		}
	}
	return nil
}
