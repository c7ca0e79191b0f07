package disaster

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey/pay"
)

// sendWebhook repeats webhooks of Pay, or forges one.
func (w *simulation) sendWebhook() {
	all := w.pay.Payments()
	if w.random.IntN(2) == 0 || len(all) == 0 {
		w.logf("Pay sends its webhooks again")
		w.pay.ResendWebhooks(context.Background())
		return
	}
	payment, secret := pick(w.random, all...), pick(w.random, testserver.WebhookSecret, "forged")
	body := fmt.Sprintf(`{"webhook_message_id":"m%d","resource_id":"%s","event_type":"card_payment_succeeded"}`,
		w.random.Uint64(), payment.ID)
	w.logf("a false webhook about %s, signed with %s", payment.Reference, secret)
	w.anyReplica().Citizen().Do(http.MethodPost, "/_pay/webhook", strings.NewReader(body), "Content-Type",
		"application/json", "Pay-Signature", pay.Sign(secret, []byte(body)))
}

func (w *simulation) changeFaults() {
	if w.random.IntN(3) == 0 {
		w.logf("Pay has no more faults")
		w.pay.ClearFaults()
		return
	}
	fault := paysim.Fault{
		Call: pick(w.random, "", "create", "get", "get", "capture", "cancel", "refund", "search"),
		Kind: pick(w.random, "429", "500", "503", "reset", "lost", "lost", "html", "garbage", "empty",
			"hostile_next_url", "slow"),
		Times: 1 + w.random.IntN(4), Skip: w.random.IntN(2), Delay: 1200 * time.Millisecond,
	}
	if fault.Kind == "slow" {
		fault.Times = 1
	}
	w.logf("a fault at Pay: %+v", fault)
	w.pay.AddFault(fault)
}

// correctAtPay is Pay finding out that it could not collect a payment, or that it has collected one after all.
func (w *simulation) correctAtPay() {
	for _, p := range w.pay.Payments() {
		switch {
		case w.random.IntN(4) > 0 || w.isUncollected(p.ID, 0) || w.isOld(p):
		case p.Status == "success" && p.Refunded == 0:
			w.logf("Pay could not collect %s of %s", p.ID, p.Reference)
			w.mu.Lock()
			w.uncollected[p.ID] = w.clock.Now()
			w.mu.Unlock()
			require.NoError(w.t, w.pay.Correct(p.ID, "error", ""))
			return
		case p.Status == "failed" && p.Code == "P0010":
			w.logf("Pay collected %s of %s in the end", p.ID, p.Reference)
			w.collectedLate[p.ID] = true
			require.NoError(w.t, w.pay.Correct(p.ID, "success", ""))
			return
		}
	}
}

// isUncollected reports whether Pay could not collect a payment, and said so within this time; 0 means at any time.
func (w *simulation) isUncollected(payment string, within time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	at, found := w.uncollected[payment]
	return found && (within == 0 || w.clock.Now().Sub(at) <= within)
}
