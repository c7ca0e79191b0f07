package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/journey"
	"paygate/journey/pay"
)

// replicas opens the house, and beside it as many gateways as may share a store of the kind, in this process.
func replicas(t *testing.T, kind storeKind, first *house, over ...string) []*house {
	t.Helper()
	over = append(over, "PAYGATE_STORE="+kind.setting(t), "PAYGATE_PAY_RATE_TOTAL=1000", "PAYGATE_SIGNING_ALG=ES256")
	first.moveIn(over...)
	all := []*house{first}
	for len(all) < kind.processes {
		other := &house{t: t, service: all[0].service, pay: all[0].pay, payURL: all[0].payURL, log: all[0].log, now: all[0].now}
		other.moveIn(over...)
		all = append(all, other)
	}
	return all
}

// TestReturnWebhookSweepAndStaffAtTheSameInstant: four doors, and one delivery.
func TestReturnWebhookSweepAndStaffAtTheSameInstant(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, kind storeKind) {
		all := replicas(t, kind, build(t, usual, confirms), "PAYGATE_PAY_WEBHOOK_SECRETS="+webhookSecret, "PAYGATE_MOPUP_MIN_AGE=0s")
		a, z := all[0], all[len(all)-1]
		for n := range 100 {
			c := a.citizen()
			p := c.post([]string{"/licences/apply", "/fines/pay"}[n%2], url.Values{"name": {itoa(n)}})
			require.Equal(t, http.StatusSeeOther, p.status, p.text)
			id := c.status()[0].ID
			a.pays("success")
			payment := a.payments()[n].ID
			message := fmt.Sprintf(`{"webhook_message_id":"message%d","resource_id":"%s","event_type":"card_payment_succeeded"}`, n, payment)

			start := make(chan struct{})
			var doors sync.WaitGroup
			through := func(door func()) {
				doors.Go(func() {
					<-start
					door()
				})
			}
			through(func() { c.comesBack() })
			through(func() { (&citizen{z, c.client}).comesBack() })
			through(func() {
				z.citizen().do(http.MethodPost, "/_pay/webhook", strings.NewReader(message),
					"Content-Type", "application/json", "Pay-Signature", pay.Sign(webhookSecret, []byte(message)))
			})
			through(func() { z.ann().do(http.MethodPost, "/mopup", nil) })
			through(func() { a.ann().do(http.MethodPost, "/journeys/"+id+"/release", because()) })
			close(start)
			doors.Wait()
			c.becomes(journey.StateReleased)
			require.Len(t, a.service.got(http.MethodPost), n+1)
			require.Equal(t, "success", a.payments()[n].Status)
		}
	})
}
