package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"paygate/journey"
	"paygate/journey/pay"
)

const (
	// maxWebhookBytes bounds a webhook's body.
	maxWebhookBytes = 256 << 10
	// answerWithin is how long the store may take: Pay gives up after 3 seconds (FACTS 7.6).
	answerWithin = 2 * time.Second
	// remembered is how long a webhook is known again: longer than Pay repeats one (FACTS 7.6).
	remembered = 7 * 24 * time.Hour
)

// Marks remembers what was seen.
type Marks interface {
	// FirstSight tells whether a mark is seen for the first time, and remembers it until then.
	FirstSight(ctx context.Context, mark string, until time.Time) (bool, error)
}

// webhook takes GOV.UK Pay's messages. A message decides nothing: it may be stale, out of turn, or repeated by whoever saw
// it (FACTS 7.3). That something happened is stored, Pay gets its answer at once, and then Pay is asked.
func (g *Gateway) webhook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxWebhookBytes))
	signature := r.Header.Get("Pay-Signature")
	switch {
	case err != nil:
		g.hear(w, http.StatusRequestEntityTooLarge, "malformed")
		return
	case signature == "":
		g.hear(w, http.StatusBadRequest, "malformed")
		return
	case !pay.Signed(g.WebhookSecrets, body, signature):
		g.hear(w, http.StatusUnauthorized, "bad_signature")
		return
	}
	id, result, err := g.heedInTime(r.Context(), body)
	if err != nil {
		g.Log.ErrorContext(r.Context(), "webhook", "error", err)
		w.WriteHeader(http.StatusServiceUnavailable) // Pay repeats it
		return
	}
	g.hear(w, http.StatusOK, result)
	if result == "accepted" {
		g.advanceLater(id)
	}
}

// hear answers a message and counts it.
func (g *Gateway) hear(w http.ResponseWriter, status int, result string) {
	g.Log.Info("webhook", "result", result)
	if g.Heard != nil {
		g.Heard(result)
	}
	w.WriteHeader(status)
}

// message is what is read of a webhook; the rest is for nobody's eyes.
type message struct {
	ID        string `json:"webhook_message_id"`
	PaymentID string `json:"resource_id"`
}

// heedInTime heeds a message, but waits for no store that does not answer: not even for one that cannot be given up.
func (g *Gateway) heedInTime(ctx context.Context, body []byte) (id journey.ID, result string, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	heeded := make(chan func(), 1)
	go func() {
		i, r, e := g.heed(ctx, body)
		heeded <- func() { id, result, err = i, r, e }
	}()
	select {
	case take := <-heeded:
		take()
		return id, result, err
	case <-ctx.Done():
		return "", "", ctx.Err()
	}
}

// heed stores what follows from a genuine message, and names it: accepted, duplicate, unknown (not our payment) or ignored
// (nothing that we understand).
func (g *Gateway) heed(ctx context.Context, body []byte) (journey.ID, string, error) {
	var m message
	if err := json.Unmarshal(body, &m); err != nil || m.PaymentID == "" {
		return "", "ignored", nil // genuine, and of a kind that nobody told us of
	}
	id, err := g.Runner.Store.ByPayment(ctx, m.PaymentID)
	if errors.Is(err, journey.ErrNotFound) {
		return "", "unknown", nil // other services may share the account
	}
	if err != nil {
		return "", "", err
	}
	if err := g.Runner.Nudge(ctx, id, journey.ByWebhook); gone(err) {
		return "", "unknown", nil // set aside, and said so by the store: to hear it again would not help
	} else if err != nil {
		return "", "", err
	}
	if m.ID == "" {
		return id, "accepted", nil
	}
	first, err := g.Marks.FirstSight(ctx, m.ID, g.Runner.Now().Add(remembered))
	if err != nil || first {
		return id, "accepted", err
	}
	return id, "duplicate", nil
}

// later is work that nobody waits for, a few at a time; what does not fit is left to the next sweep, which knows of it.
type later struct {
	places chan struct{}
	all    sync.WaitGroup
}

// mostLater is how many journeys are advanced at a time because of webhooks.
const mostLater = 8

func newLater() *later { return &later{places: make(chan struct{}, mostLater)} }

func (g *Gateway) advanceLater(id journey.ID) {
	select {
	case g.later.places <- struct{}{}:
	default:
		return
	}
	g.later.all.Go(func() {
		defer func() { <-g.later.places }()
		progress, err := g.Runner.Advance(context.Background(), id, journey.Visit{By: journey.ByWebhook})
		_ = progress.Reply.Close()
		if err != nil {
			g.Log.Warn("advancing after a webhook", "journey_id", id, "error", err)
		}
	})
}
