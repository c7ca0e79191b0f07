package paysim

import "time"

// payment is a payment and everything that happened to it.
type payment struct {
	id         string
	account    string // its name
	provider   string
	providerID string
	request    createRequest
	created    time.Time
	touched    time.Time
	status     string
	code       string
	events     []event
	refunds    []*refund
	outcome    string // of its refunds; empty: as the options say
	card       *card
	surcharge  int64
	challenge  *testCard       // the card that its bank is asked about; nil: none
	secured    bool            // 3-D Secure was required
	accepted   time.Time       // when Pay accepted it for collection; zero: not yet
	collected  time.Time       // when the provider collected it; zero: not yet
	browsers   map[string]bool // the browsers that have opened it
}

// event is a line of a payment's history. Pay includes those of refunds without marking them (FACTS 3.6).
type event struct {
	status, code string
	at           time.Time
	refund       *refund // nil: an event of the payment itself
}

// card is what is stored about a card and its holder.
type card struct {
	brand, kind, name, last, first, expiry string
	line1, line2, city, postcode, country  string
	email                                  string
}

// codeMessages maps codes to Pay's own words for how a payment ended (FACTS 3.1).
var codeMessages = map[string]string{
	"P0010": "Payment method rejected",
	"P0020": "Payment expired",
	"P0030": "Payment was cancelled by the user",
	"P0040": "Payment was cancelled by the service",
	"P0050": "Payment provider returned an error",
}

func finished(status string) bool {
	return status == "success" || status == "failed" || status == "cancelled" || status == "error"
}

// to changes the status of a payment and announces it by webhook.
func (s *Simulator) to(p *payment, status, code string) {
	s.record(p, status, code)
	s.announce(p, status, code)
}

func (s *Simulator) record(p *payment, status, code string) {
	p.status, p.code, p.touched, p.challenge = status, code, s.now(), nil
	p.events = append(p.events, event{status: status, code: code, at: s.now()})
}

// begin records that the card page was shown. Only then has the payment started (FACTS 4.1).
func (s *Simulator) begin(p *payment) {
	if p.status == "created" {
		s.to(p, "started", "")
	}
	p.touched = s.now()
}

// authorise answers as the bank of a test card would.
func (s *Simulator) authorise(p *payment, with testCard, c *card) {
	s.enter(p, with, c)
	s.to(p, with.status, with.code)
}

// enter stores what the citizen entered, and the surcharge.
func (s *Simulator) enter(p *payment, with testCard, c *card) {
	s.begin(p)
	p.card = c
	if with.surcharged {
		p.surcharge = s.options.Surcharge
	}
}

// confirm handles the citizen's confirmation.
func (s *Simulator) confirm(p *payment) {
	if p.request.DelayedCapture {
		s.to(p, "capturable", "") // there is no webhook for it (FACTS 7.4)
		return
	}
	s.take(p)
}

// take accepts the money for collection: after the citizen's confirmation, or by a capture. It is collected later.
func (s *Simulator) take(p *payment) {
	p.accepted = s.now()
	s.to(p, "success", "")
	s.collectDue(p)
}

// collectDue collects the money if it is due, as the provider would.
func (s *Simulator) collectDue(p *payment) {
	if p.status != "success" || !p.collected.IsZero() || s.now().Before(p.accepted.Add(s.options.RefundDelay)) {
		return
	}
	p.collected = p.accepted.Add(s.options.RefundDelay)
	s.notify(p, "card_payment_captured")
}

// total returns what the citizen pays, with any surcharge.
func (p *payment) total() int64 { return p.request.Amount + p.surcharge }

func (p *payment) refunded() int64 {
	var sum int64
	for _, r := range p.refunds {
		if r.status != "error" {
			sum += r.amount
		}
	}
	return sum
}

// refundStatus says whether a refund is possible: success is not enough (FACTS 6).
func (p *payment) refundStatus() string {
	switch {
	case p.status == "capturable", p.status == "success" && p.collected.IsZero() && p.request.Moto:
		return "unavailable" // while its capture is queued (FACTS, Corrections)
	case p.status == "success" && p.collected.IsZero():
		return "pending"
	case p.status == "success" && p.refunded() >= p.total():
		return "full"
	case p.status == "success":
		return "available"
	case finished(p.status):
		return "unavailable"
	default:
		return "pending"
	}
}

// asOf returns the payment as it was at a time.
func (p *payment) asOf(at time.Time) *payment {
	then := *p
	then.status, then.code = p.statusAt(at)
	if p.accepted.After(at) {
		then.accepted = time.Time{}
	}
	if p.collected.After(at) {
		then.collected = time.Time{}
	}
	if then.status == "created" || then.status == "started" {
		then.card, then.surcharge, then.secured = nil, 0, false
	}
	then.refunds = nil
	for _, made := range p.refunds {
		if status := made.statusAt(at); status != "" {
			then.refunds = append(then.refunds, &refund{amount: made.amount, status: status})
		}
	}
	return &then
}

// statusAt returns the status of the payment at a time.
func (p *payment) statusAt(at time.Time) (status, code string) {
	for _, e := range p.events {
		if e.refund == nil && !e.at.After(at) {
			status, code = e.status, e.code
		}
	}
	return status, code
}
