package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"paygate/journey/pay"
)

// retryAfter is when a webhook that was not taken is sent again: six attempts in about three days (FACTS 7.6).
var retryAfter = []time.Duration{time.Minute, 5 * time.Minute, time.Hour, 24 * time.Hour, 48 * time.Hour}

// delivery is one message on its way.
type delivery struct {
	id      string
	event   string
	payment *payment
	at      time.Time // of the event
	due     time.Time
	tries   int
	done    bool
}

// WebhookView is a message as tests look at it.
type WebhookView struct {
	ID        string    `json:"id"`
	Event     string    `json:"event"`
	PaymentID string    `json:"payment_id"`
	Tries     int       `json:"tries"`
	Done      bool      `json:"done"`
	Due       time.Time `json:"due"`
}

// SetWebhook says where messages go from now on, and how they are signed.
func (s *Simulator) SetWebhook(url, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.options.WebhookURL, s.options.WebhookSecret = url, secret
}

// Webhooks lists all messages, oldest first.
func (s *Simulator) Webhooks() []WebhookView {
	s.mu.Lock()
	defer s.mu.Unlock()
	views := []WebhookView{}
	for _, d := range s.deliveries {
		views = append(views, WebhookView{d.id, d.event, d.payment.id, d.tries, d.done, d.due})
	}
	return views
}

// ResendWebhooks sends every message once more, as it was: duplicates happen.
func (s *Simulator) ResendWebhooks(ctx context.Context) {
	s.mu.Lock()
	for _, d := range s.deliveries {
		d.due, d.done, d.tries = s.now(), false, 0
	}
	s.mu.Unlock()
	s.DeliverDue(ctx)
}

// announce sends what a change of status is announced by. Becoming capturable is not (FACTS 7.4).
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
	if s.options.WebhookURL == "" {
		return
	}
	s.deliveries = append(s.deliveries, &delivery{id: newID(), event: event, payment: p, at: s.now(), due: s.now()})
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// deliverInBackground sends messages as they come up; late ones when the clock is moved, or within a second.
func (s *Simulator) deliverInBackground() {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for {
		select {
		case <-s.closed:
			return
		case <-s.wake:
		case <-ticker.C:
			s.Sweep()
		}
		s.DeliverDue(ctx)
	}
}

// DeliverDue sends what is due now, and returns when all of it was tried once.
func (s *Simulator) DeliverDue(ctx context.Context) {
	for _, d := range s.claimDue() {
		taken := s.send(ctx, d)
		s.mu.Lock()
		if taken || d.tries > len(retryAfter) {
			d.done = true
		}
		s.mu.Unlock()
	}
}

// claimDue counts an attempt for each message that is due, so that no two senders send it.
func (s *Simulator) claimDue() []*delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []*delivery
	for _, d := range s.deliveries {
		if d.done || d.due.After(s.now()) {
			continue
		}
		d.tries++
		if d.tries <= len(retryAfter) {
			d.due = s.now().Add(retryAfter[d.tries-1])
		} else {
			d.due = s.now().Add(1000 * time.Hour)
		}
		due = append(due, d)
	}
	return due
}

func (s *Simulator) send(ctx context.Context, d *delivery) bool {
	s.mu.Lock()
	body, url, secret := s.message(d), s.options.WebhookURL, s.options.WebhookSecret
	s.mu.Unlock()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return false
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Pay-Signature", pay.Sign(secret, body))
	answer, err := s.client.Do(request)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	return answer.StatusCode >= 200 && answer.StatusCode <= 299
}

// webhookWords are how a failed payment is called in messages, another vocabulary than the API's; a cancellation by the
// service even carries the code of one by the user (FACTS 7.3).
func webhookState(status, code string) map[string]any {
	words := map[string]string{"P0010": "declined", "P0020": "timedout", "P0030": "cancelled"}
	word, known := words[code]
	if !known {
		word = status
	}
	if code == "P0040" {
		code = "P0030"
	}
	state := stateOf(status, code)
	state["status"] = word
	return state
}

// message is the resource as it is when the message is built, not when the event happened.
func (s *Simulator) message(d *delivery) []byte {
	resource := s.brief(d.payment)
	for _, left := range []string{"_links", "provider_id", "authorisation_mode"} {
		delete(resource, left)
	}
	resource["state"] = webhookState(d.payment.status, d.payment.code)
	body, err := json.Marshal(map[string]any{
		"webhook_message_id": d.id, "api_version": 1, "created_date": milliseconds(d.at), "resource_id": d.payment.id,
		"resource_type": "PAYMENT", "event_type": d.event, "resource": resource,
	})
	if err != nil {
		panic(err) // plain values only
	}
	return slices.Clip(body)
}
