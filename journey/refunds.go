package journey

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Pay's words for the state of a refund (FACTS 6).
const (
	RefundSubmitted = "submitted" // on its way
	RefundSuccess   = "success"
	RefundError     = "error" // nothing was given back
)

// Made reports whether the refund has succeeded or is on its way.
func (r Refund) Made() bool { return r.Status == RefundSubmitted || r.Status == RefundSuccess }

// refundsSeen takes over what Pay's list says. The list lags (FACTS 6): a refund that it does not have yet stays, and
// so does the result of one that it still calls submitted.
func (j Journey) refundsSeen(f RefundsSeen, at time.Time) (Journey, string, error) {
	known := j.payment(f.PaymentID)
	if known == nil {
		return j, "", &TransitionError{j.State, f.Name()}
	}
	refunds, news := slices.Clone(known.Refunds), []string(nil)
	for _, r := range f.Refunds {
		i := slices.IndexFunc(refunds, func(k Refund) bool { return k.ID == r.ID })
		if i < 0 {
			refunds, i = append(refunds, Refund{ID: r.ID}), len(refunds)
		}
		if refunds[i].Status != "" && r.Status == RefundSubmitted {
			continue
		}
		if refunds[i].Status != r.Status {
			news = append(news, fmt.Sprintf("refund %s of %s: %s", r.ID, Pounds(r.Amount), r.Status))
		}
		if r.Status == RefundError && refunds[i].Status == RefundSubmitted {
			j = j.refundFailed(r)
		}
		r.By = cmp.Or(r.By, refunds[i].By) // the list does not say
		refunds[i] = r
	}
	j = j.withPayment(f.PaymentID, func(p *Payment) { p.Refunds, p.RefundsReadAt = refunds, at })
	return j, strings.Join(news, "; "), nil
}

// refundFailed tells staff of a refund that was believed and has failed since.
func (j Journey) refundFailed(r Refund) Journey {
	if j.State != StateStuck {
		j.Note = fmt.Sprintf("the refund of %s failed at GOV.UK Pay; nothing was given back by it", Pounds(r.Amount))
	}
	return j
}

// refundsEvery is how often the list of refunds is read while one is under way (FACTS 6).
const refundsEvery = 5 * time.Minute

// wantsRefunds reports whether the list of refunds has to be read: one is under way, or Pay's figures say that the list
// has changed.
func (p Payment) wantsRefunds() bool {
	var made int64
	for _, r := range p.Refunds {
		if r.Status == RefundSubmitted {
			return true
		}
		if r.Status == RefundSuccess {
			made += r.Amount
		}
	}
	return made != p.Refunded
}

// readRefunds reads the lists of refunds that have to be read, each at most once in [refundsEvery].
func (r *Runner) readRefunds(ctx context.Context, j Journey, by By) (Journey, error) {
	for _, p := range j.Payments {
		if !p.wantsRefunds() || r.Now().Before(p.RefundsReadAt.Add(refundsEvery)) {
			continue
		}
		refunds, err := r.at(j).Refunds(ctx, p.ID)
		if err != nil {
			return r.fail(ctx, j, by, fmt.Errorf("reading the refunds: %w", err))
		}
		if j, err = r.apply(ctx, j.ID, RefundsSeen{p.ID, refunds}, by, Change{}); err != nil {
			return j, err
		}
	}
	return j, nil
}

// noteRefund stores a refund that Pay has just made: its list may not have it yet. If that fails, the list will tell.
func (r *Runner) noteRefund(ctx context.Context, j Journey, paymentID string, made Refund, by By) Journey {
	if made.ID == "" {
		return j
	}
	made.By = by.Word()
	after, err := r.apply(ctx, j.ID, RefundsSeen{paymentID, []Refund{made}}, by, Change{})
	if err != nil {
		return j
	}
	return after
}
