// Package pay is the client for GOV.UK Pay: the calls that a journey needs, and the signature of webhooks. It never
// retries, because only the journey knows what is safe to repeat. It follows no redirects and puts no secrets in
// errors.
package pay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/time/rate"

	"paygate/journey"
)

// readRate is how many reads a second make early delivery wait: a third of what Pay allows an account (FACTS 1.3).
const readRate = 25

// Options configure a Client.
type Options struct {
	URL         *url.URL // of the API, without a path
	Key         string
	CardOrigins []string // origins that a next_url may have
	Timeout     time.Duration
	CreateRate  int // creates a second; above it they queue for a moment, then fail with journey.ErrPayBusy

	// SharedLimit, if set, waits for the rate limit that several processes share, no longer than ctx lasts. If it
	// fails, no payment is created. journey.ErrPayBusy or the end of ctx means that there are too many payments.
	SharedLimit func(ctx context.Context) error
	// Finished, if set, is called after every call with its name, and the HTTP status, Pay's error code or
	// "unreachable".
	Finished func(ctx context.Context, call, code string, took time.Duration)
}

// Client calls GOV.UK Pay's public API, version 1. It is safe for concurrent use.
type Client struct {
	options Options
	http    *http.Client
	creates *rate.Limiter
	held    holdBack
	reads   *rate.Limiter // what is left of Pay's limit for calls that can wait; see Yield
}

var _ journey.Payments = (*Client)(nil)

// New returns a Client.
func New(o Options) *Client {
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: o.Timeout}).DialContext,
		TLSHandshakeTimeout:   o.Timeout,
		ResponseHeaderTimeout: o.Timeout,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       30 * time.Second,
		DisableCompression:    true,
	}
	return &Client{
		options: o,
		http: &http.Client{
			Transport:     transport,
			Timeout:       o.Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		creates: rate.NewLimiter(rate.Limit(o.CreateRate), o.CreateRate),
		reads:   rate.NewLimiter(readRate, readRate),
	}
}

// Create makes a payment.
func (c *Client) Create(ctx context.Context, p journey.NewPayment) (journey.PaymentSnapshot, error) {
	if err := c.waitToCreate(ctx); err != nil {
		return journey.PaymentSnapshot{}, err
	}
	body, err := c.do(ctx, call{"create", http.MethodPost, "/v1/payments", newPaymentJSON(p)}, http.StatusCreated)
	if err != nil {
		return journey.PaymentSnapshot{}, err
	}
	snapshot, err := c.decode("create", body)
	if err == nil && snapshot.NextURL == "" {
		return snapshot, journey.ErrNextURL
	}
	return snapshot, err
}

// waitToCreate is the queue before a create: while Pay refuses the account, then this process's, then the shared one.
func (c *Client) waitToCreate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	if err := c.held.wait(ctx, "create"); err != nil {
		return err
	}
	if err := c.creates.Wait(ctx); err != nil {
		return tooMany()
	}
	if c.options.SharedLimit == nil {
		return nil
	}
	switch err := c.options.SharedLimit(ctx); {
	case errors.Is(err, journey.ErrPayBusy), errors.Is(err, context.DeadlineExceeded):
		return tooMany()
	case err != nil:
		return fmt.Errorf("GOV.UK Pay create: not asked: %w", err)
	default:
		return nil
	}
}

func tooMany() error {
	return &Error{Call: "create", kind: journey.ErrPayBusy, reason: "too many payments at the moment"}
}

// Get reads a payment.
func (c *Client) Get(ctx context.Context, id string) (journey.PaymentSnapshot, error) {
	path, err := paymentPath("get", id, "")
	if err != nil {
		return journey.PaymentSnapshot{}, err
	}
	c.noteRead()
	body, err := c.do(ctx, call{"get", http.MethodGet, path, nil}, http.StatusOK)
	if err != nil {
		return journey.PaymentSnapshot{}, err
	}
	snapshot, err := c.decode("get", body)
	if err == nil && snapshot.ID != id {
		return journey.PaymentSnapshot{}, nonsense("get", "not the payment that was asked for")
	}
	snapshot.Payer = payerOf(body)
	return snapshot, err
}

// noteRead counts a read, which never waits. A burst is forgotten after a second or two.
func (c *Client) noteRead() {
	if c.reads.Tokens() > -readRate {
		c.reads.Reserve()
	}
}

// Yield waits until a read that is not urgent may be sent. While others read more than [readRate] payments a second, it
// lets one through about every second. The error is the context's.
func (c *Client) Yield(ctx context.Context) error { return c.reads.Wait(ctx) }

// Capture takes reserved money.
func (c *Client) Capture(ctx context.Context, id string) error {
	return c.act(ctx, "capture", id, "/capture", struct{}{}, http.StatusNoContent)
}

// Cancel ends a payment.
func (c *Client) Cancel(ctx context.Context, id string) error {
	return c.act(ctx, "cancel", id, "/cancel", struct{}{}, http.StatusNoContent)
}

func (c *Client) act(ctx context.Context, name, id, suffix string, body any, good int) error {
	path, err := paymentPath(name, id, suffix)
	if err != nil {
		return err
	}
	_, err = c.do(ctx, call{name, http.MethodPost, path, body}, good)
	return err
}

// Event is one line of Pay's own history of a payment. It decides nothing, because refunds cannot be told apart in it.
type Event struct {
	Status string
	Code   string
	At     string // as Pay writes it
}

// Events reads Pay's own history of a payment, oldest first, to show to people.
func (c *Client) Events(ctx context.Context, id string) ([]Event, error) {
	path, err := paymentPath("events", id, "/events")
	if err != nil {
		return nil, err
	}
	body, err := c.do(ctx, call{"events", http.MethodGet, path, nil}, http.StatusOK)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Events []struct {
			State   stateJSON `json:"state"`
			Updated string    `json:"updated"`
		} `json:"events"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, nonsense("events", "not JSON")
	}
	var events []Event
	for _, e := range answer.Events {
		events = append(events, Event{Status: e.State.Status, Code: e.State.Code, At: e.Updated})
	}
	return events, nil
}
