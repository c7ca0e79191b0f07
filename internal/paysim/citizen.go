package paysim

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// PaymentView is a payment as tests see it.
type PaymentView struct {
	ID             string            `json:"id"`
	Account        string            `json:"account,omitempty"` // its name; empty: the first
	Reference      string            `json:"reference"`
	Description    string            `json:"description"`
	Amount         int64             `json:"amount"`   // pence
	Total          int64             `json:"total"`    // pence, with any surcharge
	Refunded       int64             `json:"refunded"` // pence
	Status         string            `json:"status"`
	Code           string            `json:"code,omitempty"`
	DelayedCapture bool              `json:"delayed_capture"`
	Language       string            `json:"language"`
	Email          string            `json:"email,omitempty"`
	Metadata       map[string]any    `json:"metadata,omitempty"`
	ReturnURL      string            `json:"return_url"`
	Created        time.Time         `json:"created"`
	Captured       bool              `json:"captured"` // accepted by Pay, but perhaps not collected yet
	Prefilled      map[string]string `json:"prefilled,omitempty"`
	Refunds        []RefundView      `json:"refunds,omitempty"`
}

// RefundView is a refund as tests see it.
type RefundView struct {
	ID     string `json:"id"`
	Amount int64  `json:"amount"` // pence
	Status string `json:"status"`
}

// Payments returns all payments of all accounts, oldest first.
func (s *Simulator) Payments() []PaymentView {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.paymentViews()
}

func (s *Simulator) paymentViews() []PaymentView {
	views := []PaymentView{}
	for _, p := range s.list {
		views = append(views, PaymentView{
			ID: p.id, Account: p.account, Reference: p.request.Reference, Description: p.request.Description,
			Amount:   p.request.Amount,
			Total:    p.total(),
			Refunded: p.refunded(), Status: p.status, Code: p.code, DelayedCapture: p.request.DelayedCapture,
			Language: p.request.Language, Email: p.request.Email, Metadata: p.request.Metadata,
			ReturnURL: p.request.ReturnURL,
			Created:   p.created, Captured: !p.accepted.IsZero(), Prefilled: p.request.prefilled(),
			Refunds: p.refundViews(),
		})
	}
	return views
}

// Test cards that the method Pay uses.
const (
	cardThatPays       = "4444333322221111"
	cardThatIsDeclined = "4000000000000002"
	cardThatErrs       = "4000000000000119"
)

// Pay plays a citizen without a browser, up to a status: started, submitted, success (capturable if capture is
// delayed), declined, cancelled, expired or error.
func (s *Simulator) Pay(id, outcome string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.unfinished(id)
	if err != nil {
		return err
	}
	switch outcome {
	case "started":
		s.begin(p)
	case "submitted":
		return s.useCard(p, cardThatPays)
	case "success":
		if p.status != "submitted" {
			err = s.useCard(p, cardThatPays)
		}
		if err == nil {
			s.confirm(p)
		}
		return err
	case "declined":
		return s.useCard(p, cardThatIsDeclined)
	case "error":
		return s.useCard(p, cardThatErrs)
	case "cancelled":
		s.to(p, "failed", "P0030")
	case "expired":
		s.to(p, "failed", "P0020")
	default:
		return fmt.Errorf("no such outcome: %s", outcome)
	}
	return nil
}

// PayWithCard plays a citizen with a test card, up to the confirmation if the card allows it.
func (s *Simulator) PayWithCard(id, number string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.unfinished(id)
	if err != nil {
		return err
	}
	if err := s.useCard(p, number); err != nil {
		return err
	}
	if p.status == "submitted" {
		s.confirm(p)
	}
	return nil
}

func (s *Simulator) unfinished(id string) (*payment, error) {
	p := s.payments[id]
	switch {
	case p == nil:
		return nil, errors.New("no such payment")
	case finished(p.status), p.status == "capturable":
		return nil, fmt.Errorf("the payment is over for the citizen: %s", p.status)
	}
	return p, nil
}

// useCard authorises a payment, once only, because a decline ends the payment (FACTS 3.3).
func (s *Simulator) useCard(p *payment, number string) error {
	known, valid := cardOf(number)
	switch {
	case p.status == "submitted":
		return errors.New("the payment is already authorised")
	case !valid:
		return errors.New("no card has this number")
	case known.status == "":
		return errors.New("this type of card is not accepted")
	}
	s.authorise(p, known, s.typedCard(p, number).card(known, s.options.collects(), p.request))
	p.secured = p.secured || s.challenges(known, "")
	return nil
}

// typedCard returns the form as a citizen fills it in.
func (s *Simulator) typedCard(p *payment, number string) cardForm {
	form := prefilledForm(p.request)
	form["cardNo"], form["expiryMonth"], form["expiryYear"] = number, "12", s.now().AddDate(2, 0, 0).Format("06")
	form["cardholderName"] = cmp.Or(form["cardholderName"], "A Citizen")
	form["email"] = cmp.Or(form["email"], "citizen@example.org")
	if form["addressLine1"] == "" {
		form["addressLine1"], form["addressCity"], form["addressPostcode"] = "1 High Street", "Rivermouth", "RM1 1AA"
	}
	return form
}

// correctedTo maps the statuses that Correct can set to their default codes.
var correctedTo = map[string]string{
	"success": "", "capturable": "", "failed": "P0010", "cancelled": "P0040", "error": "P0050",
}

// Correct sets another status without a webhook, as Pay's own corrections and failing captures do (FACTS 3.3). The
// code may be empty.
func (s *Simulator) Correct(id, status, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.payments[id]
	usual, known := correctedTo[status]
	switch {
	case p == nil:
		return errors.New("no such payment")
	case !known:
		return fmt.Errorf("a payment cannot be corrected to: %s", status)
	}
	s.record(p, status, cmp.Or(code, usual))
	p.accepted, p.collected = time.Time{}, time.Time{}
	if status == "success" {
		p.accepted, p.collected = s.now(), s.now()
	}
	return nil
}

func (c createRequest) prefilled() map[string]string {
	all := map[string]string{
		"cardholder_name": c.Cardholder, "line1": c.Line1, "line2": c.Line2, "city": c.City, "postcode": c.Postcode,
		"country": c.Country,
	}
	for name, value := range all {
		if value == "" {
			delete(all, name)
		}
	}
	return all
}
