package matching

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"testing"

	"paygate/internal/testserver"
	"paygate/journey"

	"github.com/stretchr/testify/require"
)

func TestClientCannotSetThePrice(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, prices("2500", "", ""), upstreamPriced...)
	c := h.Citizen()
	for _, name := range []string{"Paygate-Price", "paygate_price", "Paygate.Price", "PAYGATE-STATUS"} {
		p := c.Post("/licences/apply", url.Values{"name": {name}}, name, "1")
		require.Equal(t, http.StatusSeeOther, p.Status)
	}
	for _, payment := range h.Payments() {
		require.EqualValues(t, 2500, payment.Amount)
	}
	for _, r := range h.Service.Requests(http.MethodPost) {
		require.Empty(t, r.Header.Values("Paygate-Price"))
		require.Equal(t, []string{"quote"}, r.Header.Values("Paygate-Status"))
	}
}

func TestClientCannotRequestAQuote(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, upstreamPriced...)
	for _, name := range []string{"Paygate-Status", "PAYGATE_STATUS", "Paygate.Status", "paygate-status"} {
		for _, raw := range []string{
			post("/free", formType+name+": quote\r\n", "a=1"),
			"GET /free HTTP/1.1\r\nHost: apply.example.org\r\n" + name + ": quote\r\n\r\n",
			"GET /licences/apply HTTP/1.1\r\nHost: apply.example.org\r\n" + name + ": quote\r\n\r\n",
		} {
			d.Send(raw)
			require.Equal(t, []string{"Paygate-Status: none"}, d.Service.Take()[0].PaygateHeaders())
		}
		d.Send(applyWith(formType+name+": success\r\nPaygate-Price: 1\r\nPaygate-Amount: 1\r\n", "a=1"))
		require.Equal(t, []string{"Paygate-Status: quote"}, d.Service.Take()[0].PaygateHeaders())
	}
}

func TestConcurrentQuotesStaySeparate(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Paygate-Status") == "quote" {
			w.Header().Set("Paygate-Price", r.FormValue("pence"))
			w.Header().Set("Paygate-Reference", "REF-"+r.FormValue("pence"))
			w.WriteHeader(http.StatusPaymentRequired)
			return
		}
		testserver.Confirm(w, r)
	}, upstreamPriced...)
	var all sync.WaitGroup
	for n := range 40 {
		all.Go(func() {
			p := h.Citizen().Post("/licences/apply", url.Values{"pence": {strconv.Itoa(1000 + n)}})
			if p.Status != http.StatusSeeOther {
				t.Errorf("%d: %s", p.Status, p.Text)
			}
		})
	}
	all.Wait()
	payments := h.Payments()
	require.Len(t, payments, 40)
	for _, payment := range payments {
		require.Equal(t, fmt.Sprintf("REF-%d", payment.Amount), payment.Reference)
		require.NoError(t, h.Pay.Pay(payment.ID, "success"))
	}
}

// The quoted price is the one that is paid, and the one in the signed headers.
func TestPriceChangeDoesNotAlterAQuotedJourney(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, prices("1234", "LIC-1", "Licence"), upstreamPriced...)
	c := h.Citizen()
	c.Apply("Ann")
	h.Service.SetAnswer(prices("1", "LIC-2", "Cheap"))
	c.Apply("Ann")
	require.Len(t, h.Payments(), 1, "the double click resumes the quoted payment")
	h.EndPayment("declined")
	c.ReturnFromPay()
	require.Equal(t, http.StatusSeeOther, c.Post("/_pay/again", url.Values{"journey": {c.Journeys()[0].ID}}).Status)
	require.EqualValues(t, 1234, h.Payments()[1].Amount)
	h.EndPayment("success")
	c.ReturnFromPay()
	posts := h.Service.Requests(http.MethodPost)
	require.Equal(t, []string{"quote", "success"}, testserver.Statuses(posts))
	require.Equal(t, "1234", posts[1].Header.Get("Paygate-Amount"))
	require.Equal(t, "LIC-1", posts[1].Header.Get("Paygate-Reference"))
	h.RequireVerified(t, true, posts[1])
}

// The service decides whether the amount paid is enough.
func TestPriceRiseAfterTheQuoteIsARefusal(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t, prices("1000", "", ""),
		append(upstreamPriced, "PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR=1h")...)
	h.Service.SetAnswer(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Paygate-Amount") != "3000" {
			w.Header().Set("Paygate-Price", "3000")
			w.WriteHeader(http.StatusPaymentRequired)
			return
		}
		testserver.Confirm(w, r)
	})
	c.ReturnFromPay()
	require.Equal(t, journey.StateRefused, c.State())
	p := c.Apply("Ann")
	require.NotEmpty(t, p.Location())
	require.Len(t, h.Payments(), 2, "another price is another journey")
	require.EqualValues(t, 3000, h.Payments()[1].Amount)
	h.EndPayment("success")
	c.ReturnFromPay()
	require.Equal(t, journey.StateReleased, c.State())
}
