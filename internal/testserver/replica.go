package testserver

import (
	"encoding/json"
	"net/http"
	"net/url"
	"sync"

	"paygate/journey/export"
	"paygate/journey/pay"

	"github.com/stretchr/testify/require"
)

// Replica is one of them. Its house has no parts: they are in another process.
type Replica struct {
	*Harness
	Program *Program
}

func (r *Replica) Ready() int {
	p, _ := r.Citizen().Try(http.MethodGet, r.Staff.URL+"/readyz", nil)
	return p.Status
}

// AnswersTruly asks for everything at once while the database is away, since each answer may take as long as Paygate
// waits for the database.
func (r *Replica) AnswersTruly(paid *Citizen, paymentID string) {
	r.T.Helper()
	stranger := r.Citizen()
	message := `{"webhook_message_id":"m-` + paymentID + `","resource_id":"` + paymentID +
		`","event_type":"card_payment_succeeded"}`
	questions := []struct {
		who            *Citizen
		method, target string
		form           url.Values
		header         []string
		status         int
		says           string
	}{
		{stranger, http.MethodGet, "/page", nil, nil, 200, "the service's own page"},
		{paid, http.MethodGet, "/page?a=1;b=2", nil, nil, 200, "the service's own page"},
		{stranger, http.MethodGet, "/_pay/keys", nil, nil, 200, `"kty"`},
		{stranger, http.MethodPost, "/licences/apply", url.Values{"name": {"Dan"}}, nil, 503,
			"No money has been taken, and nothing has been sent to the service."},
		{stranger, http.MethodPost, "/licences/apply", url.Values{"name": {"Eve"}},
			[]string{"Accept", "application/json"}, 503, "application/problem+json"},
		{paid, http.MethodPost, "/fines/pay", url.Values{"case": {"1"}}, nil, 503, "nothing is lost"},
		{stranger, http.MethodGet, "/register/2026", nil, nil, 503, "No money has been taken"},
		{paid, http.MethodGet, "/_pay/return", nil, nil, 503,
			"If you have already paid, your payment is recorded and nothing is lost."},
		{paid, http.MethodGet, "/_pay/status", nil, nil, 503, "nothing is lost"},
		{stranger, http.MethodPost, "/_pay/webhook", nil,
			[]string{"Pay-Signature", pay.Sign(WebhookSecret, []byte(message))}, 503, ""},
		{stranger, http.MethodGet, r.Staff.URL + "/healthz", nil, nil, 200, "alive"},
		{stranger, http.MethodGet, r.Staff.URL + "/readyz", nil, nil, 503, "PostgreSQL"},
		{stranger, http.MethodGet, r.Staff.URL + "/metrics", nil, nil, 200, "paygate_requests_total"},
		{stranger, http.MethodGet, r.Staff.URL + "/journeys", nil, []string{"Authorization", "Bearer " + AnnsToken},
			503, "The store cannot be used just now"},
	}
	answers, errs := make([]Page, len(questions)), make([]error, len(questions))
	var all sync.WaitGroup
	for i, q := range questions {
		all.Go(func() {
			if q.target == "/_pay/webhook" {
				answers[i], errs[i] = q.who.sends(message, q.header...)
				return
			}
			answers[i], errs[i] = q.who.Try(q.method, q.target, q.form, q.header...)
		})
	}
	all.Wait()
	for i, q := range questions {
		require.NoError(r.T, errs[i], q.target)
		require.Equal(r.T, q.status, answers[i].Status, "%s %s: %s", q.method, q.target, answers[i].Text)
		if q.says == "application/problem+json" {
			require.Equal(r.T, q.says, answers[i].Header.Get("Content-Type"))
			continue
		}
		require.Contains(r.T, answers[i].Text, q.says, q.target)
	}
}

// Finds lists journeys at the staff door.
func (r *Replica) Finds(query string) []export.Record {
	r.T.Helper()
	var list struct{ Journeys []export.Record }
	p := r.Ann().Do(http.MethodGet, "/journeys?limit=500&"+query, nil)
	require.Equal(r.T, http.StatusOK, p.Status, p.Text)
	require.NoError(r.T, json.Unmarshal([]byte(p.Text), &list))
	return list.Journeys
}
