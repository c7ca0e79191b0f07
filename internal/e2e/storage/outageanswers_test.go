package storage

import (
	"net/http"
	"strings"
	"sync"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
	"paygate/journey/pay"
)

// requireOutageAnswers requires the right answer of every kind of address while the database is away. It asks them at
// the same time, since each answer may take as long as Paygate waits for the database.
func (r *replica) requireOutageAnswers(paid *testserver.Citizen, paymentID string, webhook int) {
	r.T.Helper()
	stranger := r.Citizen()
	message := `{"webhook_message_id":"m-` + paymentID + `","resource_id":"` + paymentID +
		`","event_type":"card_payment_succeeded"}`
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	requests := []struct {
		who                  *testserver.Citizen
		method, target, body string
		header               []string
		status               int
		says                 string
	}{
		{stranger, http.MethodGet, "/page", "", nil, 200, "the service's own page"},
		{paid, http.MethodGet, "/page?a=1;b=2", "", nil, 200, "the service's own page"},
		{stranger, http.MethodGet, "/_pay/keys", "", nil, 200, `"kty"`},
		{
			stranger, http.MethodPost, "/licences/apply", "name=Dan", form, 503,
			"No money has been taken, and nothing has been sent.",
		},
		{
			stranger, http.MethodPost, "/licences/apply", "name=Eve", append(form, "Accept", "application/json"), 503,
			`"status":503`,
		},
		{paid, http.MethodPost, "/fines/pay", "case=1", form, 503, "nothing is lost"},
		{stranger, http.MethodGet, "/register/2026", "", nil, 503, "No money has been taken"},
		{
			paid, http.MethodGet, "/_pay/return", "", nil, 503,
			"If you have already paid, your payment is recorded and nothing is lost.",
		},
		{paid, http.MethodGet, "/_pay/status", "", nil, 503, "nothing is lost"},
		{
			stranger, http.MethodPost, "/_pay/webhook", message,
			[]string{"Pay-Signature", pay.Sign(testserver.WebhookSecret, []byte(message))},
			webhook, "",
		},
		{stranger, http.MethodGet, r.Staff.URL + "/healthz", "", nil, 200, "alive"},
		{stranger, http.MethodGet, r.Staff.URL + "/readyz", "", nil, 503, "PostgreSQL"},
		{stranger, http.MethodGet, r.Staff.URL + "/metrics", "", nil, 200, "paygate_requests_total"},
		{
			stranger, http.MethodGet, r.Staff.URL + "/journeys", "",
			[]string{"Authorization", "Bearer " + testserver.AnnsToken},
			503, "The store cannot be used at the moment",
		},
	}
	answers, errs := make([]testserver.Page, len(requests)), make([]error, len(requests))
	var all sync.WaitGroup
	for i, q := range requests {
		all.Go(func() { answers[i], errs[i] = q.who.Try(q.method, q.target, strings.NewReader(q.body), q.header...) })
	}
	all.Wait()
	for i, q := range requests {
		require.NoError(r.T, errs[i], q.target)
		require.Equal(r.T, q.status, answers[i].Status, "%s %s: %s", q.method, q.target, answers[i].Text)
		require.Contains(r.T, answers[i].Text, q.says, q.target)
	}
	require.Equal(r.T, "application/problem+json", answers[4].Header.Get("Content-Type"))
}
