package paysim

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"time"

	"paygate/journey/pay"
)

// retryAfter lists the waits between attempts to send a webhook: six attempts in about three days (FACTS 7.6).
var retryAfter = []time.Duration{time.Minute, 5 * time.Minute, time.Hour, 24 * time.Hour, 48 * time.Hour}

// delivery is a message that is being sent.
type delivery struct {
	id      string
	event   string
	payment *payment
	at      time.Time // of the event
	due     time.Time
	tries   int
	body    []byte // as first sent
	taken   bool
	done    bool
}

// WebhookView is a message as tests see it.
type WebhookView struct {
	ID        string    `json:"id"`
	Event     string    `json:"event"`
	PaymentID string    `json:"payment_id"`
	Tries     int       `json:"tries"`
	Taken     bool      `json:"taken"` // the receiver answered 2xx
	Done      bool      `json:"done"`  // received, given up or dropped
	Due       time.Time `json:"due"`   // of the next attempt
}

// SetWebhook sets the address of the first account's messages and the secret that signs them. Without an address, no
// messages are sent, and those under way are dropped.
func (s *Simulator) SetWebhook(url, secret string) {
	_ = s.SetAccountWebhook("", url, secret) // there is always a first account
}

// SetAccountWebhook does the same for the account with a name.
func (s *Simulator) SetAccountWebhook(name, url, secret string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name == "" || name == firstAccount {
		s.options.WebhookURL, s.options.WebhookSecret = url, secret
		return nil
	}
	for i := range s.options.Accounts {
		if a := &s.options.Accounts[i]; a.Name == name {
			a.WebhookURL, a.WebhookSecret = url, secret
			return nil
		}
	}
	return errors.New("no such account: " + name)
}

// Webhooks returns all messages, oldest first.
func (s *Simulator) Webhooks() []WebhookView {
	s.mu.Lock()
	defer s.mu.Unlock()
	views := []WebhookView{}
	for _, d := range s.deliveries {
		views = append(views, WebhookView{d.id, d.event, d.payment.id, d.tries, d.taken, d.done, d.due})
	}
	return views
}

// ResendWebhooks sends every message once more, unchanged, because duplicates happen.
func (s *Simulator) ResendWebhooks(ctx context.Context) {
	s.mu.Lock()
	for _, d := range s.deliveries {
		d.due, d.done, d.taken, d.tries = s.now(), false, false, 0
	}
	s.mu.Unlock()
	s.DeliverDue(ctx)
}

// announce sends the message for a change of status. There is none for capturable (FACTS 7.4).
func (s *Simulator) announce(p *payment, status, code string) {
	switch {
	case status == "success":
		s.notify(p, "card_payment_succeeded")
	case code == "P0020":
		s.notify(p, "card_payment_expired")
	case status == "failed", status == "cancelled", status == "error":
		s.notify(p, "card_payment_failed")
	}
}

func (s *Simulator) notify(p *payment, event string) {
	if s.options.account(p.account).WebhookURL == "" {
		return
	}
	s.deliveries = append(s.deliveries, &delivery{id: newID(), event: event, payment: p, at: s.now(), due: s.now()})
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// DeliverDue sends the messages that are due, and returns when each of them has been tried once.
func (s *Simulator) DeliverDue(ctx context.Context) {
	select {
	case s.sending <- struct{}{}:
	case <-ctx.Done():
		return
	}
	defer func() { <-s.sending }()
	for _, a := range s.claimDue() {
		s.finish(a.delivery, s.send(ctx, a))
	}
}

// attempt is an attempt to send a message.
type attempt struct {
	delivery    *delivery
	url, secret string
}

// claimDue counts an attempt for each message that is due. A message is built once, from the payment at that time.
func (s *Simulator) claimDue() []attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []attempt
	for _, d := range s.deliveries {
		to := s.options.account(d.payment.account)
		switch {
		case d.done || d.due.After(s.now()):
			continue
		case to.WebhookURL == "":
			d.done = true
			continue
		case d.body == nil:
			d.body = s.message(d)
		}
		if d.tries < len(retryAfter) {
			d.due = s.now().Add(retryAfter[d.tries])
		}
		d.tries++
		due = append(due, attempt{d, to.WebhookURL, to.WebhookSecret})
	}
	return due
}

func (s *Simulator) finish(d *delivery, taken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.taken = taken
	d.done = taken || d.tries > len(retryAfter)
}

// webhookClient waits as long as Pay does (FACTS 7.6).
var webhookClient = &http.Client{Timeout: 3 * time.Second}

// send reports whether the receiver answered 2xx.
func (s *Simulator) send(ctx context.Context, a attempt) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url, bytes.NewReader(a.delivery.body))
	if err != nil {
		return false
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Pay-Signature", pay.Sign(a.secret, a.delivery.body))
	answer, err := webhookClient.Do(request)
	if err != nil {
		s.log.Debug("webhook not accepted", "event", a.delivery.event)
		return false
	}
	defer answer.Body.Close()
	s.log.Debug("webhook", "event", a.delivery.event, "status", answer.StatusCode)
	return answer.StatusCode >= 200 && answer.StatusCode <= 299
}
