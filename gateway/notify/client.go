// Package notify sends e-mails to citizens through GOV.UK Notify. It never logs an address, and no error contains one.
package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	// maxAnswerBytes limits how much of an answer is read.
	maxAnswerBytes = 1 << 20
	// timeout limits one call.
	timeout = 10 * time.Second
)

// Options configure a Client.
type Options struct {
	URL *url.URL // of the API, without a path
	Key Key
	Now func() time.Time
}

// Client calls version 2 of GOV.UK Notify's API. It follows no redirects, and repeats nothing by itself. It is safe for
// concurrent use.
type Client struct {
	options Options
	http    *http.Client
}

// NewClient returns a Client.
func NewClient(o Options) *Client {
	return &Client{options: o, http: &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Email is one e-mail. GOV.UK Notify writes its text, from a template and its fields.
type Email struct {
	Template  Template          `json:"template_id"`
	Address   string            `json:"email_address"`
	Fields    map[string]string `json:"personalisation"`
	Reference string            `json:"reference"` // ours, the same at each attempt
}

// Send asks for one e-mail. The error is an *[Error].
func (c *Client) Send(ctx context.Context, e Email) error {
	text, err := json.Marshal(e)
	if err != nil {
		return &Error{reason: "the e-mail cannot be written as JSON"}
	}
	// A body that cannot be rewound keeps net/http from repeating the call when a reused connection breaks.
	_, err = c.do(ctx, http.MethodPost, "/v2/notifications/email", io.NopCloser(bytes.NewReader(text)),
		http.StatusCreated)
	return err
}

// Took reports whether GOV.UK Notify has taken an e-mail with this reference in the last 7 days. An e-mail that failed
// for a technical reason does not count: Notify says to send such an e-mail again.
func (c *Client) Took(ctx context.Context, reference string) (bool, error) {
	query := url.Values{"template_type": {"email"}, "reference": {reference}}
	text, err := c.do(ctx, http.MethodGet, "/v2/notifications?"+query.Encode(), nil, http.StatusOK)
	if err != nil {
		return false, err
	}
	var list struct {
		Notifications []email `json:"notifications"`
	}
	if json.Unmarshal(text, &list) != nil || list.Notifications == nil {
		return false, &Error{reason: "the answer is not a list of notifications"}
	}
	return slices.ContainsFunc(list.Notifications, func(n email) bool { return n.taken(reference) }), nil
}

// email is what GOV.UK Notify says about an e-mail.
type email struct {
	Reference string `json:"reference"`
	Status    string `json:"status"`
}

func (e email) taken(reference string) bool {
	return e.Reference == reference && e.Status != "technical-failure"
}

// do makes one call, whose answer must have the status good, and returns the body of the answer.
func (c *Client) do(ctx context.Context, method, path string, body io.Reader, good int) ([]byte, error) {
	address := strings.TrimRight(c.options.URL.String(), "/") + path
	request, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, &Error{reason: "the address of the API is wrong"}
	}
	token, err := c.options.Key.token(c.options.Now())
	if err != nil {
		return nil, &Error{reason: "the key cannot sign"}
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Paygate")
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, &Error{reason: "no answer"}
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswerBytes))
	switch {
	case answer.StatusCode != good:
		return nil, refusal(answer.StatusCode, text)
	case err != nil:
		return nil, &Error{Status: answer.StatusCode, reason: "the answer broke off"}
	}
	return text, nil
}
