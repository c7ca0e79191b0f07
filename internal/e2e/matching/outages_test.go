package matching

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
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
			require.LessOrEqual(t, len(h.Payments()), 1, "a create is never repeated by itself")
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
	require.Equal(t, "5; url=/_pay/return", p.Header.Get("Refresh"), "it reloads by itself")
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

// TestPayOutageNeverReportsAnUnpaidPayment: the same form again, and the buttons of a page that is still
// open, lead back to a payment that may have been paid meanwhile.
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
		"go on paying":   applied.Post("/_pay/resume", button),
		"the same pass":  visits.Get("/register/2026"),
		"back from Pay":  applied.ReturnFromPay(),
		"back to a pass": visits.ReturnFromPay(),
	} {
		require.Equal(t, http.StatusOK, p.Status, name)
		require.Contains(t, p.Text, "We are checking your payment", name)
		require.NotContains(t, p.Text, "No money has been taken", name)
	}
	h.Pay.ClearFaults()
	require.Contains(t, applied.ReturnFromPay().Text, "the service's own page")
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
			require.Equal(t, "capturable", h.Payments()[0].Status, "never captured until known")
		})
	}
}

// TestMismatchedPaymentReleasesNothing: what Pay says counts only for the very terms of the journey.
func TestMismatchedPaymentReleasesNothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"another amount": `s/"amount":2500/"amount":1/`, "another reference": `s/"reference":"/"reference":"X/`,
		"another payment": `s/"payment_id":"/"payment_id":"x/`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var from, to string
			if parts := strings.Split(change, "/"); len(parts) == 4 {
				from, to = parts[1], parts[2]
			}
			h := testserver.New(t, testserver.Confirm)
			var lying atomic.Bool
			between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked, err := http.NewRequest(r.Method, h.PayURL+r.URL.RequestURI(), r.Body)
				if err != nil {
					panic(http.ErrAbortHandler)
				}
				asked.Header = r.Header.Clone()
				answer, err := http.DefaultClient.Do(asked)
				if err != nil {
					panic(http.ErrAbortHandler)
				}
				defer answer.Body.Close()
				text, _ := io.ReadAll(answer.Body)
				if lying.Load() {
					text = []byte(strings.Replace(string(text), from, to, 1))
				}
				w.Header().Set("Content-Type", answer.Header.Get("Content-Type"))
				w.WriteHeader(answer.StatusCode)
				_, _ = w.Write(text)
			}))
			t.Cleanup(between.Close)
			h.Restart("PAYGATE_PAY_API_URL=" + between.URL)
			c := h.Citizen()
			c.Apply("Ann")
			h.EndPayment("success")
			lying.Store(true)
			c.ReturnFromPay()
			require.Empty(t, h.Service.Requests(http.MethodPost))
			require.NotContains(t,
				[]journey.State{journey.StateReleased, journey.StateConfirmed, journey.StateAccepted}, c.State())
			require.Equal(t, "capturable", h.Payments()[0].Status, "and nothing is taken")
		})
	}
}
