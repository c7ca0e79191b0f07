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
	"sync/atomic"
	"time"

	"paygate/journey"
	"paygate/journey/pay"
)

const (
	maxBytes = 256 << 10
	// storeTimeout is how long the store may take before Pay gets its answer: it gives up after 3 seconds (FACTS 7.6).
	// The message then waits in memory. If it is lost there, in a crash, the payment is still read when it is due.
	storeTimeout = 2 * time.Second
	// drainTimeout is how long messages may still wait for their turn to be stored when Paygate ends.
	drainTimeout = 5 * time.Second
	// maxWaiting is how many messages may wait in memory. Pay has to repeat further ones.
	maxWaiting = 1000
	// keepTrying is how long a message that waits is tried to be stored.
	keepTrying = 10 * time.Minute
	// rememberFor is how long a message is recognised: longer than Pay repeats one (FACTS 7.6).
	rememberFor = 7 * 24 * time.Hour
	// maxStoring is how many messages are stored at a time, so that citizens have their share of the store.
	maxStoring = 8
	// maxAdvancing and maxQueued are how many journeys of a route are advanced at a time because of messages, and how
	// many more wait for that. A service that hangs on one route holds up no other.
	maxAdvancing, maxQueued = 8, 300
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
	waiting  chan struct{}   // one for each message that is not dealt with
	storing  chan struct{}   // one for each message that is being stored
	turns    sync.Map        // of the routes: *turns by name
	advances context.Context // ends when what waits is left to sweeps
	drain    context.CancelFunc
	hurry    context.Context // ends a moment later: no message waits for its turn to be stored any more
	all      sync.WaitGroup
}

// turns has a place for each journey of a route that is advanced, or waits for that.
type turns struct{ queued, advancing chan struct{} }

func (h *Handler) turnsOf(route string) *turns {
	fresh := &turns{make(chan struct{}, maxAdvancing+maxQueued), make(chan struct{}, maxAdvancing)}
	known, _ := h.turns.LoadOrStore(route, fresh)
	return known.(*turns)
}

// New returns a Handler.
func New(o Options) *Handler {
	h := &Handler{
		Options: o, waiting: make(chan struct{}, maxWaiting), storing: make(chan struct{}, maxStoring),
	}
	h.advances, h.drain = context.WithCancel(context.Background())
	hurry, end := context.WithCancel(context.Background())
	context.AfterFunc(h.advances, func() { time.AfterFunc(drainTimeout, end) })
	h.hurry = hurry
	return h
}

// Drain leaves to sweeps what waits to be done after messages: steps under way end, and no delivery begins. New
// messages are still stored.
func (h *Handler) Drain() { h.drain() }

// Wait blocks until nothing is under way. Call Drain before.
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
	select {
	case h.waiting <- struct{}{}:
	default:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	d := &delivery{signers: signers, failed: make(chan struct{}), stored: make(chan struct{})}
	d.message, d.result = parse(body)
	h.all.Go(func() {
		j, isStored := h.take(d)
		<-h.waiting
		if isStored && d.result == "accepted" {
			h.advance(j)
		}
	})
	select {
	case <-d.stored:
	case <-time.After(storeTimeout):
		if !d.isLate.CompareAndSwap(false, true) { // it has just failed
			<-d.failed
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
	case <-d.failed:
		w.WriteHeader(http.StatusServiceUnavailable) // Pay repeats it
		return
	}
	w.WriteHeader(http.StatusOK)
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
	h.count(result)
	w.WriteHeader(status)
}

func (h *Handler) count(result string) {
	h.Log.Info("webhook", "result", result)
	if h.Received != nil {
		h.Received(result)
	}
}

// delivery is a genuine message until it is stored.
type delivery struct {
	message
	signers []string // accounts
	result  string   // empty: not known yet
	isLate  atomic.Bool
	failed  chan struct{} // closed if Pay has to repeat it
	stored  chan struct{} // closed once it is stored
}

// take stores a message, and reports whether it did. One for which the store takes so long that Pay has its answer is
// tried again if it fails.
func (h *Handler) take(d *delivery) (j journey.Journey, isStored bool) {
	began := time.Now()
	for pause := time.Second; d.result == ""; pause = min(2*pause, time.Minute) {
		var err error
		if j, d.result, err = h.store(d.signers, d.message); err == nil {
			break
		}
		h.Log.Error("a message of GOV.UK Pay is not stored", "error", err)
		if d.isLate.CompareAndSwap(false, true) {
			close(d.failed)
			return j, false
		}
		if time.Since(began) > keepTrying || !h.wait(pause) {
			h.Log.Error("a message of GOV.UK Pay is given up; its payment is read when it is due, or by the comparison")
			return j, false
		}
	}
	h.count(d.result)
	close(d.stored)
	return j, true
}

// wait waits, and reports whether there is still time.
func (h *Handler) wait(pause time.Duration) bool {
	select {
	case <-time.After(pause):
		return true
	case <-h.advances.Done():
		return false
	}
}

// message is the part of a webhook that is read; the rest is personal data that we do not need.
type message struct {
	ID        string `json:"webhook_message_id"`
	PaymentID string `json:"resource_id"`
}

// parse reads a message. Unless it is about a payment, result says what it is: ignored (a message that we do not
// understand) or malformed (not JSON).
func parse(body []byte) (m message, result string) {
	if !json.Valid(body) {
		return m, "malformed"
	}
	if err := json.Unmarshal(body, &m); err != nil || m.PaymentID == "" {
		return m, "ignored" // genuine, and of a kind that we do not know
	}
	return m, ""
}

// errDrained means that the store is too slow for all messages that wait when Paygate ends.
var errDrained = errors.New("the store is too slow, and Paygate ends")

// awaitTurn waits until one more message may be stored.
func (h *Handler) awaitTurn() error {
	select {
	case h.storing <- struct{}{}:
		return nil
	default:
	}
	select {
	case h.storing <- struct{}{}:
		return nil
	case <-h.hurry.Done():
		return errDrained
	}
}

// store stores what follows from a message that these accounts signed. The result is accepted, duplicate or unknown
// (not our payment); empty with an error.
func (h *Handler) store(signers []string, m message) (journey.Journey, string, error) {
	if err := h.awaitTurn(); err != nil {
		return journey.Journey{}, "", err
	}
	defer func() { <-h.storing }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	j, err := h.nudge(ctx, signers, m.PaymentID)
	if errors.Is(err, journey.ErrNotFound) || errors.Is(err, journey.ErrDamaged) {
		// Other services may share the account. The store set a damaged journey aside and logged that: a repeat would
		// not help.
		return j, "unknown", nil
	}
	if err != nil {
		return j, "", err
	}
	if m.ID == "" {
		return j, "accepted", nil
	}
	first, err := h.Marks.FirstSight(ctx, m.ID, h.Runner.Now().Add(rememberFor))
	switch {
	case err != nil:
		return j, "", err
	case first:
		return j, "accepted", nil
	default:
		return j, "duplicate", nil
	}
}

// nudge stores that something happened to a payment. The error is [journey.ErrNotFound] if none of the signers has it.
func (h *Handler) nudge(ctx context.Context, signers []string, paymentID string) (journey.Journey, error) {
	id, err := h.Runner.Store.ByPayment(ctx, paymentID)
	if err != nil {
		return journey.Journey{}, err
	}
	j, err := h.Runner.Store.Get(ctx, id)
	if err == nil && !slices.Contains(signers, j.Terms.Account) {
		err = journey.ErrNotFound
	}
	if err != nil {
		return journey.Journey{}, err
	}
	return j, h.Runner.Nudge(ctx, id, journey.ByWebhook)
}

// advance advances a journey once its turn comes. If too many wait for theirs, or Paygate ends, a sweep does it.
func (h *Handler) advance(j journey.Journey) {
	turns := h.turnsOf(j.Terms.Route)
	select {
	case turns.queued <- struct{}{}:
		defer func() { <-turns.queued }()
	default:
		return
	}
	select {
	case turns.advancing <- struct{}{}:
		defer func() { <-turns.advancing }()
	case <-h.advances.Done():
		return
	}
	progress, err := h.Runner.Advance(h.advances, j.ID, journey.Visit{By: journey.ByWebhook})
	_ = progress.Reply.Close()
	if err != nil && !errors.Is(err, journey.ErrPaused) && h.advances.Err() == nil {
		h.Log.Warn("advancing after a webhook", "journey_id", j.ID, "error", err)
	}
}
