package storage

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"paygate/gateway/signature"
	"paygate/internal/testserver"
)

// TestReplicasWithDifferentSettings proves that open journeys keep their terms while settings change, one replica after
// another.
func TestReplicasWithDifferentSettings(t *testing.T) {
	t.Parallel()
	w := newCluster(t, testserver.Confirm)
	// the first step of a rotation: every replica knows the new secret
	before := w.start("PAYGATE_SECRETS=" + testserver.Secret32(1) + "," + testserver.Secret32(7))
	after := w.start("PAYGATE_SECRETS="+testserver.Secret32(7)+","+testserver.Secret32(1),
		"PAYGATE_ROUTE_LICENCE_PRICE=30", "PAYGATE_ROUTE_LICENCE_CAPTURE=immediate")

	old := before.Citizen()
	old.Apply("Ann")
	before.EndPayment("success")
	require.Contains(t, old.At(after.Harness).ReturnFromPay().Text, "the service's own page")
	require.Equal(t, "success", before.Payments()[0].Status, "captured by the replica with other terms")

	young := after.Citizen()
	young.Apply("Ben")
	before.EndPayment("success")
	require.Contains(t, young.At(before.Harness).ReturnFromPay().Text, "the service's own page")

	declined := before.Citizen()
	declined.Apply("Cara")
	before.EndPayment("declined")
	declined.At(after.Harness).ReturnFromPay()
	again := declined.At(after.Harness).Post("/_pay/again",
		url.Values{"journey": {declined.At(after.Harness).Journeys()[0].ID}})
	require.Equal(t, http.StatusSeeOther, again.Status)
	before.EndPayment("success")
	require.Contains(t, declined.At(before.Harness).ReturnFromPay().Text, "the service's own page")

	var amounts []int64
	var delayed []bool
	for _, p := range before.Payments() {
		amounts, delayed = append(amounts, p.Amount), append(delayed, p.DelayedCapture)
	}
	require.Equal(t, []int64{2500, 3000, 2500, 2500}, amounts)
	require.Equal(t, []bool{true, false, true, true}, delayed)
	var paid []string
	for _, r := range w.service.Requests(http.MethodPost) {
		paid = append(paid, r.Header.Get("Paygate-Amount"))
		w.requireVerified(before, r)
		w.requireVerified(after, r)
	}
	require.Equal(t, []string{"2500", "3000", "2500"}, paid)
}

func TestReplicasShareSigningKeys(t *testing.T) {
	t.Parallel()
	w := newCluster(t, testserver.Confirm)
	// They start at the same time on an empty database.
	both := []*testserver.Program{
		testserver.StartProgram(t, w.environ(), "serve"),
		testserver.StartProgram(t, w.environ(), "serve"),
	}
	first, second := w.serving(both[0]), w.serving(both[1])
	require.Len(t, first.Keys(t).Keys, 1)
	require.Equal(t, first.Keys(t), second.Keys(t))
	kid := first.Keys(t).Keys[0].KeyID

	third := w.start("PAYGATE_SIGNING_ALG=ES256")
	require.Len(t, third.Keys(t).Keys, 2)
	for _, r := range []*replica{first, second} {
		require.Eventually(t, func() bool { return len(r.Keys(t).Keys) == 2 }, testserver.LongTimeout,
			50*time.Millisecond,
			"it learns the other's key")
		require.Equal(t, third.Keys(t), r.Keys(t))
	}
	c := third.Citizen()
	c.Apply("Ann")
	third.EndPayment("success")
	c.ReturnFromPay()
	post := w.service.Requests(http.MethodPost)[0]
	require.Equal(t, kid, keyID(t, post), "the new key is published before it signs")
	w.requireVerified(first, post)
}

// requireVerified requires that the keys of a replica verify a request.
func (w *cluster) requireVerified(r *replica, got testserver.Received) {
	w.t.Helper()
	for _, check := range signature.VerifyRequest(got.Captured(), r.Keys(w.t), w.common.URL, time.Now()) {
		require.True(w.t, check.Good, check.Detail)
	}
}

// keyID returns the id of the key that signed a request.
func keyID(t *testing.T, got testserver.Received) string {
	t.Helper()
	token, err := jose.ParseSignedCompact(got.Header.Get("Paygate-Assertion"),
		[]jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	require.NoError(t, err)
	return token.Signatures[0].Header.KeyID
}
