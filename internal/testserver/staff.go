package testserver

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/journey"
	"paygate/journey/export"
)

// StaffClient is a member of staff who uses the JSON interface.
type StaffClient struct {
	H     *Harness
	Token string
}

// Ann returns a client with Ann's token.
func (h *Harness) Ann() StaffClient { return StaffClient{h, AnnsToken} }

// Do sends a request to the staff listener. A body that is not a string is sent as JSON.
func (a StaffClient) Do(method, path string, body any, header ...string) Page {
	a.H.T.Helper()
	var content io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(body)
	default:
		text, err := json.Marshal(body)
		require.NoError(a.H.T, err)
		content = bytes.NewReader(text)
	}
	header = append([]string{"Content-Type", "application/json"}, header...)
	if a.Token != "" {
		header = append(header, "Authorization", "Bearer "+a.Token)
	}
	return a.H.Citizen().Do(method, a.H.Staff.URL+path, content, header...)
}

// Journey returns one journey.
func (a StaffClient) Journey(id string) (w export.Whole) {
	a.H.T.Helper()
	p := a.Do(http.MethodGet, "/journeys/"+id, nil)
	require.Equal(a.H.T, http.StatusOK, p.Status, p.Text)
	require.NoError(a.H.T, json.Unmarshal([]byte(p.Text), &w))
	return w
}

// Order requests an action on a journey, such as "refund".
func (a StaffClient) Order(id, name string, body map[string]any) (w export.Whole, status int, text string) {
	a.H.T.Helper()
	p := a.Do(http.MethodPost, "/journeys/"+id+"/"+name, body)
	if p.Status == http.StatusOK {
		require.NoError(a.H.T, json.Unmarshal([]byte(p.Text), &w))
	} else {
		require.Equal(a.H.T, "application/problem+json", p.Header.Get("Content-Type"), p.Text)
	}
	return w, p.Status, p.Text
}

// WithReason returns the body of an order: a reason, and further names and values.
func WithReason(more ...any) map[string]any {
	body := map[string]any{"reason": "the citizen called"}
	for i := 0; i < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	return body
}

// NewStuck starts a harness with one journey that staff have to settle.
func NewStuck(t *testing.T, atPay paysim.Options, route string) (*Harness, *Citizen, string) {
	t.Helper()
	h := NewWithPay(t, atPay, BreakOff)
	c := h.Citizen()
	require.Equal(t, http.StatusSeeOther, c.Post(route, url.Values{"name": {"Ann"}}).Status)
	h.EndPayment("success")
	require.Contains(t, c.ReturnFromPay().Text, "We are looking into your payment", "the citizen reads the truth")
	require.Equal(t, journey.StateStuck, c.State())
	return h, c, c.Journeys()[0].ID
}

// AcceptHTML is the Accept header of a browser.
const AcceptHTML = "text/html,application/xhtml+xml"
