package simulator

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	expireAfter  = 90 * time.Minute
	touchSpares  = 5 * time.Minute
	captureUntil = 120 * time.Hour
)

// payment is one payment and all that happened to it.
type payment struct {
	id        string
	request   createRequest
	created   time.Time
	touched   time.Time
	status    string
	code      string
	events    []event
	refunds   []*refund
	card      *card
	surcharge int64
	captured  time.Time // accepted for collection; zero: not
	browser   string    // whose card page it is
}

type event struct {
	status, code string
	at           time.Time
}

type refund struct {
	id      string
	amount  int64
	status  string
	created time.Time
}

type card struct {
	brand, kind, name, last, first, expiry string
	line1, line2, city, postcode, country  string
	email                                  string
}

// Pay's own words for how a payment ended (FACTS 3.1).
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

// to moves a payment on and tells the webhooks.
func (s *Simulator) to(p *payment, status, code string) {
	p.status, p.code, p.touched = status, code, s.now()
	p.events = append(p.events, event{status, code, s.now()})
	s.announce(p, status, code)
}

// take is the money taken on: by the citizen's confirmation, or by our capture.
func (s *Simulator) take(p *payment) {
	p.captured = s.now()
	s.to(p, "success", "")
	s.notify(p, "card_payment_captured")
}

// total is what the citizen pays, with any surcharge.
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

// refundStatus says whether a refund can be had (FACTS 6).
func (s *Simulator) refundStatus(p *payment) string {
	switch {
	case p.status == "success" && s.now().Before(p.captured.Add(s.options.RefundDelay)):
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

// Sweep expires what is old enough, as Pay's timer does: a payment past its time may still succeed until the sweep comes.
func (s *Simulator) Sweep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep()
}

func (s *Simulator) sweep() {
	for _, p := range s.list {
		age := s.now().Sub(p.created)
		switch {
		case p.status == "capturable" && age >= captureUntil:
			s.to(p, "failed", "P0020")
		case !finished(p.status) && p.status != "capturable" && age >= expireAfter && s.now().Sub(p.touched) >= touchSpares:
			s.to(p, "failed", "P0020")
		}
	}
}

// newID makes an id as Pay's are: 26 characters of lower-case base-32-hex.
func newID() string {
	const alphabet = "0123456789abcdefghijklmnopqrstuv"
	var random [26]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	for i := range random {
		random[i] = alphabet[random[i]&31]
	}
	return string(random[:])
}

// token is one next_url. It works once, but for the browser that opened it.
type token struct {
	payment *payment
	browser string
}

// newToken makes another live next_url; older ones stay alive (FACTS 3.5).
func (s *Simulator) newToken(p *payment) string {
	var random [16]byte
	_, _ = rand.Read(random[:])
	random[6], random[8] = random[6]&0x0f|0x40, random[8]&0x3f|0x80
	t := fmt.Sprintf("%x-%x-%x-%x-%x", random[:4], random[4:6], random[6:8], random[8:10], random[10:])
	s.tokens[t] = &token{payment: p}
	return t
}

// PaymentView is a payment as tests look at it.
type PaymentView struct {
	ID             string            `json:"id"`
	Reference      string            `json:"reference"`
	Description    string            `json:"description"`
	Amount         int64             `json:"amount"`
	Total          int64             `json:"total"`
	Refunded       int64             `json:"refunded"`
	Status         string            `json:"status"`
	Code           string            `json:"code,omitempty"`
	DelayedCapture bool              `json:"delayed_capture"`
	Language       string            `json:"language"`
	Email          string            `json:"email,omitempty"`
	Metadata       map[string]any    `json:"metadata,omitempty"`
	ReturnURL      string            `json:"return_url"`
	Created        time.Time         `json:"created"`
	Captured       bool              `json:"captured"`
	Prefilled      map[string]string `json:"prefilled,omitempty"`
}

// Payments lists all payments, oldest first.
func (s *Simulator) Payments() []PaymentView {
	s.mu.Lock()
	defer s.mu.Unlock()
	views := []PaymentView{}
	for _, p := range s.list {
		views = append(views, PaymentView{
			ID: p.id, Reference: p.request.Reference, Description: p.request.Description, Amount: p.request.Amount, Total: p.total(),
			Refunded: p.refunded(), Status: p.status, Code: p.code, DelayedCapture: p.request.DelayedCapture,
			Language: p.request.Language, Email: p.request.Email, Metadata: p.request.Metadata, ReturnURL: p.request.ReturnURL,
			Created: p.created, Captured: !p.captured.IsZero(), Prefilled: p.request.prefilled(),
		})
	}
	return views
}

// Pay plays the citizen without a browser: success (capturable where capture is delayed), submitted, started, declined,
// cancelled, expired or error.
func (s *Simulator) Pay(id, outcome string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.payments[id]
	switch {
	case p == nil:
		return errors.New("no such payment")
	case finished(p.status) || p.status == "capturable":
		return errors.New("the payment is over: " + p.status)
	}
	switch outcome {
	case "success":
		s.confirm(p)
	case "submitted", "started":
		s.to(p, outcome, "")
	case "declined":
		s.to(p, "failed", "P0010")
	case "cancelled":
		s.to(p, "failed", "P0030")
	case "expired":
		s.to(p, "failed", "P0020")
	case "error":
		s.to(p, "error", "P0050")
	default:
		return errors.New("no such outcome: " + outcome)
	}
	return nil
}

// confirm is the citizen's last click.
func (s *Simulator) confirm(p *payment) {
	if p.request.DelayedCapture {
		s.to(p, "capturable", "") // no webhook says so (FACTS 7.4)
		return
	}
	s.take(p)
}

// Correct forces another status, as Pay's own corrections do, without a webhook (FACTS 3.3).
func (s *Simulator) Correct(id, status, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.payments[id]
	if p == nil || !slices.Contains([]string{"success", "failed", "cancelled", "error", "capturable"}, status) {
		return errors.New("no such payment or status")
	}
	p.status, p.code = status, code
	p.events = append(p.events, event{status, code, s.now()})
	if status == "success" && p.captured.IsZero() {
		p.captured = s.now()
	}
	return nil
}

func pounds(pence int64) string { return fmt.Sprintf("£%d.%02d", pence/100, pence%100) }

func milliseconds(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

func lower(text string) string { return strings.ToLower(strings.TrimSpace(text)) }
