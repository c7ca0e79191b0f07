package paysim

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// refund is money that goes back.
type refund struct {
	id      string
	payment *payment
	amount  int64
	status  string
	then    string    // the status that follows submitted
	due     time.Time // when it follows
	created time.Time
}

// refundOutcomes are what can become of a refund. An error is the provider's refusal, at once; a delayed one takes
// [refundDelay] unless the options say how long.
var refundOutcomes = []string{"success", "error", "delayed", "submitted-then-error"}

// refundDelay is how long a refund may take at Pay (FACTS 6).
const refundDelay = 30 * time.Minute

// SetRefundOutcome says what becomes of a payment's further refunds: success, error, delayed or submitted-then-error.
// An empty outcome means as the options say.
func (s *Simulator) SetRefundOutcome(id, outcome string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.payments[id]
	switch {
	case p == nil:
		return errors.New("no such payment")
	case outcome != "" && !slices.Contains(refundOutcomes, outcome):
		return fmt.Errorf("no such outcome: %s", outcome)
	}
	p.outcome = outcome
	return nil
}

// Refund gives money back as a person does in Pay's own tool, and returns the refund's id. It succeeds whatever the
// outcome of other refunds, and nothing is checked, so more may be given back than was paid.
func (s *Simulator) Refund(id string, amount int64) (refundID string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.payments[id]
	switch {
	case p == nil:
		return "", errors.New("no such payment")
	case amount < 1:
		return "", errors.New("a refund needs an amount")
	}
	return s.makeRefund(p, amount, "success").id, nil
}

// CorrectRefund sets another status of a refund without a webhook.
func (s *Simulator) CorrectRefund(id, refundID, status string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	made := s.payments[id].findRefund(refundID)
	switch {
	case made == nil:
		return errors.New("no such refund")
	case !slices.Contains([]string{"submitted", "success", "error"}, status):
		return fmt.Errorf("a refund cannot be corrected to: %s", status)
	}
	made.then, made.due = "", s.now()
	s.recordRefund(made, status)
	return nil
}

// findRefund returns nil if there is none.
func (p *payment) findRefund(id string) *refund {
	if p == nil {
		return nil
	}
	for _, made := range p.refunds {
		if made.id == id {
			return made
		}
	}
	return nil
}

func (s *Simulator) makeRefund(p *payment, amount int64, outcome string) *refund {
	made := &refund{id: newID(), payment: p, amount: amount, created: s.now(), then: "success"}
	made.due = made.created.Add(s.options.RefundTakes)
	p.refunds = append(p.refunds, made)
	s.recordRefund(made, "submitted")
	if outcome == "error" || outcome == "submitted-then-error" {
		made.then = "error"
	}
	switch {
	case outcome == "error":
		made.due = made.created
	case s.options.RefundTakes == 0 && (outcome == "delayed" || outcome == "submitted-then-error"):
		made.due = made.created.Add(refundDelay)
	}
	s.settleRefunds(p)
	return made
}

// recordRefund adds a line to the payment's history, which has those of refunds too.
func (s *Simulator) recordRefund(made *refund, status string) {
	made.status = status
	made.payment.events = append(made.payment.events, event{status: status, at: s.now(), refund: made})
}

// settleRefunds ends the refunds that are due, as the provider would. A refund that failed has no webhook (FACTS 7.4).
func (s *Simulator) settleRefunds(p *payment) {
	for _, made := range p.refunds {
		if made.status != "submitted" || made.then == "" || s.now().Before(made.due) {
			continue
		}
		s.recordRefund(made, made.then)
		if made.status == "success" {
			s.notify(p, "card_payment_refunded")
		}
	}
}

// statusAt returns the status of the refund at a time.
func (made *refund) statusAt(at time.Time) (status string) {
	for _, e := range made.payment.events {
		if e.refund == made && !e.at.After(at) {
			status = e.status
		}
	}
	return status
}

func (p *payment) refundViews() (views []RefundView) {
	for _, made := range p.refunds {
		views = append(views, RefundView{made.id, made.amount, made.status})
	}
	return views
}
