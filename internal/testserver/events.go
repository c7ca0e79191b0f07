package testserver

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"paygate/internal/paysim"

	"github.com/stretchr/testify/require"
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

// Readings counts how often Pay was asked about a payment.
func (h *Harness) Readings() (n int) {
	for _, r := range h.Pay.Requests() {
		if r.Call == "get" {
			n++
		}
	}
	return n
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

// RequireFreeTraffic requires that requests off the pay routes still reach the service.
func (h *Harness) RequireFreeTraffic(c *Citizen) {
	h.T.Helper()
	require.Contains(h.T, c.Get("/free").Text, "the service's own page")
	p := c.Post("/elsewhere", url.Values{"name": {"Ann"}})
	require.Contains(h.T, p.Text, "the service's own page")
}

// LastAtPay returns "held" if the service has received no POST, else "sent".
func (h *Harness) LastAtPay() string {
	if len(h.Service.Requests(http.MethodPost)) > 0 {
		return "sent"
	}
	return "held"
}

// Forgetful is a service with a session that lives for so long after the form was shown, and which sends later forms to
// its log-in page.
func (h *Harness) Forgetful(lives time.Duration) http.HandlerFunc {
	begun := h.Now()
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && h.Now().Sub(begun) > lives {
			http.Redirect(w, r, "/login?next=/licences/apply", http.StatusFound)
			return
		}
		Confirm(w, r)
	}
}

// PaysWithoutName is a citizen who has paid for a form in which the name is missing.
func (h *Harness) PaysWithoutName() *Citizen {
	c := h.Citizen()
	require.Equal(h.T, http.StatusSeeOther, c.Post("/licences/apply", url.Values{"name": {""}}).Status)
	h.EndPayment("success")
	return c
}
