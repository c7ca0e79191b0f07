package paysim

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestClientsMayAddASlashAndAcceptOtherThings(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for _, accept := range []string{
		"application/json, text/plain, */*", "*/*;q=0.8", "text/html, application/json",
		"",
	} {
		made := b.do("POST", "/v1/payments/", createBody(nil), "Accept", accept)
		require.Equal(t, 201, made.status, made.text)
		id := made.at("payment_id").(string)
		require.Equal(t, id, b.do("GET", "/v1/payments/"+id+"/?a=/", "", "Accept", accept).at("payment_id"))
		require.Equal(t, 204, b.do("POST", "/v1/payments/"+id+"/cancel/", "").status)
	}
	require.Equal(t, 200, b.do("GET", "/v1/refunds/", "").status)
	b.refuses(b.do("GET", "/v1/payments", "", "Accept", "text/html, image/png"), 400, "P0920")
}

func TestHealthcheckNeedsNoKey(t *testing.T) {
	t.Parallel()
	a := newBench(t, Options{}).do("GET", "/healthcheck", "", "Authorization", "")
	require.Equal(t, []any{200, true}, []any{a.status, a.at("ping", "healthy")})
}

func TestCallsThatAreLeftOutSaySo(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for _, c := range [][2]string{
		{"POST", "/v1/agreements"},
		{"GET", "/v1/agreements/"},
		{"POST", "/v1/agreements/a/cancel"},
		{"GET", "/v1/disputes"},
		{"POST", "/v1/auth"},
		{"POST", "/v1/payment_notification"},
	} {
		a := b.do(c[0], c[1], "{}", "Authorization", "")
		b.refuses(a, 501, "NOT_SIMULATED")
		require.Contains(t, a.at("description"), "docs/how-to/simulator.md")
	}
}

func TestUnknownCallsAreAnsweredInJSON(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for _, c := range []struct {
		method, path string
		status       int
		text         string
	}{
		{"GET", "/v1/nothing", 404, "HTTP 404 Not Found"},
		{"POST", "/v1/payments/a/b/c", 404, "HTTP 404 Not Found"},
		{"GET", "/v1/payments/a/cancel", 405, "HTTP 405 Method Not Allowed"},
		{"DELETE", "/v1/payments", 405, "HTTP 405 Method Not Allowed"},
	} {
		a := b.do(c.method, c.path, "{}")
		require.Equal(t, c.status, a.status, c.path)
		require.Equal(t, map[string]any{"code": float64(c.status), "message": c.text}, a.json)
	}
	require.Equal(t, 401, b.do("GET", "/v1/nothing", "", "Authorization", "").status)
}
