package paying

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/pay"
)

const finesKey = "api_test_finesfinesfinesfines"

// twoAccounts is a simulated Pay with a further account.
var twoAccounts = paysim.Options{
	PostLimit: -1, Accounts: []paysim.Account{{Name: "fines", Keys: []string{finesKey}}},
}

// finesSettings are the settings with which fines are paid into the further account.
var finesSettings = []string{
	"PAYGATE_PAY_ACCOUNTS=fines", "PAYGATE_PAY_FINES_API_KEY=" + finesKey, "PAYGATE_PAY_FINES_RATE=1000",
	"PAYGATE_ROUTE_IMMEDIATE_ACCOUNT=fines",
	"PAYGATE_PAY_WEBHOOK_SECRETS=" + testserver.WebhookSecret, "PAYGATE_PAY_FINES_WEBHOOK_SECRETS=secret of fines",
}

// newWithAccounts starts a harness with two accounts.
func newWithAccounts(t *testing.T) *testserver.Harness {
	t.Helper()
	return testserver.NewWithPay(t, twoAccounts, testserver.Confirm, finesSettings...)
}

func TestEachRoutePaysIntoItsAccount(t *testing.T) {
	t.Parallel()
	h := newWithAccounts(t)
	ann, ben := h.Citizen(), h.Citizen()
	require.Equal(t, http.StatusSeeOther, ann.Apply("Ann").Status)
	h.EndPayment("success")
	require.Equal(t, http.StatusSeeOther, ben.Post("/fines/pay", url.Values{}).Status)
	h.EndPayment("success")
	all := h.Payments()
	require.Equal(t, []string{"", "fines"}, []string{all[0].Account, all[1].Account})
	for _, c := range []*testserver.Citizen{ann, ben} {
		c.ReturnFromPay()
		require.Equal(t, journey.StateReleased, c.State())
	}
	require.Len(t, h.Service.Requests(http.MethodPost), 2)
	require.Equal(t, "1", h.Metric(t, `paygate_pay_requests_total{account="fines",call="create",code="201"}`))
	require.Equal(t, "1", h.Metric(t, `paygate_pay_requests_total{account="default",call="create",code="201"}`))
	require.Equal(t, "1", h.Metric(t, `paygate_pay_requests_total{account="default",call="capture",code="204"}`))
	id := ben.Journeys()[0].ID
	require.Equal(t, "fines", h.Ann().Journey(id).Account)
	require.Regexp(t, `Account at GOV.UK Pay</dt><dd[^>]*>fines<`,
		h.Ann().Do(http.MethodGet, "/journeys/"+id, nil, "Accept", testserver.AcceptHTML).Text)
	_, status, text := h.Ann().Order(id, "refund", testserver.WithReason("amount_pence", 500))
	require.Equal(t, http.StatusOK, status, text)
	require.EqualValues(t, 500, h.Payments()[1].Refunded)
}

// While Pay refuses the key of one account, the payments of the other go on.
func TestRevokedKeyOfOneAccountLeavesTheOtherAlone(t *testing.T) {
	t.Parallel()
	h := testserver.NewWithPay(t, twoAccounts, testserver.Confirm, append(finesSettings, "PAYGATE_MOPUP_MIN_AGE=0s")...)
	paid := h.Citizen()
	require.Equal(t, http.StatusSeeOther, paid.Post("/fines/pay", url.Values{"n": {"1"}}).Status)
	h.EndPayment("success")
	h.Pay.AddFault(paysim.Fault{Kind: "401", Account: "fines"})

	for range 5 { // of which the later ones are not even sent
		page := h.Citizen().Post("/fines/pay", url.Values{"n": {"2"}})
		require.Equal(t, http.StatusServiceUnavailable, page.Status)
		require.Contains(t, page.Text, "Sorry, payments are not working at the moment")
		require.Contains(t, page.Text, "No money has been taken, and nothing has been sent.")
		require.NotContains(t, page.Text, "minute")
		require.Empty(t, page.Header.Get("Retry-After"))
		ann := h.Citizen()
		require.Equal(t, http.StatusSeeOther, ann.Apply("Ann").Status)
		h.EndPayment("success")
		ann.ReturnFromPay()
		require.Equal(t, journey.StateReleased, ann.State())
	}
	require.NotEmpty(t, h.Metric(t, `paygate_pay_requests_total{account="fines",call="create",code="401"}`))
	require.Equal(t, "0", h.Metric(t, `paygate_pay_requests_total{account="default",call="create",code="401"}`))
	require.Contains(t, h.Log.String(), `"level":"ERROR","msg":"answered"`)
	require.Contains(t, paid.ReturnFromPay().Text, "checking your payment", "not that nothing was paid")

	ben := h.Citizen()
	require.Equal(t, http.StatusSeeOther, ben.Apply("Ben").Status)
	h.EndPayment("success")
	require.Contains(t, h.Sweep(), `"released":1`, "the sweep goes on past the other account")
	require.Equal(t, journey.StateReleased, ben.State())

	h.Pay.ClearFaults()
	require.Eventually(t, func() bool {
		paid.ReturnFromPay()
		return paid.State() == journey.StateReleased
	}, testserver.LongTimeout, 10*time.Millisecond)
	require.Len(t, h.Service.Requests(http.MethodPost), 7)
}

// Only an operator can help with these answers.
func TestPageSaysThatPaymentsDoNotWork(t *testing.T) {
	t.Parallel()
	for _, fault := range []paysim.Fault{
		{Kind: "401"},
		{Kind: "403", Code: "P0930"},
		{Kind: "403", Code: "P0940"},
		{Kind: "403", Code: "P0941"},
		{Kind: "422", Code: "P0102"},
		{Kind: "500", Code: "P0199"},
		{Kind: "503", Code: "P0999"},
	} {
		t.Run(fault.Kind+fault.Code, func(t *testing.T) {
			t.Parallel()
			h := testserver.New(t, testserver.Confirm)
			fault.Call = "create"
			h.Pay.AddFault(fault)
			c := h.Citizen()
			page := c.Post("/licences/apply", url.Values{"name": {"Ann"}})
			require.Equal(t, http.StatusServiceUnavailable, page.Status)
			require.Contains(t, page.Text, "Sorry, payments are not working at the moment")
			require.Empty(t, page.Header.Get("Retry-After"))
			code := cmp.Or(fault.Code, fault.Kind)
			require.Equal(t, "1",
				h.Metric(t, `paygate_pay_requests_total{account="default",call="create",code="`+code+`"}`))
			h.Pay.ClearFaults()
			id := c.Journeys()[0].ID
			require.Equal(t, http.StatusSeeOther, c.Post("/_pay/again", url.Values{"journey": {id}}).Status)
		})
	}
}

// An orphan is looked for in the account in which it was asked for, and nowhere else.
func TestOrphanIsFoundInItsAccount(t *testing.T) {
	t.Parallel()
	h := testserver.NewWithPay(t, twoAccounts, testserver.Confirm,
		append(finesSettings, "PAYGATE_MOPUP_MIN_AGE=0s", "PAYGATE_ROUTE_IMMEDIATE_REFERENCE=FINE-1")...)
	h.Pay.AddFault(paysim.Fault{Call: "create", Kind: "lost", Times: 1, Account: "fines"})
	c := h.Citizen()
	require.Equal(t, http.StatusBadGateway, c.Post("/fines/pay", url.Values{}).Status)
	require.Equal(t, journey.StateHeld, c.State())
	h.EndPayment("success")
	require.Equal(t, "fines", h.Payments()[0].Account)
	c.SweepUntil(journey.StateReleased)
	for _, r := range h.Pay.Requests() {
		require.Equal(t, "fines", r.Account, r.Call)
	}
}

// The second look at a journey that has ended needs its account, but no longer matters enough to keep it.
func TestEndedJourneyOutlivesItsAccount(t *testing.T) {
	t.Parallel()
	h := testserver.Build(t, twoAccounts, testserver.Confirm)
	h.Now = h.Pay.Now
	h.Start(finesSettings...)
	c := h.Citizen()
	require.Equal(t, http.StatusSeeOther, c.Post("/fines/pay", url.Values{}).Status)
	h.EndPayment("success")
	c.ReturnFromPay()
	require.Equal(t, journey.StateReleased, c.State())
	id := c.Journeys()[0].ID
	h.Restart()
	h.Pay.Advance(30 * time.Hour)
	require.Contains(t, h.Sweep(), `"failed":0`)
	_, status, _ := h.Ann().Order(id, "check", nil)
	require.Equal(t, http.StatusBadGateway, status, "staff hear that Pay could not be asked")
}

func TestWebhookCountsOnlyForItsOwnAccount(t *testing.T) {
	t.Parallel()
	h := newWithAccounts(t)
	c := h.Citizen()
	require.Equal(t, http.StatusSeeOther, c.Post("/fines/pay", url.Values{}).Status)
	h.EndPayment("success")
	send := func(secret string) {
		body := `{"webhook_message_id":"of ` + secret + `","resource_id":"` + h.Payments()[0].ID + `"}`
		r := httptest.NewRequest(http.MethodPost, h.URL+"/_pay/webhook", strings.NewReader(body))
		r.Header.Set("Pay-Signature", pay.Sign(secret, []byte(body)))
		w := httptest.NewRecorder()
		h.App.Public.ServeHTTP(w, r)
		require.Equal(t, http.StatusOK, w.Code)
	}
	asked := len(h.Pay.Requests())
	send(testserver.WebhookSecret)
	require.Equal(t, "1", h.Metric(t, `paygate_webhooks_total{result="unknown"}`))
	whole := h.Ann().Journey(c.Journeys()[0].ID)
	require.Equal(t, journey.StatePaying, whole.State)
	require.Len(t, whole.History, 2, "nothing was stored")
	require.Len(t, h.Pay.Requests(), asked, "Pay was not asked")
	send("secret of fines")
	c.WaitForState(journey.StateReleased)
}
