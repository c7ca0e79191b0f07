package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

var upstreamPriced = []string{"PAYGATE_ROUTE_LICENCE_PRICE=upstream", "PAYGATE_ROUTE_REGISTER_PRICE=upstream"}

// prices is a service that asks for so many pence, and believes Paygate-Status.
func prices(pence, reference, description string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Paygate-Status") != "quote" {
			confirms(w, r)
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

func statuses(requests []received) (all []string) {
	for _, r := range requests {
		all = append(all, r.header.Get("Paygate-Status"))
	}
	return all
}

func TestTheServiceNamesThePrice(t *testing.T) {
	t.Parallel()
	h := newHouse(t, prices("1234", "LIC-77", "Licence for 3 rods"), upstreamPriced...)
	c := h.citizen()
	p := c.apply("Ann")
	require.Contains(t, strings.Join(p.header["Set-Cookie"], " "), "quoted=yes", "the 402's cookies go with the redirect")
	require.NotContains(t, strings.Join(p.header["Set-Cookie"], " "), "paygate=evil")
	require.EqualValues(t, 1234, h.payments()[0].Amount)
	require.Equal(t, "LIC-77", h.payments()[0].Reference)
	quoted := h.service.got(http.MethodPost)
	require.Len(t, quoted, 1)
	for name := range quoted[0].header {
		if strings.HasPrefix(name, "Paygate-") {
			require.Equal(t, "Paygate-Status", name, "a quote says nothing else")
		}
	}
	c.apply("Ann")
	require.Len(t, h.service.got(http.MethodPost), 1, "the same request again is not quoted again")
	require.Len(t, h.payments(), 1)

	h.pays("success")
	require.Contains(t, c.comesBack().text, "the service's own page")
	posts := h.service.got(http.MethodPost)
	require.Equal(t, []string{"quote", "success"}, statuses(posts))
	require.Equal(t, "1234", posts[1].header.Get("Paygate-Amount"))
	require.Equal(t, posts[0].body, posts[1].body)
	require.Equal(t, posts[0].header.Get("Content-Type"), posts[1].header.Get("Content-Type"))
}

func TestWhatTheServiceDoesNotPricePasses(t *testing.T) {
	t.Parallel()
	h := newHouse(t, prices("free", "", ""), upstreamPriced...)
	c := h.citizen()
	p := c.post("/licences/apply", url.Values{"name": {"Ann"}})
	require.Equal(t, "nothing to pay today", p.text)
	require.Contains(t, p.header.Get("Cache-Control"), "private")
	require.Equal(t, "nothing to pay today", c.get("/register/2026").text)
	require.Empty(t, h.payments())
}

func TestAPriceThatCannotBeIsAPageAndHoldsNothing(t *testing.T) {
	t.Parallel()
	for _, pence := range []string{"", "0", "-5", "25.00", "£25", "1e3", "10000001", "999999999999999999999", " 5", "5,6", "0x10", "２５"} {
		t.Run(fmt.Sprintf("%q", pence), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, prices(pence, "", ""), upstreamPriced...)
			c := h.citizen()
			p := c.post("/licences/apply", url.Values{"name": {"Ann"}})
			if pence == " 5" { // net/http trims it, as RFC 9110 section 5.5 asks
				require.Equal(t, http.StatusSeeOther, p.status)
				return
			}
			require.Equal(t, http.StatusBadGateway, p.status)
			require.Contains(t, p.text, "there is a problem with the price")
			require.NotContains(t, p.text, "the service's own 402")
			require.Empty(t, h.payments())
			require.Empty(t, c.status())
			require.Contains(t, h.log.String(), "Paygate-Price")
		})
	}
}

func TestTwoPricesAreNone(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Paygate-Price"] = []string{"100", "2500"}
		w.WriteHeader(http.StatusPaymentRequired)
	}, upstreamPriced...)
	require.Equal(t, http.StatusBadGateway, h.citizen().post("/licences/apply", url.Values{}).status)
}

func TestNobodyButTheServiceNamesThePrice(t *testing.T) {
	t.Parallel()
	h := newHouse(t, prices("2500", "", ""), upstreamPriced...)
	c := h.citizen()
	for _, name := range []string{"Paygate-Price", "paygate_price", "Paygate.Price", "PAYGATE-STATUS"} {
		p := c.post("/licences/apply", url.Values{"name": {name}}, name, "1")
		require.Equal(t, http.StatusSeeOther, p.status)
	}
	for _, payment := range h.payments() {
		require.EqualValues(t, 2500, payment.Amount)
	}
	for _, r := range h.service.got(http.MethodPost) {
		require.Empty(t, r.header.Values("Paygate-Price"))
		require.Equal(t, []string{"quote"}, r.header.Values("Paygate-Status"))
	}
}

func TestA402OfARouteThatIsNotUpstreamPricedIsTheServicesOwn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Paygate-Price", "1")
		w.WriteHeader(http.StatusPaymentRequired)
		_, _ = io.WriteString(w, "the service's own 402")
	})
	c := h.citizen()
	p := c.get("/free")
	require.Equal(t, http.StatusPaymentRequired, p.status)
	require.Equal(t, "the service's own 402", p.text)
	require.Empty(t, p.header.Get("Paygate-Price"), "no header of ours comes from the service")
	c.apply("Ann")
	require.EqualValues(t, 2500, h.payments()[0].Amount)
	h.pays("success")
	require.Contains(t, c.ownAnswer(c.comesBack()).text, "the service's own 402")
	require.Equal(t, journey.StateRefused, c.state(), "at the release it is a refusal")
}

// TestAPriceThatRisesBetweenQuoteAndReleaseIsARefusal: the service decides whether what was paid is enough.
func TestAPriceThatRisesBetweenQuoteAndReleaseIsARefusal(t *testing.T) {
	t.Parallel()
	h, c := annHasPaid(t, prices("1000", "", ""), append(upstreamPriced, "PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR=1h")...)
	h.service.answersBy(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Paygate-Amount") != "3000" {
			w.Header().Set("Paygate-Price", "3000")
			w.WriteHeader(http.StatusPaymentRequired)
			return
		}
		confirms(w, r)
	})
	c.comesBack()
	require.Equal(t, journey.StateRefused, c.state())
	p := c.apply("Ann")
	require.NotEmpty(t, p.to())
	require.Len(t, h.payments(), 2, "another price is another journey")
	require.EqualValues(t, 3000, h.payments()[1].Amount)
	h.pays("success")
	c.comesBack()
	require.Equal(t, journey.StateReleased, c.state())
}

func TestAPassMayBePricedByTheService(t *testing.T) {
	t.Parallel()
	h := newHouse(t, prices("600", "REG-1", "Register"), upstreamPriced...)
	c := h.citizen()
	require.Equal(t, http.StatusSeeOther, c.get("/register/2026").status)
	require.EqualValues(t, 600, h.payments()[0].Amount)
	require.Equal(t, http.StatusPaymentRequired, h.citizen().do(http.MethodHead, "/register/2026", nil).status, "HEAD is not even quoted")
	h.pays("success")
	require.Contains(t, c.comesBack().text, "the service's own page")
	c.get("/register/2026")
	require.Equal(t, []string{"quote", "success", "success"}, statuses(h.service.got(http.MethodGet)))
}

// TestAPassIsGoodForWhatWasPriced: where the service prices, a cheap query buys no dear one.
func TestAPassIsGoodForWhatWasPriced(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(w http.ResponseWriter, r *http.Request) {
		prices(map[string]string{"1": "600", "100": "60000"}[r.FormValue("copies")], "", "")(w, r)
	}, upstreamPriced...)
	c := h.citizen()
	c.get("/register/2026?copies=1")
	h.pays("success")
	require.Equal(t, http.StatusOK, c.comesBack().status)
	require.Equal(t, http.StatusOK, c.get("/register/2026?copies=1").status)
	require.Contains(t, c.get("/register/2026?copies=100").text, "You have not paid for this yet")
	require.Equal(t, http.StatusSeeOther, c.post("/_pay/pass", url.Values{"address": {"/register/2026?copies=100"}}).status)
	require.EqualValues(t, 60000, h.payments()[1].Amount)
}

func TestAServiceThatIsDownNamesNoPrice(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, upstreamPriced...)
	h.service.server.Close()
	p := h.citizen().post("/licences/apply", url.Values{})
	require.Equal(t, http.StatusBadGateway, p.status)
	require.Contains(t, p.text, "not answering")
	require.Empty(t, h.payments())
}
