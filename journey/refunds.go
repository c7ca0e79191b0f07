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

// made returns the refunds that have succeeded or are on their way.
func (p Payment) made() []Refund {
	return slices.DeleteFunc(slices.Clone(p.Refunds), func(r Refund) bool {
		return r.Status != RefundSubmitted && r.Status != RefundSuccess
	})
}

func (p Payment) refund(id string) Refund {
	for _, r := range p.Refunds {
		if r.ID == id {
			return r
		}
	}
	return Refund{}
}

// refundsSeen takes over what Pay's list says. The list lags (FACTS 6): a refund that it does not have yet stays, and
// so does the result of one that it still calls submitted.
func (j Journey) refundsSeen(f RefundsSeen, at time.Time) (Journey, string, error) {
	if j.payment(f.PaymentID) == nil {
		return j, "", &TransitionError{j.State, f.Name()}
	}
	var news []string
	for _, r := range f.Refunds {
		old := j.payment(f.PaymentID).refund(r.ID)
		if old.Status != "" && r.Status == RefundSubmitted {
			continue
		}
		if old.Status != r.Status {
			news = append(news, fmt.Sprintf("refund %s of %s: %s", r.ID, Pounds(r.Amount), r.Status))
		}
		r.By = cmp.Or(r.By, old.By) // the list does not say
		j = j.withRefund(f.PaymentID, r).afterRefund(f.PaymentID, old, r)
	}
	j = j.withPayment(f.PaymentID, func(p *Payment) { p.RefundsReadAt = at })
	return j, strings.Join(news, "; "), nil
}

// withRefund returns a copy in which one refund is added, or changed.
func (j Journey) withRefund(paymentID string, r Refund) Journey {
	return j.withPayment(paymentID, func(p *Payment) {
		p.Refunds = slices.Clone(p.Refunds)
		i := slices.IndexFunc(p.Refunds, func(k Refund) bool { return k.ID == r.ID })
		if i < 0 {
			p.Refunds = append(p.Refunds, r)
			return
		}
		p.Refunds[i] = r
	})
}

// afterRefund tells staff of a refund that has failed. One of money that has to go back counts as refused.
func (j Journey) afterRefund(paymentID string, old, r Refund) Journey {
	if r.Status != RefundError || old.Status == RefundError || j.State == StateStuck {
		return j
	}
	note := fmt.Sprintf("the refund of %s failed at GOV.UK Pay; nothing was given back by it", Pounds(r.Amount))
	switch {
	case j.RefundTries.Tries > 0 && (j.State != StateReleased || paymentID != j.PaidWith):
		j.Note = note
		return j.refused(EffectRefund)
	case old.Status == RefundSubmitted:
		j.Note = note
	}
	return j
}

// refundsEvery is how often the list of refunds is read while one is under way (FACTS 6).
const refundsEvery = 5 * time.Minute

// isUnderWay reports whether Pay has neither made a refund nor given it up. A person may have left it at that.
func (p Payment) isUnderWay() bool {
	return !p.Left && slices.ContainsFunc(p.Refunds, func(r Refund) bool { return r.Status == RefundSubmitted })
}

func (j Journey) refundUnderWay() bool { return slices.ContainsFunc(j.Payments, Payment.isUnderWay) }

// wantsRefunds reports whether the list of refunds has to be read: one is under way, or Pay's figures say that the list
// has changed.
func (p Payment) wantsRefunds() bool { return p.isUnderWay() || sum(p.made()) != p.Refunded }

// followingRefunds notes since when lists of refunds have to be read.
func (j Journey) followingRefunds(at time.Time) Journey {
	for _, p := range j.Payments {
		switch wants := p.wantsRefunds(); {
		case wants && p.RefundsFrom.IsZero():
			j = j.withPayment(p.ID, func(p *Payment) { p.RefundsFrom = at })
		case !wants && !p.RefundsFrom.IsZero():
			j = j.withPayment(p.ID, func(p *Payment) { p.RefundsFrom = time.Time{} })
		}
	}
	return j
}

// nextRefundsRead returns when the list of refunds is read again: after five minutes, and less and less often. A list
// that never agrees with Pay's figures is read for a week; a refund that never ends becomes a person's.
func (p Payment) nextRefundsRead(now time.Time) (time.Time, bool) {
	if p.RefundsFrom.IsZero() || !p.isUnderWay() && now.After(p.RefundsFrom.Add(lookFor)) {
		return p.RefundsReadAt.Add(24 * time.Hour), p.awaitsSettlement(now)
	}
	age := p.RefundsReadAt.Sub(p.RefundsFrom)
	return latest(p.RefundsFrom, p.RefundsReadAt.Add(min(max(age, refundsEvery), 12*time.Hour))), true
}

// settlesWithin is how long we wait for the settlement date of a refund: three times what Stripe needs at a holiday.
const settlesWithin = 14 * 24 * time.Hour

// awaitsSettlement reports whether Pay has yet to say when a refund was settled. A provider that says so of the payment
// says so of its refunds, some working days later.
func (p Payment) awaitsSettlement(now time.Time) bool {
	return p.SettledDate != "" && slices.ContainsFunc(p.Refunds, func(r Refund) bool {
		return r.Status == RefundSuccess && r.SettledDate == "" && now.Sub(r.CreatedAt).Abs() < settlesWithin
	})
}

// readRefunds reads the lists of refunds that have to be read now.
func (r *Runner) readRefunds(ctx context.Context, j Journey, by By) (Journey, error) {
	for _, p := range j.Payments {
		now := r.Now()
		wanted := !p.RefundsFrom.IsZero() || p.awaitsSettlement(now)
		if !wanted || now.Before(p.RefundsReadAt.Add(refundsEvery)) && !now.Before(p.RefundsReadAt) {
			continue
		}
		var err error
		if j, err = r.readRefundsOf(ctx, j, p.ID, by); err != nil {
			return j, err
		}
	}
	return j, nil
}

func (r *Runner) readRefundsOf(ctx context.Context, j Journey, paymentID string, by By) (Journey, error) {
	refunds, err := r.at(j).Refunds(ctx, paymentID)
	if err != nil {
		return r.fail(ctx, j, by, fmt.Errorf("reading the refunds: %w", err))
	}
	return r.apply(ctx, j.ID, RefundsSeen{paymentID, refunds}, by, Change{})
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
