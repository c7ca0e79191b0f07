package paying

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
)

// applyAndPay sends a form to a pay route with these cookies, and pays for it.
func applyAndPay(c *testserver.Citizen, target string, form url.Values, cookies string) {
	c.H.T.Helper()
	p := c.Post(target, form, "Cookie", cookies)
	require.Equal(c.H.T, http.StatusSeeOther, p.Status, p.Text)
	c.H.EndPayment("success")
}

// refuseWithoutName refuses a form without a name with a page whose form has no action, and confirms other forms.
func refuseWithoutName(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost && r.FormValue("name") == "" {
		http.SetCookie(w, &http.Cookie{Name: "flash", Value: "wrong"})
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = w.Write([]byte(`<form method="post"><input name="name"></form>`))
		return
	}
	if r.Method == http.MethodPost {
		w.Header().Set("Location", "#done")
		w.WriteHeader(http.StatusFound)
		return
	}
	testserver.Plain(w, r)
}

// readUntilError loads a page that may be truncated, and returns what arrived.
func readUntilError(c *testserver.Citizen, target string) (string, error) {
	c.H.T.Helper()
	answer, err := c.Client.Get(c.H.URL + target)
	require.NoError(c.H.T, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return string(text), err
}

// paymentReads counts how often Pay was asked about a payment.
func paymentReads(h *testserver.Harness) (n int) {
	for _, r := range h.Pay.Requests() {
		if r.Call == "get" {
			n++
		}
	}
	return n
}

// expireSession is a service whose session expires after a time. Later forms are redirected to its log-in page.
func expireSession(h *testserver.Harness, after time.Duration) http.HandlerFunc {
	began := h.Now()
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && h.Now().Sub(began) > after {
			http.Redirect(w, r, "/login?next=/licences/apply", http.StatusFound)
			return
		}
		testserver.Confirm(w, r)
	}
}

// runMopup runs the mop-up until the end of the test.
func runMopup(h *testserver.Harness) {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { h.App.Background(ctx); close(ended) }()
	h.T.Cleanup(func() { stop(); <-ended })
}

var annsForm = url.Values{"name": {"Ann"}, "email": {"ann@example.org"}}
