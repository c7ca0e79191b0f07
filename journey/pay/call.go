package pay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxAnswerBytes limits how much of an answer is read.
const maxAnswerBytes = 1 << 20

// call is one request to Pay.
type call struct {
	name, method, path string
	body               any // nil for none
}

// do sends a call once and reads the whole answer, which must have the status good.
func (c *Client) do(ctx context.Context, call call, good int) (body []byte, err error) {
	began := time.Now()
	status := 0
	defer func() {
		c.held.note(err)
		c.finished(ctx, call.name, status, err, time.Since(began))
	}()

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

// request builds a call. Its body cannot be rewound, or net/http would repeat a POST when a reused connection breaks.
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
	address := strings.TrimRight(c.options.URL.String(), "/") + call.path
	request, err := http.NewRequestWithContext(ctx, call.method, address, body)
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

func (c *Client) finished(ctx context.Context, name string, status int, err error, took time.Duration) {
	if c.options.Finished == nil {
		return
	}
	word := code(err)
	switch {
	case word != "":
	case status == 0:
		word = "unreachable"
	default:
		word = strconv.Itoa(status)
	}
	c.options.Finished(ctx, name, word, took)
}

var idPattern = regexp.MustCompile(`^[0-9a-z]{1,40}$`)

// paymentPath returns the path of a payment. Its id is checked, because it came over the network once.
func paymentPath(name, id, suffix string) (string, error) {
	if !idPattern.MatchString(id) {
		return "", nonsense(name, "not a payment id")
	}
	return "/v1/payments/" + id + suffix, nil
}

// allowed reports whether a next_url is at one of the origins that citizens may be sent to.
func (c *Client) allowed(next string) bool {
	u, err := url.Parse(next)
	if err != nil || u.Opaque != "" || u.User != nil || strings.ContainsAny(next, "\\\r\n\t ") {
		return false
	}
	return slices.Contains(c.options.CardOrigins, strings.ToLower(u.Scheme+"://"+u.Host))
}
