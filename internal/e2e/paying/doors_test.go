package paying

import (
	"fmt"
	"net/http"
	"net/url"
	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/pay"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestConcurrentReturnWebhookSweepAndStaffDeliverOnce: four doors, and one delivery.
func TestConcurrentReturnWebhookSweepAndStaffDeliverOnce(t *testing.T) {
	t.Parallel()
	testserver.OnEachStore(t, func(t *testing.T, kind testserver.StoreKind) {
		all := testserver.StartReplicas(t, kind, testserver.Build(t, testserver.UnlimitedPay, testserver.Confirm),
			"PAYGATE_PAY_WEBHOOK_SECRETS="+testserver.WebhookSecret, "PAYGATE_MOPUP_MIN_AGE=0s")
		a, z := all[0], all[len(all)-1]
		for n := range 100 {
			c := a.Citizen()
			p := c.Post([]string{"/licences/apply", "/fines/pay"}[n%2], url.Values{"name": {strconv.Itoa(n)}})
			require.Equal(t, http.StatusSeeOther, p.Status, p.Text)
			id := c.Journeys()[0].ID
			a.EndPayment("success")
			payment := a.Payments()[n].ID
			message := fmt.Sprintf(`{"webhook_message_id":"message%d","resource_id":"%s","event_type":"card_payment_succeeded"}`, n, payment)

			start := make(chan struct{})
			var doors sync.WaitGroup
			through := func(door func()) {
				doors.Go(func() {
					<-start
					door()
				})
			}
			through(func() { c.ReturnFromPay() })
			through(func() { (&testserver.Citizen{H: z, Client: c.Client}).ReturnFromPay() })
			through(func() {
				z.Citizen().Do(http.MethodPost, "/_pay/webhook", strings.NewReader(message),
					"Content-Type", "application/json", "Pay-Signature",
					pay.Sign(testserver.WebhookSecret, []byte(message)))
			})
			through(func() { z.Ann().Do(http.MethodPost, "/mopup", nil) })
			through(func() { a.Ann().Do(http.MethodPost, "/journeys/"+id+"/release", testserver.WithReason()) })
			close(start)
			doors.Wait()
			c.WaitForState(journey.StateReleased)
			require.Len(t, a.Service.Requests(http.MethodPost), n+1)
			require.Equal(t, "success", a.Payments()[n].Status)
		}
	})
}
