package testserver

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"paygate/gateway/signature"
)

// Keys returns the keys that Paygate publishes.
func (h *Harness) Keys(t testing.TB) (set jose.JSONWebKeySet) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(h.Citizen().Get("/_pay/keys").Text), &set))
	return set
}

// Verify checks the signature of a request with the published keys.
func (h *Harness) Verify(t *testing.T, got Received) []signature.Check {
	t.Helper()
	return signature.VerifyRequest(got.Captured(), h.Keys(t), h.URL, time.Now())
}

// RequireVerified requires that the published keys verify each request, or none of them.
func (h *Harness) RequireVerified(t *testing.T, good bool, releases ...Received) {
	t.Helper()
	for _, r := range releases {
		bad := slices.ContainsFunc(h.Verify(t, r), func(c signature.Check) bool { return !c.Good })
		require.Equal(t, good, !bad)
	}
}

// Captured returns the request as it was on the wire.
func (got Received) Captured() []byte {
	var captured bytes.Buffer
	captured.WriteString(got.Method + " " + got.Target + " HTTP/1.1\r\nHost: " + got.Host + "\r\n")
	header := got.Header.Clone()
	header.Set("Content-Length", "")
	header.Del("Content-Length")
	_ = header.Write(&captured)
	captured.WriteString("Content-Length: " + strconv.Itoa(len(got.Body)) + "\r\n\r\n")
	captured.Write(got.Body)
	return captured.Bytes()
}
