package reconcile

import (
	"slices"
	"strconv"
	"time"

	"paygate/journey"
)

const (
	// overdueAfter is how late Paygate may be with a journey before it no longer counts as being dealt with.
	overdueAfter = 2 * time.Hour
	// deliveredWithin is how long a paid request may take to be delivered.
	deliveredWithin = 24 * time.Hour
)

// pair is one payment as the two sides see it.
type pair struct {
	account string
	at      time.Time // when they were read
	journey *journey.Journey
	payment journey.Payment // as the journey knows it
	pay     *journey.PaymentSnapshot
}

// newPair finds the payment in the journey. Without a journey it is nil.
func newPair(account, id string, j *journey.Journey, s *journey.PaymentSnapshot, at time.Time) pair {
	p := pair{account: account, at: at, journey: j, pay: s}
	if j != nil {
		if i := slices.IndexFunc(j.Payments, func(known journey.Payment) bool { return known.ID == id }); i >= 0 {
			p.payment = j.Payments[i]
		}
	}
	return p
}

// unknownHere returns the difference of a payment on which Pay holds money and that no journey has.
func (p pair) unknownHere(of journey.ID, here string) []Difference {
	if p.pay.Money() == 0 {
		return nil
	}
	d := p.difference(UnknownHere, here, p.pay.Status)
	d.JourneyID = of
	return []Difference{d}
}

// differences compares a payment that both sides have, or that only the journey has.
func (p pair) differences() (found []Difference) {
	if p.pay == nil {
		return []Difference{p.difference(UnknownAtPay, p.payment.Status, "")}
	}
	if p.pay.Amount != p.journey.Terms.Amount {
		found = append(found, p.difference(WrongAmount, pence(p.journey.Terms.Amount), pence(p.pay.Amount)))
	} else if p.payment.Total != 0 && p.payment.Total != p.pay.Charged() && standing(p.pay.Status) == taken {
		found = append(found, p.difference(WrongAmount, pence(p.payment.Total), pence(p.pay.Charged())))
	}
	if p.notDelivered() {
		return append(found, p.difference(NotDelivered, string(p.journey.State), p.pay.Status))
	}
	if p.underWay() {
		return found
	}
	if standing(p.payment.Status) != standing(p.pay.Status) {
		return append(found, p.difference(WrongState, p.payment.Status, p.pay.Status))
	}
	if p.payment.Refunded != p.pay.RefundSubmitted {
		found = append(found, p.difference(WrongRefund, pence(p.payment.Refunded), pence(p.pay.RefundSubmitted)))
	}
	return found
}

func (p pair) difference(kind Kind, here, atPay string) Difference {
	d := Difference{Kind: kind, Account: p.account, PaymentID: p.payment.ID, Here: here, AtPay: atPay}
	if p.journey != nil {
		d.JourneyID, d.Reference, d.AmountPence = p.journey.ID, p.journey.Terms.Reference, p.journey.Terms.Amount
	}
	if p.pay == nil {
		return d
	}
	d.PaymentID, d.Reference, d.AmountPence = p.pay.ID, p.pay.Reference, p.pay.Amount
	if p.pay.Status == journey.StatusCapturable && !p.pay.CreatedAt.IsZero() {
		until := p.pay.CreatedAt.Add(journey.CaptureWindow).Truncate(time.Second)
		d.ReservedUntil = &until
	}
	return d
}

// notDelivered reports whether the payment was made more than a day ago and its service is still to be given. It does
// not report those that wait for their citizen: a pass to be fetched, or a form to be corrected. What was given for an
// adopted payment is not known.
func (p pair) notDelivered() bool {
	j := p.journey
	switch {
	case j.Adopted || j.State.AtRest() || !j.ReleasedAt.IsZero() || j.PaidWith != "" && j.PaidWith != p.pay.ID:
		return false
	case p.pay.Money() == 0 || p.at.Sub(p.pay.CreatedAt) <= deliveredWithin:
		return false
	case j.State == journey.StateConfirmed && j.Terms.Kind == journey.KindPass:
		return p.overdue()
	case j.State == journey.StateRefused && !j.Returning:
		return p.at.After(j.CorrectUntil())
	default:
		return true
	}
}

// underWay reports whether Paygate is about to read or to move the payment's money by itself.
func (p pair) underWay() bool {
	j := p.journey
	open := !j.State.AtRest() && j.State != journey.StateStuck
	moving := !j.RefundAskedAt.IsZero() || !j.NudgedAt.IsZero() || j.Owed(p.at) == journey.StepReturn ||
		p.refundedSinceRead()
	return (open || moving || !p.payment.Finished()) && !p.overdue()
}

// refundedSinceRead reports whether a refund was made after the payment was last read: the reading follows.
func (p pair) refundedSinceRead() bool {
	return slices.ContainsFunc(p.journey.History, func(e journey.Event) bool {
		return e.Fact == journey.Refunded{}.Name() && !e.At.Before(p.payment.ReadAt)
	})
}

func (p pair) overdue() bool {
	return !p.journey.DueAt.IsZero() && p.at.Sub(p.journey.DueAt) > overdueAfter
}

// The standings of a payment's money. Which of the other statuses a payment has makes no difference to it.
const (
	none = iota
	reserved
	taken
)

func standing(status string) int {
	switch status {
	case journey.StatusSuccess:
		return taken
	case journey.StatusCapturable:
		return reserved
	default:
		return none
	}
}

func pence(n int64) string { return strconv.FormatInt(n, 10) }
