package paying

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/pay"
)

func TestConcurrentReturnWebhookSweepAndStaffDeliverOnce(t *testing.T) {
	t.Parallel()
	testserver.OnEachStore(t, func(t *testing.T, kind testserver.StoreKind) {
		all := testserver.StartReplicas(t, kind, testserver.Build(t, testserver.UnlimitedPay, testserver.Confirm),
			"PAYGATE_PAY_WEBHOOK_SECRETS="+testserver.WebhookSecret, "PAYGATE_MOPUP_MIN_AGE=0s")
		first, last := all[0], all[len(all)-1]
		for n := range 100 {
			c := first.Citizen()
			p := c.Post([]string{"/licences/apply", "/fines/pay"}[n%2], url.Values{"name": {strconv.Itoa(n)}})
			require.Equal(t, http.StatusSeeOther, p.Status, p.Text)
			id := c.Journeys()[0].ID
			first.EndPayment("success")
			payment := first.Payments()[n].ID
			message := fmt.Sprintf(
				`{"webhook_message_id":"message%d","resource_id":"%s","event_type":"card_payment_succeeded"}`, n,
				payment)

			start := make(chan struct{})
			var callers sync.WaitGroup
			for _, call := range []func(){
				func() { c.ReturnFromPay() },
				func() { c.At(last).ReturnFromPay() },
				func() {
					last.Citizen().Do(http.MethodPost, "/_pay/webhook", strings.NewReader(message),
						"Content-Type", "application/json", "Pay-Signature",
						pay.Sign(testserver.WebhookSecret, []byte(message)))
				},
				func() { last.Ann().Do(http.MethodPost, "/mopup", nil) },
				func() { first.Ann().Do(http.MethodPost, "/journeys/"+id+"/release", testserver.WithReason()) },
			} {
				callers.Go(func() {
					<-start
					call()
				})
			}
			close(start)
			callers.Wait()
			c.WaitForState(journey.StateReleased)
			require.Len(t, first.Service.Requests(http.MethodPost), n+1)
			require.Equal(t, "success", first.Payments()[n].Status)
		}
	})
}
