// Package paysim tests the simulated GOV.UK Pay in a browser, and against the description that Pay publishes.
package paysim

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
)

// server is a simulator that listens. Its clock is stopped.
type server struct {
	*paysim.Simulator
	t   *testing.T
	url string
}

func newServer(t *testing.T, o paysim.Options) server {
	t.Helper()
	o.Now = func() time.Time { return time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC) }
	sim := paysim.New(o)
	listener := httptest.NewServer(sim)
	sim.SetPublicURL(listener.URL)
	t.Cleanup(sim.Close)
	t.Cleanup(listener.Close)
	return server{sim, t, listener.URL}
}

// answer is what the API answered.
type answer struct {
	status int
	json   map[string]any
}

// at returns a value inside the answer: at("state", "status").
func (a answer) at(path ...string) string {
	var value any = a.json
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	text, _ := value.(string)
	return text
}

func (s server) do(method, path, body string) answer {
	s.t.Helper()
	request, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	require.NoError(s.t, err)
	request.Header.Set("Authorization", "Bearer api_test_0123456789abcdefghijklmnop")
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	a := answer{status: response.StatusCode}
	require.NoError(s.t, json.Unmarshal(text, &a.json), "%s", text)
	return a
}

// create asks for a payment with these fields besides, or instead of, the usual ones.
func (s server) create(fields map[string]any) answer {
	s.t.Helper()
	payment := map[string]any{
		"amount": 2500, "reference": "LIC-1", "description": "Fishing licence",
		"return_url": "https://service.example.gov.uk/back",
	}
	maps.Copy(payment, fields)
	maps.DeleteFunc(payment, func(_ string, value any) bool { return value == nil })
	body, err := json.Marshal(payment)
	require.NoError(s.t, err)
	return s.do("POST", "/v1/payments", string(body))
}

// created is the answer to a create that succeeds.
func (s server) created(fields map[string]any) answer {
	s.t.Helper()
	made := s.create(fields)
	require.Equal(s.t, 201, made.status, made.json)
	return made
}

// newPayment creates a payment and returns its id.
func (s server) newPayment(fields map[string]any) string {
	s.t.Helper()
	return s.created(fields).at("payment_id")
}
