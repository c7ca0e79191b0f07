package matching

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"

	"github.com/stretchr/testify/require"
)

func TestInvalidPayResponseTakesNoMoney(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{
		"500", "429", "reset", "lost", "html", "garbage", "empty", "huge",
		"hostile_next_url",
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			h := testserver.New(t, testserver.Confirm)
			c := h.Citizen()
			h.Pay.AddFault(paysim.Fault{Call: "create", Kind: kind, Times: 1})
			p := c.Post("/licences/apply", url.Values{"name": {"Ann"}})
			require.Contains(t, []int{http.StatusBadGateway, http.StatusServiceUnavailable}, p.Status)
			require.Contains(t, p.Text, "No money has been taken")
			require.Empty(t, p.Location())
			require.NotEmpty(t, p.Header.Get("Retry-After"))
			require.LessOrEqual(t, len(h.Payments()), 1, "a create is never repeated automatically")
			require.Empty(t, h.Service.Requests(http.MethodPost))

			again := c.Post("/_pay/again", url.Values{"journey": {c.Journeys()[0].ID}})
			require.Equal(t, http.StatusSeeOther, again.Status, again.Text)
			h.EndPayment("success")
			require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
			require.Len(t, h.Service.Requests(http.MethodPost), 1)
		})
	}
}

func TestPayOutageShowsTheCheckingPage(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t, testserver.Confirm)
	h.Pay.AddFault(paysim.Fault{Call: "get", Kind: "500"})
	p := c.ReturnFromPay()
	require.Contains(t, p.Text, "We are checking your payment")
	require.Equal(t, "5; url=/_pay/return?checks=1", p.Header.Get("Refresh"), "the page reloads")
	require.Contains(t, p.Text, h.Payments()[0].Reference)
	require.Empty(t, h.Service.Requests(http.MethodPost))
	h.Pay.ClearFaults()
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
}

func TestStalePayResponseIsNotTrusted(t *testing.T) {
	t.Parallel()
	h := testserver.NewWithPay(t, paysim.Options{PostLimit: -1, SearchLag: time.Minute}, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("started")
	h.Pay.Advance(2 * time.Minute)
	h.EndPayment("success")
	h.Pay.AddFault(paysim.Fault{Call: "get", Kind: "stale"})
	id := c.Journeys()[0].ID
	for _, p := range []testserver.Page{
		c.ReturnFromPay(), c.Get("/_pay/status"),
		c.Post("/_pay/resume", url.Values{"journey": {id}}),
	} {
		require.Contains(t, p.Text, "We are checking your payment")
		require.NotContains(t, p.Text, "You have not finished paying")
	}
	require.Equal(t, journey.StatePaying, c.State())
	h.Pay.ClearFaults()
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
}

// The same form, and the buttons of a page that is still open, lead back to a payment that may now be paid.
func TestPayOutageNeverReportsAnUnpaidPayment(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	applied, visits := h.Citizen(), h.Citizen()
	applied.Apply("Ann")
	h.EndPayment("success")
	visits.Get("/register/2026")
	h.EndPayment("success")
	h.Pay.AddFault(paysim.Fault{Call: "get", Kind: "500"})
	button := url.Values{"journey": {applied.Journeys()[0].ID}}
	for name, p := range map[string]testserver.Page{
		"the same form":  applied.Post("/licences/apply", url.Values{"name": {"Ann"}, "email": {"ann@example.org"}}),
		"try again":      applied.Post("/_pay/again", button),
		"resume":         applied.Post("/_pay/resume", button),
		"the same pass":  visits.Get("/register/2026"),
		"back from Pay":  applied.ReturnFromPay(),
		"back to a pass": visits.ReturnFromPay(),
	} {
		require.Equal(t, http.StatusOK, p.Status, name)
		require.Contains(t, p.Text, "We are checking your payment", name)
		require.NotContains(t, p.Text, "No money has been taken", name)
		require.NotContains(t, p.Text, "You have not finished paying", name)
	}
	list := applied.Get("/_pay/status").Text
	require.NotContains(t, list, "No money has been taken")
	require.NotContains(t, list, "You have not finished paying")
	h.Pay.ClearFaults()
	resumed := applied.Post("/_pay/resume", button)
	require.Equal(t, "/_pay/return", resumed.Location(), "the payment is paid by now")
	require.Contains(t, applied.Follow(resumed).Text, "the service's own page")
	require.Len(t, h.Payments(), 2)
}

func TestServiceOutageKeepsThePayment(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t, testserver.Confirm)
	h.Service.Server.Close()
	p := c.ReturnFromPay()
	require.Contains(t, p.Text, "Your payment is safe")
	require.Equal(t, journey.StateConfirmed, c.State())
	require.Equal(t, "capturable", h.Payments()[0].Status)

	h.Service.Restart(t)
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	posts := h.Service.Requests(http.MethodPost)
	require.Len(t, posts, 1)
	require.Equal(t, "2", posts[0].Header.Get("Paygate-Attempt"))
	require.Equal(t, "success", h.Payments()[0].Status)
}

func TestUnknownDeliveryOutcomeNeedsAPerson(t *testing.T) {
	t.Parallel()
	for name, does := range map[string]testserver.Act{
		"reset": testserver.HangUp, "broken": testserver.AcceptError,
		"too late": testserver.AcceptTimeout,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, c := testserver.NewWithPayment(t, does.Answer, "PAYGATE_UPSTREAM_TIMEOUT=2s")
			p := c.ReturnFromPay()
			require.Contains(t, p.Text, "We are looking into your payment")
			require.Contains(t, p.Text, h.Payments()[0].Reference)
			c.ReturnFromPay()
			require.Len(t, h.Service.Requests(http.MethodPost), 1, "never sent twice")
			require.Equal(t, journey.StateStuck, c.State())
			require.Equal(t, "capturable", h.Payments()[0].Status, "not captured while unknown")
		})
	}
}

// Pay's response counts only with the payment ID, the reference and the amount of the journey.
func TestMismatchedPaymentReleasesNothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct{ from, to string }{
		"another amount":    {`"amount":2500`, `"amount":1`},
		"another reference": {`"reference":"`, `"reference":"X`},
		"another payment":   {`"payment_id":"`, `"payment_id":"x`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := testserver.New(t, testserver.Confirm)
			var changing atomic.Bool
			proxy := startPayProxy(t, h.PayURL, func(text string) string {
				if !changing.Load() {
					return text
				}
				return strings.Replace(text, change.from, change.to, 1)
			})
			h.Restart("PAYGATE_PAY_API_URL=" + proxy)
			c := h.Citizen()
			c.Apply("Ann")
			h.EndPayment("success")
			changing.Store(true)
			c.ReturnFromPay()
			require.Empty(t, h.Service.Requests(http.MethodPost))
			require.NotContains(t,
				[]journey.State{journey.StateReleased, journey.StateConfirmed, journey.StateAccepted}, c.State())
			require.Equal(t, "capturable", h.Payments()[0].Status, "no money is taken")
		})
	}
}

// startPayProxy starts a proxy that changes the bodies of Pay's responses, and returns its URL.
func startPayProxy(t *testing.T, payURL string, change func(string) string) string {
	t.Helper()
	pay, err := url.Parse(payURL)
	require.NoError(t, err)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(pay) },
		ModifyResponse: func(answer *http.Response) error {
			text, err := io.ReadAll(answer.Body)
			if err != nil {
				return err
			}
			changed := change(string(text))
			answer.Body = io.NopCloser(strings.NewReader(changed))
			answer.ContentLength = int64(len(changed))
			answer.Header.Set("Content-Length", strconv.Itoa(len(changed)))
			return nil
		},
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL
}
