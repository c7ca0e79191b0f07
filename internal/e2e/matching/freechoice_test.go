package matching

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

const freeChoice = "PAYGATE_ROUTE_PRICED_PRICES=1-day=6.00,8-day=13.50,blue-badge=0.00"

func TestChoiceThatCostsNothingPassesAtOnce(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, freeChoice)
	file := "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a;b.jpg\"\r\n\r\n\xff\x00\r\n"
	for _, raw := range []string{
		pricedForm("licence=blue-badge&name=Ann+%zz;x=1"),
		pricedWith(multipartType, part("licence", "blue-badge")+file+end),
		pricedWith(jsonType, `{"licence":"blue-badge","n":[1,{"licence":"1-day"}],"dog":{"licence":"lost"}}`),
		post("/licences/priced?lang=cy&licence_holder=8-day", formType, "licence=blue-badge"),
		post("/licences/priced;jsessionid=1", formType, "licence=blue-badge"),
		pricedWith(formType+"Paygate-Status: success\r\nPaygate_Status: success\r\nPaygate-Assertion: x\r\n"+
			"X-HTTP-Method-Override: DELETE\r\nX-Original-URL: /admin\r\n", "licence=blue-badge"),
		pricedWith(formType+"Cookie: licence=blue-badge; old=8-day\r\n", "licence=blue-badge"),
	} {
		got := d.MustReach(t, raw)
		_, body, _ := strings.Cut(raw, "\r\n\r\n")
		require.Equal(t, body, string(got.Body))
		require.Equal(t, []string{"Paygate-Status: free"}, got.PaygateHeaders())
		require.NotRegexp(t, `(?i)x-http-method|x-original|jsessionid`, got.Line+strings.Join(got.Header, " "))
	}
	require.Empty(t, d.Pay.Payments())
	d.MustHold(t, pricedForm("licence=1-day"))
	require.EqualValues(t, 600, d.Pay.Payments()[0].Amount)
}

// A form in which some service finds another choice is not free, even if that choice has no price here.
func TestAmbiguousFreeChoiceIsRefused(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, freeChoice)
	free := part("licence", "blue-badge")
	for name, raw := range map[string]string{
		"repeated":                    pricedForm("licence=blue-badge&licence=8-day"),
		"repeated alike":              pricedForm("licence=blue-badge&licence=blue-badge"),
		"an array":                    pricedForm("licence=blue-badge&licence[]=8-day"),
		"another case":                pricedForm("licence=blue-badge&Licence=8-day"),
		"a semicolon":                 pricedForm("licence=blue-badge;licence=8-day"),
		"an unlisted choice":          pricedForm("licence=blue-badge&model.licence=season"),
		"an unlisted number":          pricedWith(jsonType, `{"licence":"blue-badge","Licence":12}`),
		"after the end":               pricedWith(multipartType, free+end+part("licence", "8-day")+end),
		"a prefix":                    pricedForm("licence=blue-badge&model.licence=8-day"),
		"the query":                   post("/licences/priced?licence=8-day", formType, "licence=blue-badge"),
		"the query alone":             post("/licences/priced?licence=blue-badge", formType, "name=Ann"),
		"the query after a semicolon": post("/licences/priced?x;licence=8-day", formType, "licence=blue-badge"),
		"a cookie":                    pricedWith(formType+"Cookie: licence=8-day\r\n", "licence=blue-badge"),
		"a character set": pricedWith("Content-Type: application/x-www-form-urlencoded; charset=utf-7\r\n",
			"licence=blue-badge&x=1"),
		"no type":              pricedWith("", "licence=blue-badge"),
		"a coding":             pricedWith(formType+"Content-Encoding: gzip\r\n", "licence=blue-badge"),
		"an unlisted cookie":   pricedWith(formType+"Cookie: licence=season\r\n", "licence=blue-badge"),
		"a member named twice": pricedWith(jsonType, `{"licence":"blue-badge","licence":"8-day"}`),
		"a card number":        pricedForm("licence=blue-badge&note=4444333322221111"),
		"blank around it":      pricedForm("licence=+blue-badge"),
		"a prefixed number":    pricedWith(jsonType, `{"licence":"blue-badge","model.licence":12}`),
		"a prefixed word":      pricedWith(jsonType, `{"licence":"blue-badge","model.licence":true}`),
		"wrapped as by Rails":  pricedWith(jsonType, `{"licence":"blue-badge","application":{"licence":"8-day"}}`),
		"after too much": pricedWith(multipartType, free+
			strings.Repeat(part("x", strings.Repeat("x", 64<<10)), 17)+part("model.licence", "8-day")+end),
	} {
		t.Run(name, func(t *testing.T) { d.MustRefuse(t, raw) })
	}
	for _, raw := range []string{
		post("/licences/priced/", formType, "licence=blue-badge"),
		post("/licences/%70riced", formType, "licence=blue-badge"),
		testserver.Request("PUT /licences/priced", formType, "licence=blue-badge"),
	} {
		d.MustBlock(t, raw)
	}
	require.Empty(t, d.Pay.Payments())
}

func TestFreeChoiceFollowsTheModeOfItsRoute(t *testing.T) {
	t.Parallel()
	for mode, status := range map[string]string{"closed": "", "free": "none", "shadow": "none", "on": "free"} {
		h := testserver.New(t, testserver.Confirm, freeChoice, "PAYGATE_ROUTE_PRICED_MODE="+mode)
		page := h.Citizen().Post("/licences/priced", url.Values{"licence": {"blue-badge"}})
		got := h.Service.Requests(http.MethodPost)
		if status == "" {
			require.Equal(t, http.StatusServiceUnavailable, page.Status)
			require.Empty(t, got)
			continue
		}
		require.Equal(t, http.StatusSeeOther, page.Status, "the service's own answer")
		require.Empty(t, page.Header.Get("Paygate-Answer"))
		require.Equal(t, []string{status}, testserver.Statuses(got), mode)
		require.Contains(t, []string{"", "0"}, h.Metric(t, `paygate_shadow_total{route="priced",what="held"}`))
	}
}

func TestPassMayHaveAFreeChoice(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=600")
		testserver.Plain(w, r)
	}, "PAYGATE_ROUTES=licence,priced,register,immediate,extract", "PAYGATE_ROUTE_EXTRACT_MATCH=GET /extract/{year}",
		"PAYGATE_ROUTE_EXTRACT_PRICES=full=6.00,summary=0.00", "PAYGATE_ROUTE_EXTRACT_PRICE_FIELD=part",
		"PAYGATE_ROUTE_EXTRACT_DESCRIPTION=Extract")
	c := h.Citizen()
	page := c.Get("/extract/2026?part=summary&lang=en", "Upgrade", "websocket", "Connection", "Upgrade")
	require.Equal(t, http.StatusOK, page.Status)
	require.Equal(t, "private, max-age=600", page.Header.Get("Cache-Control"), "what was paid for has the same path")
	require.Equal(t, http.StatusOK, c.Do(http.MethodHead, "/extract/2026?part=summary", nil).Status)
	got := h.Service.All()
	require.Equal(t, []string{"free", "free"}, testserver.Statuses(got))
	require.Equal(t, "/extract/2026?part=summary&lang=en", got[0].Target)
	require.Empty(t, got[0].Header.Get("Upgrade"))
	for _, query := range []string{
		"part=summary&part=full", "part=summary;part=full", "part=summary&Part=full", "part=summary&part%5B%5D=full",
		"part=summary&part[]=other", "part=summary&x=4444333322221111", "part=Summary", "",
	} {
		require.Equal(t, http.StatusUnprocessableEntity, c.Get("/extract/2026?"+query).Status, query)
	}
	require.Equal(t, http.StatusUnprocessableEntity,
		c.Get("/extract/2026?part=summary", "Cookie", "part=full").Status)
	require.Len(t, h.Service.All(), 2)
	require.Equal(t, http.StatusSeeOther, c.Get("/extract/2026?part=full").Status)
	h.EndPayment("success")
	c.ReturnFromPay()
	require.Equal(t, http.StatusOK, c.Get("/extract/2026?part=summary").Status, "beside a valid pass for another query")
	c.Post("/_pay/pass", url.Values{"address": {"/extract/2026?part=summary"}})
	require.Len(t, h.Payments(), 1)
}

// Browsers escape brackets in names, and all but plain characters in values.
func TestAFreeChoiceOnAPassMayBeEscaped(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Plain, "PAYGATE_ROUTES=licence,priced,register,immediate,extract",
		"PAYGATE_ROUTE_EXTRACT_MATCH=GET /extract", "PAYGATE_ROUTE_EXTRACT_PRICES=full=6.00,résumé 1=0.00",
		"PAYGATE_ROUTE_EXTRACT_PRICE_FIELD=order[part]", "PAYGATE_ROUTE_EXTRACT_DESCRIPTION=Extract")
	c := h.Citizen()
	free := url.Values{"order[part]": {"résumé 1"}}.Encode()
	for _, query := range []string{free, strings.ReplaceAll(free, "+", "%20"), "order[part]=r%C3%A9sum%C3%A9%201"} {
		require.Equal(t, http.StatusOK, c.Get("/extract?"+query).Status, query)
	}
	require.Equal(t, http.StatusUnprocessableEntity, c.Get("/extract?"+free+"&order%5Bpart%5D=full").Status)
	require.Equal(t, http.StatusUnprocessableEntity, c.Get("/extract?"+free+"%2525").Status)
	require.Len(t, h.Service.All(), 3)
}

// A paid form that the service refused, and that is then sent as one that costs nothing, leaves the payment as it is.
func TestFreeChoiceAfterARefusalKeepsThePayment(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Refuse.Answer, freeChoice)
	c := h.Citizen()
	require.Equal(t, http.StatusSeeOther, c.Post("/licences/priced", url.Values{"licence": {"1-day"}}).Status)
	h.EndPayment("success")
	c.ReturnFromPay()
	require.EqualValues(t, "refused", c.State())
	c.Post("/licences/priced", url.Values{"licence": {"blue-badge"}})
	require.Equal(t, []string{"success", "free"}, testserver.Statuses(h.Service.Requests(http.MethodPost)))
	require.EqualValues(t, "refused", c.State(), "it can still be corrected, or goes back")
	require.Equal(t, "capturable", h.Payments()[0].Status)
}
