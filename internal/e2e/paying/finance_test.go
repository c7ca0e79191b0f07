package paying

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/internal/testserver"
)

// TestFinanceFilesAgreeWithPay lets people pay and staff give back for three weeks in which summer time ends. Then the
// sums of the finance files must be those of Pay's own lists, for each account and each day. Each run logs its seed.
func TestFinanceFilesAgreeWithPay(t *testing.T) {
	testserver.SkipInShort(t)
	t.Parallel()
	for _, seed := range []uint64{1, uint64(time.Now().UnixNano())} {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			y := newYear(t, seed)
			for range 150 {
				y.step()
			}
			y.rest()
			y.compare()
		})
	}
}

// The accounts at Pay, and their keys.
var payKeys = map[string]string{
	"": testserver.PayKey, "parking": "api_test_parkingparkingpark",
}

// year is a piece of a financial year.
type year struct {
	t      *testing.T
	h      *testserver.Harness
	random *rand.Rand
	began  time.Time
	london *time.Location
	again  []*testserver.Citizen // whose payment was declined
}

func newYear(t *testing.T, seed uint64) *year {
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	began := time.Date(2026, 10, 19, 20, 0, 0, 0, time.UTC)
	offset := time.Until(began)
	y := &year{t: t, random: rand.New(rand.NewPCG(seed, 9)), began: began, london: london}
	y.h = testserver.Build(t, paysim.Options{
		PostLimit: -1, Keys: []string{payKeys[""]}, Provider: "stripe", Surcharge: 150, RefundDelay: 5 * time.Hour,
		RefundTakes: 20 * time.Hour,
		Accounts:    []paysim.Account{{Name: "parking", Keys: []string{payKeys["parking"]}}},
		Now:         func() time.Time { return time.Now().Add(offset).UTC() },
	}, y.answer)
	y.h.Now = y.h.Pay.Now
	y.h.Start(
		"PAYGATE_PAY_ACCOUNTS=parking", "PAYGATE_PAY_PARKING_API_KEY="+payKeys["parking"],
		"PAYGATE_PAY_PARKING_RATE=1000",
		"PAYGATE_ROUTE_IMMEDIATE_ACCOUNT=parking", "PAYGATE_PAY_WEBHOOK_SECRETS="+testserver.WebhookSecret,
		"PAYGATE_PAY_PARKING_WEBHOOK_SECRETS="+testserver.WebhookSecret+"_parking",
		"PAYGATE_ROUTE_LICENCE_METADATA=ledger=4711,office={form:name}",
	)
	secrets := map[string]string{"": testserver.WebhookSecret, "parking": testserver.WebhookSecret + "_parking"}
	for account := range payKeys {
		require.NoError(t, y.h.Pay.SetAccountWebhook(account, y.h.URL+"/_pay/webhook", secrets[account]))
	}
	return y
}

// answer is a service that refuses one form in six.
func (y *year) answer(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost && strings.HasSuffix(r.FormValue("name"), "6") {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	testserver.Confirm(w, r)
}

// step lets some time pass, and then one thing happen.
func (y *year) step() {
	y.h.Pay.Advance(time.Duration(1+y.random.IntN(6*60)) * time.Minute)
	switch y.random.IntN(10) {
	case 0, 1, 2, 3:
		y.newPayment()
	case 4:
		y.payAgain()
	case 5:
		y.refundByStaff()
	case 6:
		y.refundInPaysTool()
	case 7:
		y.correct()
	case 8:
		y.payLate()
	default:
		y.h.Sweep()
	}
}

// rest lets time pass until Paygate has read every payment for the last time.
func (y *year) rest() {
	for range 12 {
		y.h.Pay.Advance(24*time.Hour + time.Minute)
		y.h.Sweep()
	}
}

func (y *year) pick(of ...string) string { return of[y.random.IntN(len(of))] }

func (y *year) newPayment() {
	c := y.h.Citizen()
	name := y.pick("Ann 1", "Ben 2", "Cat 3", "Dan 4", "Eve 5", "Fay 6")
	target := y.pick("/licences/apply", "/licences/priced", "/fines/pay")
	p := c.Post(target, url.Values{"name": {name}, "licence": {"8-day"}})
	require.Equal(y.t, http.StatusSeeOther, p.Status, p.Text)
	y.pay(c)
}

// pay pays with some card, or gives up.
func (y *year) pay(c *testserver.Citizen) {
	all := y.h.Payments()
	newest := all[len(all)-1].ID
	switch card := y.pick("4444333322221111", "4111111111111111", "4988080000000000", "4000000000000002", ""); card {
	case "":
		return
	case "4000000000000002":
		y.again = append(y.again, c)
		fallthrough
	default:
		require.NoError(y.t, y.h.Pay.PayWithCard(newest, card))
	}
	if y.random.IntN(4) > 0 {
		c.ReturnFromPay()
	}
}

func (y *year) payAgain() {
	if len(y.again) == 0 {
		return
	}
	c := y.again[len(y.again)-1]
	y.again = y.again[:len(y.again)-1]
	p := c.Post("/_pay/again", url.Values{"journey": {c.Journeys()[0].ID}})
	if strings.Contains(p.Location(), "/secure/") {
		y.pay(c)
	}
}

// some returns one of the payments with a status that are younger than some days.
func (y *year) some(status string, days int) (p paysim.PaymentView, found bool) {
	var all []paysim.PaymentView
	for _, p := range y.h.Payments() {
		if p.Status == status && y.h.Now().Before(p.Created.AddDate(0, 0, days)) {
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		return p, false
	}
	return all[y.random.IntN(len(all))], true
}

func (y *year) refundByStaff() {
	p, found := y.some("success", 4)
	if !found {
		return
	}
	if y.random.IntN(4) == 0 {
		require.NoError(y.t, y.h.Pay.SetRefundOutcome(p.ID, y.pick("error", "delayed", "submitted-then-error", "")))
	}
	var list struct{ Journeys []struct{ ID string } }
	found = json.Unmarshal([]byte(y.h.Ann().Do(http.MethodGet, "/journeys?payment="+p.ID, nil).Text), &list) == nil
	require.True(y.t, found)
	require.Len(y.t, list.Journeys, 1)
	pence := 1 + y.random.Int64N(p.Total)
	y.h.Ann().Order(list.Journeys[0].ID, "refund", testserver.WithReason("amount_pence", pence))
}

func (y *year) refundInPaysTool() {
	if p, found := y.some("success", 4); found && p.Total > p.Refunded && p.Captured {
		_, err := y.h.Pay.Refund(p.ID, 1+y.random.Int64N(p.Total-p.Refunded))
		require.NoError(y.t, err)
	}
}

// correct turns success into error, as a capture does that fails for too long.
func (y *year) correct() {
	if p, found := y.some("success", 4); found && p.Refunded == 0 && y.random.IntN(3) == 0 {
		require.NoError(y.t, y.h.Pay.Correct(p.ID, "error", ""))
	}
}

// payLate turns a declined payment into a success, of which there may be two for one form then. It is soon enough for
// Paygate to read on which day it was settled.
func (y *year) payLate() {
	if p, found := y.some("failed", 2); found {
		require.NoError(y.t, y.h.Pay.Correct(p.ID, "success", ""))
	}
}
