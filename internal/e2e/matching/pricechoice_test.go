package matching

import (
	"net/http"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

func TestUnclearPriceChoiceIsRefused(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	for name, body := range map[string]string{
		"missing": "name=Ann", "unknown": "licence=season", "repeated": "licence=1-day&licence=8-day",
		"repeated alike": "licence=1-day&licence=1-day",
		"as an array":    "licence=1-day&licence[]=8-day", "in another case": "licence=1-day&Licence=8-day",
		"semicolon": "licence=1-day;licence=8-day",
		"broken":    "licence=1-day&x%zz=1", "empty": "",
	} {
		p := h.Citizen().Do(http.MethodPost, "/licences/priced", strings.NewReader(body), "Content-Type",
			"application/x-www-form-urlencoded")
		require.Equal(t, http.StatusUnprocessableEntity, p.Status, name)
		require.Contains(t, p.Text, "No money has been taken", name)
	}
	p := h.Citizen().Do(http.MethodPost, "/licences/priced?licence=8-day", strings.NewReader("licence=1-day"),
		"Content-Type", "application/x-www-form-urlencoded")
	require.Equal(t, http.StatusUnprocessableEntity, p.Status, "the query has another choice")
	require.Empty(t, h.Payments())
	require.Empty(t, h.Service.Requests(http.MethodPost))

	for _, c := range []struct{ kind, body string }{
		{"application/x-www-form-urlencoded", "licence=8-day&name=Ann"},
		{"application/x-www-form-urlencoded", "licence=8-day&name=100%+Ann;+Bob"},
		{"application/json", `{"licence":"8-day","n":[1,{"licence":"1-day"}]}`},
	} {
		p := h.Citizen().Do(http.MethodPost, "/licences/priced", strings.NewReader(c.body), "Content-Type", c.kind)
		require.Equal(t, http.StatusSeeOther, p.Status, p.Text)
		all := h.Payments()
		require.EqualValues(t, 1350, all[len(all)-1].Amount)
	}
}

// A form in which some server finds another choice is refused.
func TestAmbiguousPriceChoiceIsRefused(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	cheap, dear := part("licence", "1-day"), part("licence", "8-day")
	for name, raw := range map[string]string{
		"after the end": pricedWith(multipartType, cheap+end+dear+end),
		"another boundary": pricedWith("Content-Type: multipart/form-data; xboundary=c; boundary=b\r\n",
			cheap+"--b--\r\n--c\r\n"+strings.TrimPrefix(dear, "--b\r\n")+"--c--\r\n"),
		"a part in another coding": pricedWith(multipartType,
			cheap+strings.Replace(dear, "\r\n\r\n8-day", "\r\nContent-Transfer-Encoding: base64\r\n\r\nOC1kYXk=", 1)+
				end),
		"a prefix":                    pricedForm("licence=1-day&model.licence=8-day"),
		"brackets":                    pricedForm("licence=1-day&[licence]=8-day"),
		"the query after a semicolon": post("/licences/priced?x;licence=8-day", formType, "licence=1-day"),
		"the query with %u":           post("/licences/priced?licence=%u0038-day", formType, "licence=1-day"),
		"a cookie":                    pricedWith(formType+"Cookie: licence=8-day\r\n", "licence=1-day"),
		"a character set": pricedWith("Content-Type: application/x-www-form-urlencoded; charset=utf-7\r\n",
			"licence=1-day&x=1"),
		"a type that only PHP reads": pricedWith("Content-Type: application/x-www-form-urlencoded, x\r\n",
			"licence=1-day"),
		"another JSON member": pricedWith(jsonType, `{"licence":"1-day","Licence":8}`),
		"JSON in a form":      pricedForm(`{"licence":"8-day"}&licence=1-day`),
		"a byte order mark":   pricedForm("\xef\xbb\xbflicence=8-day&licence=1-day"),
		"an escaped array":    pricedForm("licence=1-day&licence%5B%5D=8-day"),
	} {
		t.Run(name, func(t *testing.T) {
			d.MustRefuse(t, raw)
		})
	}
	require.Empty(t, d.Pay.Payments())
	for _, raw := range []string{
		pricedWith(formType+"Cookie: licence=1-day; old=8-day\r\n", "licence=1-day&previous=8-day"),
		post("/licences/priced?licence_holder=8-day", multipartType,
			cheap+part("holder", "licence=8-day")+end),
	} {
		d.MustHold(t, raw)
	}
	for _, payment := range d.Pay.Payments() {
		require.EqualValues(t, 600, payment.Amount)
	}
}

// Rails and PHP have field names with brackets.
func TestBracketedFieldChoosesThePrice(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_PRICED_PRICE_FIELD=application[licence]")
	d.MustHold(t, pricedForm("application[name]=Ann&application[licence]=8-day"))
	require.EqualValues(t, 1350, d.Pay.Payments()[0].Amount)
	d.MustRefuse(t, pricedForm("application[licence]=1-day&application.licence=8-day"))
}

func TestNestedFieldChoosesOnePrice(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_PRICED_PRICE_FIELD=application[licence]")
	for raw, pence := range map[string]int64{
		pricedWith(jsonType, `{"application":{"name":"Ann","licence":"8-day"}}`):                      1350,
		pricedWith(jsonType, `{"application":{"licence":"1-day","old":[{"licence":"8-day"}]},"n":1}`): 600,
		pricedForm("application[licence]=1-day&application[holder]=8-day"):                            600,
	} {
		before := len(d.Pay.Payments())
		d.MustHold(t, raw)
		require.Equal(t, pence, d.Pay.Payments()[before].Amount, raw)
	}
	before := len(d.Pay.Payments())
	for _, raw := range []string{
		pricedForm("application[licence]=1-day&application[licence]x=8-day"),
		pricedForm("application[licence]=1-day&application[licence].x=8-day"),
		pricedForm("application[licence]=1-day&[application]x[licence]=8-day"),
		pricedForm("application[licence]=1-day&x=1;application[licence]=8-day"),
		pricedWith(jsonType, `{"application[licence]":"1-day","application":{"licence":"8-day"}}`),
		pricedWith(jsonType, `{"application[licence]":"1-day"}`),
		pricedWith(jsonType, `{"application":{"licence":["1-day","8-day"]}}`),
		pricedWith(jsonType, `{"application":{"licence":"1-day"},"application":{"licence":"8-day"}}`),
		pricedWith(jsonType, `{"application":{"licence":8}}`),
		post("/licences/priced?application[licence]=1-day", formType, "name=Ann"),
		post("/licences/priced?application[licence]=1-day", "", ""),
		post("/licences/priced?application[licence]=1-day", formType, "application[licence]=1-day"),
		post("/licences/priced?x;application[licence]=1-day", formType, "name=Ann"),
		pricedWith(formType+"Cookie: application[licence]=1-day\r\n", "name=Ann"),
	} {
		d.MustRefuse(t, raw)
	}
	require.Len(t, d.Pay.Payments(), before)
}

// A body or an ambiguous query could request something other than what was paid for.
func TestPassDependsOnlyOnItsURL(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_PRICED_MATCH=GET /permits/{year}")
	get := func(query, header string) string {
		return "GET /permits/2026?" + query + " HTTP/1.1\r\nHost: apply.example.org\r\n" + header + "\r\n"
	}
	for _, query := range []string{
		"licence=1-day;licence=8-day", "licence=1-day&x;licence=8-day", "licence=1-day&licence[]=8-day",
		"licence=1-day&Licence=8-day", "licence=1-day&[licence]=8-day",
		"licence=1-day&licence=%38-day", "licence=1-day&m.licence=8-day", "licence=1-day&licence%00=8-day",
		"licence=1-day&lic%u0065nce=8-day",
	} {
		d.MustRefuse(t, get(query, ""))
	}
	require.Empty(t, d.Pay.Payments())
	answer := d.MustHold(t, get("licence=1-day", ""))
	require.NoError(t, d.Pay.Pay(d.Pay.Payments()[0].ID, "success"))
	ticket := "Cookie: " + answer.Ticket() + "\r\n"
	for range 2 { // the first fetch, and a later one
		received := d.MustReach(t,
			testserver.Request("GET /permits/2026?licence=1-day", ticket+formType, "licence=8-day"))
		require.Equal(t, "GET /permits/2026?licence=1-day HTTP/1.1", received.Line)
		require.Equal(t, []string{"success"}, received.Values("Paygate-Status"))
		require.Empty(t, received.Body)
	}
	d.MustRefuse(t, get("licence=1-day;licence=8-day", ticket))
}

// Some services read a choice from a cookie. The cookies of the return replace those of the held request, but not the
// ones that could be the choice.
func TestReturnCookieCannotChangeTheChoice(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	for held, wanted := range map[string]string{
		"":                                 "sid=2",
		"Cookie: licence=1-day; sid=1\r\n": "licence=1-day; sid=2",
	} {
		before := len(d.Pay.Payments())
		answer := d.MustHold(t, pricedWith(formType+held, "licence=1-day"))
		require.NoError(t, d.Pay.Pay(d.Pay.Payments()[before].ID, "success"))
		d.ReturnFromPay("Cookie: Licence=8-day; licence[]=8-day; sid=2; " + answer.Ticket())
		received := d.Service.Take()
		require.Len(t, received, 1)
		require.Equal(t, []string{wanted}, received[0].Values("Cookie"))
	}
}
