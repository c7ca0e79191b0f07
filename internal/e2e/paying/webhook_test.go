package paying

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/pay"
)

func TestWebhookTriggersDelivery(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_PAY_WEBHOOK_SECRETS=old,"+testserver.WebhookSecret)
	h.Pay.SetWebhook(h.URL+"/_pay/webhook", testserver.WebhookSecret)
	c := h.Citizen()
	require.Equal(t, http.StatusSeeOther, c.Post("/fines/pay", url.Values{}).Status)
	h.EndPayment("success")
	c.WaitForState(journey.StateReleased)
	require.Equal(t, "webhook", h.Service.Requests(http.MethodPost)[0].Header.Get("Paygate-Via"))
	h.Pay.ResendWebhooks(t.Context())
	require.Len(t, h.Service.Requests(http.MethodPost), 1, "duplicates are harmless")
}

func TestWebhookSignatureIsChecked(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_PAY_WEBHOOK_SECRETS="+testserver.WebhookSecret)
	c := h.Citizen()
	send := func(body, signature string) testserver.Page {
		return c.Do(http.MethodPost, "/_pay/webhook", strings.NewReader(body), "Content-Type", "application/json",
			"Pay-Signature", signature)
	}
	const genuine = `{"webhook_message_id":"m1","resource_id":"nobodyknowsit","event_type":"card_payment_succeeded"}`
	require.Equal(t, http.StatusOK, send(genuine, pay.Sign(testserver.WebhookSecret, []byte(genuine))).Status,
		"the payment of another service")
	require.Equal(t, http.StatusOK, send(genuine, pay.Sign(testserver.WebhookSecret, []byte(genuine))).Status,
		"repeated")
	require.Equal(t, http.StatusUnauthorized, send(genuine, pay.Sign("forged", []byte(genuine))).Status)
	require.Equal(t, http.StatusUnauthorized,
		send(genuine+" ", pay.Sign(testserver.WebhookSecret, []byte(genuine))).Status)
	require.Equal(t, http.StatusBadRequest, send(genuine, "").Status)
	require.Equal(t, http.StatusOK, send("nonsense", pay.Sign(testserver.WebhookSecret, []byte("nonsense"))).Status,
		"the signature is genuine")
	huge := strings.Repeat("x", 300<<10)
	require.Equal(t, http.StatusRequestEntityTooLarge,
		send(huge, pay.Sign(testserver.WebhookSecret, []byte(huge))).Status)
	require.Equal(t, http.StatusMethodNotAllowed, c.Get("/_pay/webhook").Status)
	require.Empty(t, h.Service.Requests(http.MethodPost))
}

// TestManyWebhooksAtOnceAreAllTaken sends what Pay sends when many payments end at the same time, and again what it has
// sent before.
func TestManyWebhooksAtOnceAreAllTaken(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_PAY_WEBHOOK_SECRETS="+testserver.WebhookSecret)
	var citizens []*testserver.Citizen
	for range 10 {
		c := h.Citizen()
		c.Apply("Ann")
		h.EndPayment("success")
		citizens = append(citizens, c)
	}
	payments := h.Payments()
	var all sync.WaitGroup
	var taken atomic.Int64
	for n := range 700 {
		all.Go(func() {
			body := fmt.Sprintf(`{"webhook_message_id":"m%d","resource_id":%q}`, n/2, payments[n%len(payments)].ID)
			answer := h.Citizen().Do(http.MethodPost, "/_pay/webhook", strings.NewReader(body),
				"Pay-Signature", pay.Sign(testserver.WebhookSecret, []byte(body)))
			if answer.Status == http.StatusOK {
				taken.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 700, taken.Load())
	for _, c := range citizens {
		require.Eventually(t, func() bool { return c.State() == journey.StateReleased },
			testserver.LongTimeout, 5*time.Millisecond)
	}
	require.Len(t, h.Service.Requests(http.MethodPost), len(citizens), "each is delivered once")
}
