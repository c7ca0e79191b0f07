// Package pay speaks to GOV.UK Pay: the calls a journey needs, and the signature of its webhooks. It repeats nothing by
// itself, follows no redirects, and lets nothing secret into an error: only the journey knows what is safe to do again.
package pay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"paygate/journey"
)

// maxAnswerBytes bounds what is read of any answer.
const maxAnswerBytes = 1 << 20

// queueTimeout is how long a create may wait for its turn.
const queueTimeout = 2 * time.Second

// readRate is how many readings a second early delivery makes room for: a third of what Pay allows an account (FACTS 1.3).
const readRate = 25

// Options say how to reach Pay.
type Options struct {
	URL         *url.URL // of the API, without a path
	Key         string
	CardOrigins []string // origins that a next_url may have
	Timeout     time.Duration
	CreateRate  int // creates a second; over it a short queue, then journey.ErrPayBusy

	// SharedLimit, where set, waits for a create's turn among several processes, no longer than ctx lasts. No payment is created
	// when it fails: a journey.ErrPayBusy or the end of ctx says that there are too many, anything else that nobody knows.
	SharedLimit func(ctx context.Context) error
	// Finished, where set, hears of every call: its name, and the status or a word for what went wrong.
	Finished func(call, code string, took time.Duration)
}

// Client is GOV.UK Pay's public API, version 1. Safe for concurrent use.
type Client struct {
	options Options
	http    *http.Client
	creates *rate.Limiter
	reads   *rate.Limiter // how much of Pay's allowance is left to those who can wait; see Yield
}

var _ journey.Payments = (*Client)(nil)

// New makes a client.
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

// waitToCreate is the queue before a create: first this process's, then the one of all.
func (c *Client) waitToCreate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, queueTimeout)
	defer cancel()
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
	return &Error{Call: "create", kind: journey.ErrPayBusy, reason: "too many payments at a time"}
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
		return journey.PaymentSnapshot{}, nonsense("get", "another payment than the one asked for")
	}
	return snapshot, err
}

// noteRead counts a reading, which waits for nothing. A rush is forgotten after a second or two.
func (c *Client) noteRead() {
	if c.reads.Tokens() > -readRate {
		c.reads.Reserve()
	}
}

// Yield is for readings that can wait. While others read more than [readRate] payments a second, it lets one through about
// every second; an error is the context's.
func (c *Client) Yield(ctx context.Context) error { return c.reads.Wait(ctx) }

// Capture takes reserved money.
func (c *Client) Capture(ctx context.Context, id string) error {
	return c.act(ctx, "capture", id, "/capture", struct{}{}, http.StatusNoContent)
}

// Cancel ends a payment.
func (c *Client) Cancel(ctx context.Context, id string) error {
	return c.act(ctx, "cancel", id, "/cancel", struct{}{}, http.StatusNoContent)
}

// Refund gives money back, if exactly available pence are left to be refunded.
func (c *Client) Refund(ctx context.Context, id string, amount, available int64) error {
	refund := map[string]int64{"amount": amount, "refund_amount_available": available}
	return c.act(ctx, "refund", id, "/refunds", refund, http.StatusAccepted)
}

func (c *Client) act(ctx context.Context, name, id, suffix string, body any, good int) error {
	path, err := paymentPath(name, id, suffix)
	if err != nil {
		return err
	}
	_, err = c.do(ctx, call{name, http.MethodPost, path, body}, good)
	return err
}

// FindByReference searches the payments created from a time on. It reads every page.
func (c *Client) FindByReference(ctx context.Context, reference string, from time.Time) ([]journey.PaymentSnapshot, error) {
	var found []journey.PaymentSnapshot
	for page := 1; ; page++ {
		query := url.Values{
			"reference": {reference}, "from_date": {from.UTC().Format("2006-01-02T15:04:05.000Z")},
			"page": {fmt.Sprint(page)}, "display_size": {"100"},
		}
		body, err := c.do(ctx, call{"search", http.MethodGet, "/v1/payments?" + query.Encode(), nil}, http.StatusOK)
		if code(err) == "P0402" { // past the last page
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		var answer struct {
			Total   int               `json:"total"`
			Results []json.RawMessage `json:"results"`
		}
		if err := json.Unmarshal(body, &answer); err != nil {
			return nil, nonsense("search", "no JSON")
		}
		for _, result := range answer.Results {
			snapshot, err := c.decode("search", result)
			if err != nil {
				return nil, err
			}
			if strings.EqualFold(snapshot.Reference, reference) {
				found = append(found, snapshot)
			}
		}
		if len(answer.Results) == 0 || page*100 >= answer.Total {
			return found, nil
		}
	}
}

// Event is one line of Pay's own history of a payment. Refunds are mixed in without a mark, so it decides nothing.
type Event struct {
	Status string
	Code   string
	At     string // as Pay writes it
}

// Events reads Pay's own history of a payment, oldest first, for people to look at.
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
		return nil, nonsense("events", "no JSON")
	}
	var events []Event
	for _, e := range answer.Events {
		events = append(events, Event{Status: e.State.Status, Code: e.State.Code, At: e.Updated})
	}
	return events, nil
}

// call is one request to Pay.
type call struct {
	name, method, path string
	body               any // nil for none
}

// do sends a call once and reads the whole answer, which has to have the good status.
func (c *Client) do(ctx context.Context, call call, good int) (body []byte, err error) {
	began := time.Now()
	status := 0
	defer func() { c.finished(call.name, status, err, time.Since(began)) }()

	request, err := c.request(ctx, call)
	if err != nil {
		return nil, err
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, unreachable(call.name, err)
	}
	defer answer.Body.Close()
	status = answer.StatusCode
	body, err = io.ReadAll(io.LimitReader(answer.Body, maxAnswerBytes+1))
	switch {
	case status != good:
		return nil, refusal(call.name, status, body)
	case err != nil:
		return nil, unreachable(call.name, err)
	case len(body) > maxAnswerBytes:
		return nil, nonsense(call.name, "an answer that is too large")
	}
	return body, nil
}

// request builds a call. Its body cannot be rewound, or net/http would send a POST twice when a reused connection breaks.
func (c *Client) request(ctx context.Context, call call) (*http.Request, error) {
	var body io.Reader
	var size int64
	if call.body != nil {
		text, err := json.Marshal(call.body)
		if err != nil {
			return nil, fmt.Errorf("GOV.UK Pay %s: %w", call.name, err)
		}
		body, size = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	}
	request, err := http.NewRequestWithContext(ctx, call.method, strings.TrimRight(c.options.URL.String(), "/")+call.path, body)
	if err != nil {
		return nil, errors.New("GOV.UK Pay " + call.name + ": the address is wrong")
	}
	request.Header.Set("Authorization", "Bearer "+c.options.Key)
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "Paygate")
	if call.body != nil {
		request.Header.Set("Content-Type", "application/json")
		request.ContentLength = size
	}
	return request, nil
}

func (c *Client) finished(name string, status int, err error, took time.Duration) {
	if c.options.Finished == nil {
		return
	}
	word := fmt.Sprint(status)
	if status == 0 {
		word = "unreachable"
	}
	var failed *Error
	if errors.As(err, &failed) && failed.Code != "" {
		word = failed.Code
	}
	c.options.Finished(name, word, took)
}

var idPattern = regexp.MustCompile(`^[0-9a-z]{1,40}$`)

// paymentPath is the path of a payment, whose id must be one: it came over the network once.
func paymentPath(name, id, suffix string) (string, error) {
	if !idPattern.MatchString(id) {
		return "", nonsense(name, "an id that is none")
	}
	return "/v1/payments/" + id + suffix, nil
}

// allowed tells whether a next_url is at one of the origins that citizens may be sent to.
func (c *Client) allowed(next string) bool {
	u, err := url.Parse(next)
	if err != nil || u.Opaque != "" || u.User != nil || strings.ContainsAny(next, "\\\r\n\t ") {
		return false
	}
	return slices.Contains(c.options.CardOrigins, strings.ToLower(u.Scheme+"://"+u.Host))
}
