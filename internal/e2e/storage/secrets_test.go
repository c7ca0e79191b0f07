package storage

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/config"
	"paygate/gateway/signature"
	"paygate/internal/app"
	"paygate/internal/testserver"
	"paygate/journey"
)

func TestSecretRotationKeepsOpenJourneys(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	before := h.Keys(t)
	h.Restart("PAYGATE_SECRETS=" + testserver.Secret32(7) + "," + testserver.Secret32(1))
	require.Equal(t, before, h.Keys(t), "the signing keys stay")
	h.EndPayment("success")
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	for _, check := range h.Verify(t, h.Service.Requests(http.MethodPost)[0]) {
		require.True(t, check.Good, check.Detail)
	}
	h.Restart("PAYGATE_SECRETS=" + testserver.Secret32(7))
	require.Equal(t, before, h.Keys(t), "they were encrypted again with the new secret")
}

func TestRemovingNeededSecretStopsStart(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	h.Citizen().Apply("Ann")
	h.Close()
	settings, err := config.Load(append(h.Environ(h.Store), "PAYGATE_SECRETS="+testserver.Secret32(7)))
	require.NoError(t, err)
	_, err = app.Assemble(t.Context(), settings, h.Logger(), h.Now)
	require.ErrorContains(t, err, "1 open journeys sealed under a secret that PAYGATE_SECRETS no longer lists")
	listener := h.ListenAgain()
	h.Open(listener) // so that it can be closed
}

func TestTwoSecretRotationsKeepOpenJourneys(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.Restart("PAYGATE_SECRETS=" + testserver.Secret32(7) + "," + testserver.Secret32(1))
	require.Len(t, c.Journeys(), 1, "a ticket with the old secret is still valid")
	c.Apply("Ben") // a new ticket uses the first secret
	h.Restart("PAYGATE_SECRETS=" + testserver.Secret32(9) + "," + testserver.Secret32(7) + "," + testserver.Secret32(1))
	require.Len(t, c.Journeys(), 2)
	for _, payment := range h.Payments() {
		require.NoError(t, h.Pay.Pay(payment.ID, "success"))
	}
	c.ReturnFromPay()
	c.ReturnFromPay()
	posts := h.Service.Requests(http.MethodPost)
	require.Len(t, posts, 2)
	h.RequireVerified(t, true, posts...)
	for _, j := range c.Journeys() {
		require.Equal(t, string(journey.StateReleased), j.State)
	}
	stranger := h.Citizen()
	h.Restart("PAYGATE_SECRETS=" + testserver.Secret32(9))
	require.Empty(t, stranger.Journeys())
	require.Empty(t, c.Journeys(), "a ticket with a removed secret is ignored")
	c.Apply("Cat")
	require.Len(t, c.Journeys(), 1)
}

// keyFile writes a new signing key.
func keyFile(t *testing.T, alg string) string {
	t.Helper()
	key, err := signature.Generate(alg, time.Now())
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key.Private)
	require.NoError(t, err)
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	file := filepath.Join(t.TempDir(), "signing.pem")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	return file
}

// signedBy returns the algorithm and the id of the key that signed a release.
func signedBy(t *testing.T, r testserver.Received) (alg, kid string) {
	t.Helper()
	first, _, _ := strings.Cut(r.Header.Get("Paygate-Assertion"), ".")
	text, err := base64.RawURLEncoding.DecodeString(first)
	require.NoError(t, err)
	var header struct{ Alg, Kid string }
	require.NoError(t, json.Unmarshal(text, &header))
	return header.Alg, header.Kid
}

// TestSigningKeyRotationKeepsOpenJourneys follows docs/reference/headers.md. At each step a citizen is paying, and a
// verifier knows only the keys of the step before.
func TestSigningKeyRotationKeepsOpenJourneys(t *testing.T) {
	t.Parallel()
	older, newer := keyFile(t, signature.RS256), keyFile(t, signature.ES256)
	h := testserver.New(t, testserver.Confirm, "PAYGATE_SIGNING_KEYS="+older)
	var releases []testserver.Received
	published := h.Keys(t)
	step := func(keys string) {
		c := h.Citizen()
		c.Apply("Ann")
		h.Restart("PAYGATE_SIGNING_KEYS=" + keys)
		h.EndPayment("success")
		require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
		posts := h.Service.Requests(http.MethodPost)
		releases = append(releases, posts[len(posts)-1])
		_, kid := signedBy(t, posts[len(posts)-1])
		require.NotEmpty(t, published.Key(kid), "only keys published before sign")
		published = h.Keys(t)
		require.Len(t, published.Keys, strings.Count(keys, ",")+1)
	}
	step(older)
	step(older + "," + newer)
	step(newer + "," + older)
	h.RequireVerified(t, true, releases...)
	step(newer)
	for i, alg := range []string{"RS256", "RS256", "ES256", "ES256"} {
		signed, _ := signedBy(t, releases[i])
		require.Equal(t, alg, signed)
	}
	h.RequireVerified(t, true, releases[2:]...)
	h.RequireVerified(t, false, releases[:2]...)
}

// TestGeneratedSigningKeyIsReplacedWithOverlap proves that without PAYGATE_SIGNING_KEYS the next key is published
// before it signs, and that the old one stays published through restarts and with other secrets.
func TestGeneratedSigningKeyIsReplacedWithOverlap(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	release := func() testserver.Received {
		c := h.Citizen()
		c.Apply("Ann")
		h.EndPayment("success")
		c.ReturnFromPay()
		posts := h.Service.Requests(http.MethodPost)
		return posts[len(posts)-1]
	}
	before := release()
	var published []string
	for range 2 {
		h.Restart("PAYGATE_SIGNING_ALG=ES256", "PAYGATE_SECRETS="+testserver.Secret32(7)+","+testserver.Secret32(1))
		after := release()
		alg, _ := signedBy(t, after)
		require.Equal(t, "RS256", alg, "verifiers need time to learn of the next key")
		h.RequireVerified(t, true, before, after)
		published = nil
		for _, key := range h.Keys(t).Keys {
			published = append(published, key.Algorithm)
		}
		require.ElementsMatch(t, []string{"RS256", "ES256"}, published)
	}
}
