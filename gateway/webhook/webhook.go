// Package webhook receives GOV.UK Pay's messages. A message decides nothing: it may be stale, out of order, or repeated
// by anyone who saw it (FACTS 7.3). The handler stores that something happened, answers Pay, and then asks Pay.
package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"paygate/journey"
	"paygate/journey/pay"
)

const (
	maxBytes = 256 << 10
	// storeTimeout is how long the store may take: Pay gives up after 3 seconds (FACTS 7.6).
	storeTimeout = 2 * time.Second
	// rememberFor is how long a message is recognised: longer than Pay repeats one (FACTS 7.6).
	rememberFor = 7 * 24 * time.Hour
	// maxAdvancing is how many journeys are advanced at a time because of messages.
	maxAdvancing = 8
)

// Marks remembers which messages have arrived.
type Marks interface {
	// FirstSight reports whether a mark is new, and remembers it until the given time.
	FirstSight(ctx context.Context, mark string, until time.Time) (bool, error)
}

// Options configure a Handler.
type Options struct {
	Secrets map[string][]string // of each account: any of them may have signed
	Runner  *journey.Runner
	Marks   Marks
	Log     *slog.Logger
	// Received, unless nil, is called with the result of every message.
	Received func(result string)
}

// Handler answers Pay's messages. It is safe for concurrent use.
type Handler struct {
	Options
	advancing chan struct{} // one for each journey that is being advanced
	all       sync.WaitGroup
}

// New returns a Handler.
func New(o Options) *Handler {
	return &Handler{Options: o, advancing: make(chan struct{}, maxAdvancing)}
}

// Wait blocks until no journey is being advanced.
func (h *Handler) Wait() { h.all.Wait() }

// ServeHTTP answers one message.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBytes))
	signature := r.Header.Get("Pay-Signature")
	switch {
	case err != nil:
		h.answer(w, http.StatusRequestEntityTooLarge, "malformed")
		return
	case signature == "":
		h.answer(w, http.StatusBadRequest, "malformed")
		return
	}
	signers := h.signers(body, signature)
	if len(signers) == 0 {
		h.answer(w, http.StatusUnauthorized, "bad_signature")
		return
	}
	id, result, err := h.storeInTime(r.Context(), signers, body)
	if err != nil {
		h.Log.ErrorContext(r.Context(), "webhook", "error", err)
		w.WriteHeader(http.StatusServiceUnavailable) // Pay repeats it
		return
	}
	h.answer(w, http.StatusOK, result)
	if result == "accepted" {
		h.advance(id)
	}
}

// signers returns the accounts whose secrets signed a message.
func (h *Handler) signers(body []byte, signature string) (accounts []string) {
	for account, secrets := range h.Secrets {
		if pay.Signed(secrets, body, signature) {
			accounts = append(accounts, account)
		}
	}
	return accounts
}

// answer answers a message and counts it.
func (h *Handler) answer(w http.ResponseWriter, status int, result string) {
	h.Log.Info("webhook", "result", result)
	if h.Received != nil {
		h.Received(result)
	}
	w.WriteHeader(status)
}

// storeInTime is store with a time limit, even for a store that does not obey the context.
func (h *Handler) storeInTime(
	ctx context.Context, signers []string, body []byte,
) (id journey.ID, result string, err error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	stored := make(chan func(), 1)
	go func() {
		i, r, e := h.store(ctx, signers, body)
		stored <- func() { id, result, err = i, r, e }
	}()
	select {
	case take := <-stored:
		take()
		return id, result, err
	case <-ctx.Done():
		return "", "", ctx.Err()
	}
}

// message is the part of a webhook that is read; the rest is personal data that we do not need.
type message struct {
	ID        string `json:"webhook_message_id"`
	PaymentID string `json:"resource_id"`
}

// store stores what follows from a message that these accounts signed. The result is accepted, duplicate, unknown (not
// our payment), ignored (a message that we do not understand) or malformed (not JSON).
func (h *Handler) store(ctx context.Context, signers []string, body []byte) (journey.ID, string, error) {
	if !json.Valid(body) {
		return "", "malformed", nil
	}
	var m message
	if err := json.Unmarshal(body, &m); err != nil || m.PaymentID == "" {
		return "", "ignored", nil // genuine, and of a kind that we do not know
	}
	id, err := h.nudge(ctx, signers, m.PaymentID)
	if errors.Is(err, journey.ErrNotFound) || errors.Is(err, journey.ErrDamaged) {
		// Other services may share the account. The store set a damaged journey aside and logged that: a repeat would
		// not help.
		return "", "unknown", nil
	}
	if err != nil {
		return "", "", err
	}
	if m.ID == "" {
		return id, "accepted", nil
	}
	first, err := h.Marks.FirstSight(ctx, m.ID, h.Runner.Now().Add(rememberFor))
	if err != nil || first {
		return id, "accepted", err
	}
	return id, "duplicate", nil
}

// nudge stores that something happened to a payment. The error is [journey.ErrNotFound] if none of the signers has it.
func (h *Handler) nudge(ctx context.Context, signers []string, paymentID string) (journey.ID, error) {
	id, err := h.Runner.Store.ByPayment(ctx, paymentID)
	if err != nil {
		return "", err
	}
	j, err := h.Runner.Store.Get(ctx, id)
	if err == nil && !slices.Contains(signers, j.Terms.Account) {
		err = journey.ErrNotFound
	}
	if err != nil {
		return "", err
	}
	return id, h.Runner.Nudge(ctx, id, journey.ByWebhook)
}

// advance advances a journey in the background, or leaves it to the next sweep if too many are being advanced.
func (h *Handler) advance(id journey.ID) {
	select {
	case h.advancing <- struct{}{}:
	default:
		return
	}
	h.all.Go(func() {
		defer func() { <-h.advancing }()
		progress, err := h.Runner.Advance(context.Background(), id, journey.Visit{By: journey.ByWebhook})
		_ = progress.Reply.Close()
		if err != nil {
			h.Log.Warn("advancing after a webhook", "journey_id", id, "error", err)
		}
	})
}
