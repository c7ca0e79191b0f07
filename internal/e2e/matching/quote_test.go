package matching

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"paygate/internal/testserver"
	"paygate/journey"

	"github.com/stretchr/testify/require"
)

var upstreamPriced = []string{"PAYGATE_ROUTE_LICENCE_PRICE=upstream", "PAYGATE_ROUTE_REGISTER_PRICE=upstream"}

// prices is a service that quotes this price, or nothing when it is "free".
func prices(pence, reference, description string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Paygate-Status") != "quote" {
			testserver.Confirm(w, r)
			return
		}
		if pence == "free" {
			_, _ = io.WriteString(w, "nothing to pay today")
			return
		}
		w.Header().Set("Set-Cookie", "quoted=yes; Path=/")
		w.Header().Add("Set-Cookie", "paygate=evil; Path=/")
		if pence != "" {
			w.Header().Set("Paygate-Price", pence)
		}
		if reference != "" {
			w.Header().Set("Paygate-Reference", reference)
			w.Header().Set("Paygate-Description", description)
		}
		w.WriteHeader(http.StatusPaymentRequired)
		_, _ = io.WriteString(w, "the service's own 402")
	}
}

func TestServiceSetsThePrice(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, prices("1234", "LIC-77", "Licence for 3 rods"), upstreamPriced...)
	c := h.Citizen()
	p := c.Apply("Ann")
	require.Contains(t, strings.Join(p.Header["Set-Cookie"], " "), "quoted=yes",
		"the cookies of the 402 go with the redirect")
	require.NotContains(t, strings.Join(p.Header["Set-Cookie"], " "), "paygate=evil")
	require.EqualValues(t, 1234, h.Payments()[0].Amount)
	require.Equal(t, "LIC-77", h.Payments()[0].Reference)
	quoted := h.Service.Requests(http.MethodPost)
	require.Len(t, quoted, 1)
	for name := range quoted[0].Header {
		if strings.HasPrefix(name, "Paygate-") {
			require.Equal(t, "Paygate-Status", name, "a quote has no other header")
		}
	}
	c.Apply("Ann")
	require.Len(t, h.Service.Requests(http.MethodPost), 1, "the same request is not quoted again")
	require.Len(t, h.Payments(), 1)

	h.EndPayment("success")
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	posts := h.Service.Requests(http.MethodPost)
	require.Equal(t, []string{"quote", "success"}, testserver.Statuses(posts))
	require.Equal(t, "1234", posts[1].Header.Get("Paygate-Amount"))
	require.Equal(t, posts[0].Body, posts[1].Body)
	require.Equal(t, posts[0].Header.Get("Content-Type"), posts[1].Header.Get("Content-Type"))
}

func TestUnpricedRequestPasses(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, prices("free", "", ""), upstreamPriced...)
	c := h.Citizen()
	p := c.Post("/licences/apply", url.Values{"name": {"Ann"}})
	require.Equal(t, "nothing to pay today", p.Text)
	require.Contains(t, p.Header.Get("Cache-Control"), "private")
	require.Equal(t, "nothing to pay today", c.Get("/register/2026").Text)
	require.Empty(t, h.Payments())
}

func TestInvalidPriceShowsAPageAndHoldsNothing(t *testing.T) {
	t.Parallel()
	for _, pence := range []string{
		"", "0", "-5", "25.00", "£25", "1e3", "10000001", "999999999999999999999", " 5",
		"5,6", "0x10", "２５",
	} {
		t.Run(fmt.Sprintf("%q", pence), func(t *testing.T) {
			t.Parallel()
			h := testserver.New(t, prices(pence, "", ""), upstreamPriced...)
			c := h.Citizen()
			p := c.Post("/licences/apply", url.Values{"name": {"Ann"}})
			if pence == " 5" { // net/http trims it, as RFC 9110 section 5.5 asks
				require.Equal(t, http.StatusSeeOther, p.Status)
				return
			}
			require.Equal(t, http.StatusBadGateway, p.Status)
			require.Contains(t, p.Text, "there is a problem with the price")
			require.NotContains(t, p.Text, "the service's own 402")
			require.Empty(t, h.Payments())
			require.Empty(t, c.Journeys())
			require.Contains(t, h.Log.String(), "Paygate-Price")
		})
	}
}

func TestTwoPricesAreRefused(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Paygate-Price"] = []string{"100", "2500"}
		w.WriteHeader(http.StatusPaymentRequired)
	}, upstreamPriced...)
	require.Equal(t, http.StatusBadGateway, h.Citizen().Post("/licences/apply", url.Values{}).Status)
}

func TestService402PassesOnOtherRoutes(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Paygate-Price", "1")
		w.WriteHeader(http.StatusPaymentRequired)
		_, _ = io.WriteString(w, "the service's own 402")
	})
	c := h.Citizen()
	p := c.Get("/free")
	require.Equal(t, http.StatusPaymentRequired, p.Status)
	require.Equal(t, "the service's own 402", p.Text)
	require.Empty(t, p.Header.Get("Paygate-Price"), "the service cannot send Paygate's headers")
	c.Apply("Ann")
	require.EqualValues(t, 2500, h.Payments()[0].Amount)
	h.EndPayment("success")
	require.Contains(t, c.ServicesAnswer(c.ReturnFromPay()).Text, "the service's own 402")
	require.Equal(t, journey.StateRefused, c.State(), "a 402 on release is a refusal")
}

func TestServiceSetsThePriceOfAPass(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, prices("600", "REG-1", "Register"), upstreamPriced...)
	c := h.Citizen()
	require.Equal(t, http.StatusSeeOther, c.Get("/register/2026").Status)
	require.EqualValues(t, 600, h.Payments()[0].Amount)
	require.Equal(t, http.StatusPaymentRequired, h.Citizen().Do(http.MethodHead, "/register/2026", nil).Status,
		"HEAD is not quoted")
	h.EndPayment("success")
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	c.Get("/register/2026")
	require.Equal(t, []string{"quote", "success", "success"}, testserver.Statuses(h.Service.Requests(http.MethodGet)))
}

// A pass for a cheap query does not open a dear one.
func TestPassIsValidOnlyForTheQuotedQuery(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, func(w http.ResponseWriter, r *http.Request) {
		prices(map[string]string{"1": "600", "100": "60000"}[r.FormValue("copies")], "", "")(w, r)
	}, upstreamPriced...)
	c := h.Citizen()
	c.Get("/register/2026?copies=1")
	h.EndPayment("success")
	require.Equal(t, http.StatusOK, c.ReturnFromPay().Status)
	require.Equal(t, http.StatusOK, c.Get("/register/2026?copies=1").Status)
	require.Contains(t, c.Get("/register/2026?copies=100").Text, "You have not paid for this yet")
	require.Equal(t, http.StatusSeeOther,
		c.Post("/_pay/pass", url.Values{"address": {"/register/2026?copies=100"}}).Status)
	require.EqualValues(t, 60000, h.Payments()[1].Amount)
}

func TestUnavailableServiceSetsNoPrice(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, upstreamPriced...)
	h.Service.Server.Close()
	p := h.Citizen().Post("/licences/apply", url.Values{})
	require.Equal(t, http.StatusBadGateway, p.Status)
	require.Contains(t, p.Text, "not answering")
	require.Empty(t, h.Payments())
}
