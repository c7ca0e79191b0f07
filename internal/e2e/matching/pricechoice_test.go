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
	require.Equal(t, http.StatusUnprocessableEntity, p.Status, "the query says another")
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

// TestAmbiguousPriceChoiceIsRefused: what some service reads as another choice makes the choice unclear.
func TestAmbiguousPriceChoiceIsRefused(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	parts := "Content-Type: multipart/form-data; boundary=b\r\n"
	cheap := "--b\r\nContent-Disposition: form-data; name=\"licence\"\r\n\r\n1-day\r\n"
	dear := strings.Replace(cheap, "1-day", "8-day", 1)
	for name, raw := range map[string]string{
		"behind the end": testserver.Request("POST /licences/priced", parts,
			cheap+"--b--\r\n"+dear+"--b--\r\n"),
		"another's boundary": testserver.Request("POST /licences/priced",
			"Content-Type: multipart/form-data; xboundary=c; boundary=b\r\n",
			cheap+"--b--\r\n--c\r\n"+strings.TrimPrefix(dear, "--b\r\n")+"--c--\r\n"),
		"a part in another coding": testserver.Request("POST /licences/priced", parts,
			cheap+strings.Replace(dear, "\r\n\r\n8-day", "\r\nContent-Transfer-Encoding: base64\r\n\r\nOC1kYXk=", 1)+
				"--b--\r\n"),
		"a model before": testserver.Request("POST /licences/priced", testserver.FormType,
			"licence=1-day&model.licence=8-day"),
		"brackets": testserver.Request("POST /licences/priced", testserver.FormType,
			"licence=1-day&[licence]=8-day"),
		"the query by semicolons": testserver.Request("POST /licences/priced?x;licence=8-day", testserver.FormType,
			"licence=1-day"),
		"the query by %u": testserver.Request("POST /licences/priced?licence=%u0038-day",
			testserver.FormType, "licence=1-day"),
		"a cookie": testserver.Request("POST /licences/priced",
			testserver.FormType+"Cookie: licence=8-day\r\n", "licence=1-day"),
		"a character set": testserver.Request("POST /licences/priced",
			"Content-Type: application/x-www-form-urlencoded; charset=utf-7\r\n", "licence=1-day&x=1"),
		"a type read by PHP alone": testserver.Request("POST /licences/priced",
			"Content-Type: application/x-www-form-urlencoded, x\r\n", "licence=1-day"),
		"a JSON number beside": testserver.Request("POST /licences/priced", "Content-Type: application/json\r\n",
			`{"licence":"1-day","Licence":8}`),
		"JSON in a form": testserver.Request("POST /licences/priced", testserver.FormType,
			`{"licence":"8-day"}&licence=1-day`),
		"a mark of order of bytes": testserver.Request("POST /licences/priced", testserver.FormType,
			"\xef\xbb\xbflicence=8-day&licence=1-day"),
		"a choice in another place": testserver.Request("POST /licences/priced", testserver.FormType,
			"licence=1-day&"+"licence%5B%5D=8-day"),
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, http.StatusUnprocessableEntity, d.MustRefuse(t, raw).Status)
		})
	}
	require.Empty(t, d.Pay.Payments())
	for _, raw := range []string{
		testserver.Request("POST /licences/priced", testserver.FormType+"Cookie: licence=1-day; old=8-day\r\n",
			"licence=1-day&previous=8-day"),
		testserver.Request("POST /licences/priced?licence_holder=8-day", parts,
			cheap+"--b\r\nContent-Disposition: form-data; name=\"holder\"\r\n\r\nlicence=8-day\r\n--b--\r\n"),
	} {
		require.Equal(t, http.StatusSeeOther, d.MustBlock(t, raw).Status)
	}
	for _, payment := range d.Pay.Payments() {
		require.EqualValues(t, 600, payment.Amount)
	}
}

// TestBracketedFieldChoosesThePrice: Rails and PHP have names with brackets.
func TestBracketedFieldChoosesThePrice(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_PRICED_PRICE_FIELD=application[licence]")
	require.Equal(t, http.StatusSeeOther,
		d.MustBlock(t, testserver.Request("POST /licences/priced", testserver.FormType,
			"application[name]=Ann&application[licence]=8-day")).Status)
	require.EqualValues(t, 1350, d.Pay.Payments()[0].Amount)
	require.Equal(t, http.StatusUnprocessableEntity,
		d.MustRefuse(t, testserver.Request("POST /licences/priced", testserver.FormType,
			"application[licence]=1-day&application.licence=8-day")).Status)
}

func TestNestedFieldChoosesOnePrice(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_PRICED_PRICE_FIELD=application[licence]")
	asJSON := "Content-Type: application/json\r\n"
	for raw, pence := range map[string]int64{
		testserver.Request("POST /licences/priced", asJSON,
			`{"application":{"name":"Ann","licence":"8-day"}}`): 1350,
		testserver.Request("POST /licences/priced", asJSON,
			`{"application":{"licence":"1-day","old":[{"licence":"8-day"}]},"n":1}`): 600,
		testserver.Request("POST /licences/priced", testserver.FormType,
			"application[licence]=1-day&application[holder]=8-day"): 600,
	} {
		before := len(d.Pay.Payments())
		require.Equal(t, http.StatusSeeOther, d.MustBlock(t, raw).Status, raw)
		require.Equal(t, pence, d.Pay.Payments()[before].Amount, raw)
	}
	before := len(d.Pay.Payments())
	for _, raw := range []string{
		testserver.Request("POST /licences/priced", testserver.FormType,
			"application[licence]=1-day&application[licence]x=8-day"),
		testserver.Request("POST /licences/priced", testserver.FormType,
			"application[licence]=1-day&application[licence].x=8-day"),
		testserver.Request("POST /licences/priced", testserver.FormType,
			"application[licence]=1-day&[application]x[licence]=8-day"),
		testserver.Request("POST /licences/priced", testserver.FormType,
			"application[licence]=1-day&x=1;application[licence]=8-day"),
		testserver.Request("POST /licences/priced", asJSON,
			`{"application[licence]":"1-day","application":{"licence":"8-day"}}`),
		testserver.Request("POST /licences/priced", asJSON, `{"application[licence]":"1-day"}`),
		testserver.Request("POST /licences/priced", asJSON, `{"application":{"licence":["1-day","8-day"]}}`),
		testserver.Request("POST /licences/priced", asJSON,
			`{"application":{"licence":"1-day"},"application":{"licence":"8-day"}}`),
		testserver.Request("POST /licences/priced", asJSON, `{"application":{"licence":8}}`),
		testserver.Request("POST /licences/priced?application[licence]=1-day", testserver.FormType, "name=Ann"),
		testserver.Request("POST /licences/priced?application[licence]=1-day", "", ""),
		testserver.Request("POST /licences/priced?application[licence]=1-day", testserver.FormType,
			"application[licence]=1-day"),
		testserver.Request("POST /licences/priced?x;application[licence]=1-day", testserver.FormType, "name=Ann"),
		testserver.Request("POST /licences/priced", testserver.FormType+"Cookie: application[licence]=1-day\r\n",
			"name=Ann"),
	} {
		require.Equal(t, http.StatusUnprocessableEntity, d.MustRefuse(t, raw).Status, raw)
	}
	require.Len(t, d.Pay.Payments(), before)
}

// TestPassDependsOnlyOnItsURL: a body, or a query that is read in two ways, would ask for something else than was
// paid for.
func TestPassDependsOnlyOnItsURL(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_PRICED_MATCH=GET /permits/{year}")
	get := func(query, header string) string {
		return "GET /permits/2026?" + query + " HTTP/1.1\r\nHost: apply.example\r\n" + header + "\r\n"
	}
	for _, query := range []string{
		"licence=1-day;licence=8-day", "licence=1-day&x;licence=8-day", "licence=1-day&licence[]=8-day",
		"licence=1-day&Licence=8-day", "licence=1-day&[licence]=8-day",
		"licence=1-day&licence=%38-day", "licence=1-day&m.licence=8-day", "licence=1-day&licence%00=8-day",
		"licence=1-day&lic%u0065nce=8-day",
	} {
		require.Equal(t, http.StatusUnprocessableEntity, d.MustRefuse(t, get(query, "")).Status, query)
	}
	require.Empty(t, d.Pay.Payments())
	answer := d.MustBlock(t, get("licence=1-day", ""))
	require.Equal(t, http.StatusSeeOther, answer.Status)
	require.NoError(t, d.Pay.Pay(d.Pay.Payments()[0].ID, "success"))
	ticket := "Cookie: " + answer.Ticket() + "\r\n"
	for range 2 { // the first fetch, and a later one
		d.Send(testserver.Request("GET /permits/2026?licence=1-day", ticket+testserver.FormType, "licence=8-day"))
		received := d.Service.Take()
		require.Len(t, received, 1)
		require.Equal(t, "GET /permits/2026?licence=1-day HTTP/1.1", received[0].Line)
		require.Equal(t, []string{"success"}, received[0].Values("Paygate-Status"))
		require.Empty(t, received[0].Body)
	}
	require.Equal(t, http.StatusUnprocessableEntity,
		d.MustRefuse(t, get("licence=1-day;licence=8-day", ticket)).Status)
}

// TestReturnCookieCannotChangeTheChoice: what was held was judged with its own cookies; those of the returning browser
// are laid over them, and some services read a choice from a cookie.
func TestReturnCookieCannotChangeTheChoice(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	for held, wanted := range map[string]string{
		"":                                 "sid=2",
		"Cookie: licence=1-day; sid=1\r\n": "licence=1-day; sid=2",
	} {
		before := len(d.Pay.Payments())
		answer := d.MustBlock(t,
			testserver.Request("POST /licences/priced", testserver.FormType+held, "licence=1-day"))
		require.Equal(t, http.StatusSeeOther, answer.Status)
		require.NoError(t, d.Pay.Pay(d.Pay.Payments()[before].ID, "success"))
		d.ReturnFromPay("Cookie: Licence=8-day; licence[]=8-day; sid=2; " + answer.Ticket())
		received := d.Service.Take()
		require.Len(t, received, 1)
		require.Equal(t, []string{wanted}, received[0].Values("Cookie"))
	}
}
