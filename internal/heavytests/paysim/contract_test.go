package paysim

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/journey"
	"paygate/journey/pay"
)

// router finds the part of Pay's description that a request is about.
func router(t *testing.T) routers.Router {
	t.Helper()
	spec := loadDescription(t)
	spec.Servers = nil
	correct(spec)
	router, err := gorillamux.NewRouter(spec)
	require.NoError(t, err)
	return router
}

// correct corrects what is known to be wrong in the description: metadata and params hold plain texts, and every key of
// card_details may be null.
func correct(spec *openapi3.T) {
	anything := &openapi3.SchemaRef{Value: &openapi3.Schema{}}
	for _, schema := range spec.Components.Schemas {
		for name := range schema.Value.Properties {
			switch name {
			case "metadata", "card_details", "params":
				schema.Value.Properties[name] = anything
			}
		}
	}
}

// checked is a handler whose requests and answers are compared with the description.
type checked struct {
	t      *testing.T
	router routers.Router
	next   http.Handler
	mu     sync.Mutex
	calls  map[string]int
}

func (c *checked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		c.t.Errorf("%s %s is not in the description: %v", r.Method, r.URL.Path, err)
		return
	}
	input := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
		c.t.Errorf("the request %s %s: %v", r.Method, r.URL.Path, err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	recorder := httptest.NewRecorder()
	c.next.ServeHTTP(recorder, r)
	if answer := recorder.Result(); answer.StatusCode != http.StatusNoContent {
		response := &openapi3filter.ResponseValidationInput{
			RequestValidationInput: input, Status: answer.StatusCode, Header: answer.Header,
		}
		response.SetBodyBytes(recorder.Body.Bytes())
		if err := openapi3filter.ValidateResponse(context.Background(), response); err != nil {
			c.t.Errorf("the answer to %s %s: %v", r.Method, r.URL.Path, err)
		}
	}
	c.mu.Lock()
	c.calls[route.Method+" "+route.Path]++
	c.mu.Unlock()
	for name, values := range recorder.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(recorder.Code)
	_, _ = w.Write(recorder.Body.Bytes())
}

// TestClientAndSimulatorSpeakAsPayDescribesItself walks payments through all calls, each request of our client and each
// answer of the simulator held against the description that Pay publishes.
func TestClientAndSimulatorSpeakAsPayDescribesItself(t *testing.T) {
	t.Parallel()
	sim := paysim.New(paysim.Options{PostLimit: -1, PublicURL: "https://pay.example", Surcharge: 250})
	t.Cleanup(sim.Close)
	front := &checked{t: t, router: router(t), next: sim, calls: map[string]int{}}
	server := httptest.NewServer(front)
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	require.NoError(t, err)
	client := pay.New(pay.Options{
		URL: address, Key: "api_test_000000000000", CardOrigins: []string{"https://pay.example"},
		Timeout: 10 * time.Second, CreateRate: 100,
	})
	ctx := t.Context()
	wanted := journey.NewPayment{
		Amount: 2500, Reference: "LIC-1", Description: "Licence", ReturnURL: "https://example.org/_pay/return",
		Language: "cy", DelayedCapture: true,
		Metadata: map[string]string{"ledger": "4711"},
		Prefill: journey.Prefill{
			Email: "a@example.org", CardholderName: "Ann", Line1: "1", City: "X", Postcode: "Y", Country: "GB",
		},
	}
	for _, outcome := range []string{"success", "declined", "cancelled", "expired", "error"} {
		seen, err := client.Create(ctx, wanted)
		require.NoError(t, err)
		require.NotEmpty(t, seen.NextURL)
		require.NoError(t, sim.Pay(seen.ID, outcome))
		seen, err = client.Get(ctx, seen.ID)
		require.NoError(t, err)
		require.Equal(t, outcome != "success", seen.Finished)
	}
	first := sim.Payments()[0].ID
	require.NoError(t, client.Capture(ctx, first))
	require.NoError(t, client.Capture(ctx, first), "a capture may be repeated")
	made, err := client.Refund(ctx, first, 500, 2500)
	require.NoError(t, err)
	require.Equal(t, int64(500), made.Amount)
	require.NotEmpty(t, made.ID)
	_, err = client.Refund(ctx, first, 500, 2500)
	require.ErrorIs(t, err, journey.ErrNotAllowed, "the guard")
	seen, err := client.Get(ctx, first)
	require.NoError(t, err)
	require.EqualValues(t, 2000, seen.RefundAvailable)
	events, err := client.Events(ctx, first)
	require.NoError(t, err)
	require.NotEmpty(t, events)

	open, err := client.Create(ctx, wanted)
	require.NoError(t, err)
	require.NoError(t, client.Cancel(ctx, open.ID))
	require.ErrorIs(t, client.Cancel(ctx, open.ID), journey.ErrNotAllowed, "a cancel may not")
	require.ErrorIs(t, client.Capture(ctx, open.ID), journey.ErrNotAllowed)
	_, err = client.Get(ctx, "00000000000000000000000000")
	require.ErrorIs(t, err, journey.ErrPaymentNotFound)

	found, err := client.FindByReference(ctx, "lic-1", time.Now().Add(-time.Hour))
	require.NoError(t, err)
	require.Len(t, found, 6)
	require.Empty(t, found[0].NextURL, "search gives none")
	require.Len(t, front.calls, 7, "every call was made: %v", front.calls)
}
