package testserver

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"paygate/internal/paysim"
	"paygate/journey"
	"paygate/journey/export"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Adviser is a member of staff with a program.
type Adviser struct {
	H     *Harness
	Token string
}

func (h *Harness) Ann() Adviser { return Adviser{h, AnnsToken} }

func (a Adviser) Do(method, path string, body any, header ...string) Page {
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
	r, err := http.NewRequest(method, a.H.Staff.URL+path, content)
	require.NoError(a.H.T, err)
	if a.Token != "" {
		r.Header.Set("Authorization", "Bearer "+a.Token)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	require.NoError(a.H.T, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(a.H.T, err)
	return Page{answer.StatusCode, answer.Header, string(text)}
}

// Shown reads one journey.
func (a Adviser) Shown(id string) (w export.Whole) {
	a.H.T.Helper()
	p := a.Do(http.MethodGet, "/journeys/"+id, nil)
	require.Equal(a.H.T, http.StatusOK, p.Status, p.Text)
	require.NoError(a.H.T, json.Unmarshal([]byte(p.Text), &w))
	return w
}

func (a Adviser) Order(id, name string, body map[string]any) (w export.Whole, status int, text string) {
	a.H.T.Helper()
	p := a.Do(http.MethodPost, "/journeys/"+id+"/"+name, body)
	if p.Status == http.StatusOK {
		require.NoError(a.H.T, json.Unmarshal([]byte(p.Text), &w))
	} else {
		require.Equal(a.H.T, "application/problem+json", p.Header.Get("Content-Type"), p.Text)
	}
	return w, p.Status, p.Text
}

func WithReason(more ...any) map[string]any {
	body := map[string]any{"reason": "the citizen called"}
	for i := 0; i < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	return body
}

// BreaksOff is a service that takes the request and never answers.
func BreaksOff(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		Plain(w, r)
		return
	}
	panic(http.ErrAbortHandler)
}

// usual is a GOV.UK Pay without rate limits.
var PayDefaults = paysim.Options{PostLimit: -1}

// Stuck brings a journey to where a person has to decide.
func Stuck(t *testing.T, atPay paysim.Options, route string) (*Harness, *Citizen, string) {
	t.Helper()
	h := NewWithPay(t, atPay, BreaksOff)
	c := h.Citizen()
	require.Equal(t, http.StatusSeeOther, c.Post(route, url.Values{"name": {"Ann"}}).Status)
	h.Pays("success")
	require.Contains(t, c.ComesBack().Text, "We are looking into your payment", "the citizen reads the truth")
	require.Equal(t, journey.StateStuck, c.State())
	return h, c, c.Status()[0].ID
}

// StaffBrowser is a member of staff who logs in.
func (h *Harness) StaffBrowser() *Citizen {
	jar, err := cookiejar.New(nil)
	require.NoError(h.T, err)
	return &Citizen{h, &http.Client{Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

const Html = "text/html,application/xhtml+xml"
