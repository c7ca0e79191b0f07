package testserver

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
)

// UnlimitedPay is a simulated Pay without rate limits.
var UnlimitedPay = paysim.Options{PostLimit: -1}

// Payments returns the payments at Pay, oldest first.
func (h *Harness) Payments() []paysim.PaymentView { return h.Pay.Payments() }

// EndPayment ends the newest payment at Pay.
func (h *Harness) EndPayment(outcome string) {
	h.T.Helper()
	all := h.Payments()
	require.NotEmpty(h.T, all)
	require.NoError(h.T, h.Pay.Pay(all[len(all)-1].ID, outcome))
}

// DeliverEarly runs one round of early delivery.
func (h *Harness) DeliverEarly() {
	h.T.Helper()
	require.NoError(h.T, h.App.DeliverEarly(h.T.Context()))
}

// AdvanceMinutes advances the clock of Pay minute by minute, with a round of early delivery after each.
func (h *Harness) AdvanceMinutes(n int) {
	h.T.Helper()
	for range n {
		h.Pay.Advance(time.Minute)
		h.DeliverEarly()
	}
}

// Sweep runs a sweep through the staff listener, and returns its counts as JSON.
func (h *Harness) Sweep() string {
	h.T.Helper()
	p := h.Ann().Do(http.MethodPost, "/mopup", nil)
	require.Equal(h.T, http.StatusOK, p.Status, p.Text)
	return p.Text
}

// Metric returns the value of a metric, or "" if it does not exist.
func (h *Harness) Metric(t *testing.T, name string) string {
	t.Helper()
	for line := range strings.Lines(StaffClient{h, ""}.Do(http.MethodGet, "/metrics", nil).Text) {
		if value, found := strings.CutPrefix(line, name+" "); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// UnknownPayment makes and pays a payment, with delayed capture, that this Paygate does not know. It returns the id.
func (h *Harness) UnknownPayment(key, reference string) string {
	h.T.Helper()
	body := `{"amount":2500,"description":"Licence","reference":"` + reference + `","return_url":"` + h.URL +
		`/_pay/return","delayed_capture":true,"metadata":{"ledger":"4711"}}`
	request, err := http.NewRequest(http.MethodPost, h.PayURL+"/v1/payments", strings.NewReader(body))
	require.NoError(h.T, err)
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	require.NoError(h.T, err)
	require.NoError(h.T, answer.Body.Close())
	require.Equal(h.T, http.StatusCreated, answer.StatusCode)
	h.EndPayment("success")
	all := h.Payments()
	return all[len(all)-1].ID
}
