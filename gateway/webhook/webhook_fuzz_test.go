package webhook

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/journey"
	"paygate/journey/pay"
)

// emptyStore is a store in which no payment is known.
type emptyStore struct{ journey.Store }

func (emptyStore) ByPayment(context.Context, string) (journey.ID, error) {
	return "", journey.ErrNotFound
}

// FuzzWebhook sends any message, signed and not.
func FuzzWebhook(f *testing.F) {
	genuine := `{"webhook_message_id":"m1","resource_id":"hu20sqlact5260q2nanm0q8u93",` +
		`"event_type":"card_payment_succeeded"}`
	f.Add([]byte(genuine), pay.Sign("secret", []byte(genuine)))
	f.Add([]byte(genuine), strings.ToUpper(pay.Sign("secret", []byte(genuine))))
	f.Add([]byte(`{"resource_id":7}`), "00")
	f.Add([]byte("[[[["), "")
	f.Add([]byte(nil), "zz")
	h := New(Options{
		Secrets: map[string][]string{"": {"secret"}, "parking": {"older"}},
		Runner:  &journey.Runner{Store: emptyStore{}},
		Log:     slog.New(slog.DiscardHandler),
	})
	send := func(body []byte, signature string) int {
		r := httptest.NewRequest(http.MethodPost, "/_pay/webhook", strings.NewReader(string(body)))
		r.Header["Pay-Signature"] = []string{signature}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	f.Fuzz(func(t *testing.T, body []byte, signature string) {
		if len(body) > maxBytes {
			require.Equal(t, http.StatusRequestEntityTooLarge, send(body, signature))
			return
		}
		isSignedBy := func(secret string) bool { return strings.EqualFold(signature, pay.Sign(secret, body)) }
		genuine := isSignedBy("secret") || isSignedBy("older")
		require.Equal(t, genuine, send(body, signature) == http.StatusOK, "%q", signature)
		require.Equal(t, http.StatusOK, send(body, pay.Sign("older", body)),
			"a genuine message is taken, whatever it says")
	})
}
