package matching

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// buttons are two pay routes and a free alternative at one address.
var buttons = []string{
	"PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply", "PAYGATE_ROUTE_LICENCE_WHEN=form:action=pay",
	"PAYGATE_ROUTE_IMMEDIATE_MATCH=POST /licences/apply", "PAYGATE_ROUTE_IMMEDIATE_WHEN=form:action=renew",
}

func TestEachButtonHasItsPrice(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, buttons...)
	for action, pence := range map[string]int64{"pay": 2500, "renew": 3000} {
		before := len(d.Pay.Payments())
		require.Equal(t, http.StatusSeeOther,
			d.MustBlock(t, testserver.Request("POST /licences/apply", testserver.FormType,
				"name=Ann&action="+action)).Status)
		require.Len(t, d.Pay.Payments(), before+1)
		require.Equal(t, pence, d.Pay.Payments()[before].Amount)
	}
	got := d.Send(testserver.Request("POST /licences/apply", testserver.FormType, "name=Ann&action=save"))
	require.Equal(t, http.StatusOK, got.Answers[0].Status)
	received := d.Service.Take()
	require.Len(t, received, 1)
	require.Equal(t, "name=Ann&action=save", string(received[0].Body))
	require.Equal(t, []string{"Paygate-Status: none"}, received[0].PaygateHeaders())
}

func TestTwoButtonsAtOnceAreRefused(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, buttons...)
	for _, raw := range []string{
		testserver.Request("POST /licences/apply", testserver.FormType, "action=pay&action=renew"),
		testserver.Request("POST /licences/apply", testserver.FormType, "action=pay&Action[]=renew"),
		testserver.Request("POST /licences/apply", testserver.FormType, "action=pay;action=renew"),
		testserver.Request("POST /licences/apply?action=renew", testserver.FormType, "action=pay"),
		testserver.Request("POST /licences/apply?x;action=renew", testserver.FormType, "action=pay"),
		testserver.Request("POST /licences/apply", testserver.FormType+"Cookie: action=renew\r\n", "action=pay"),
		testserver.Request("POST /licences/apply", "", "action=pay"),
		testserver.Request("POST /licences/apply", "Content-Type: multipart/form-data; boundary=b\r\n",
			"--b\r\nContent-Disposition: form-data; "+
				"name=\"action\"\r\n\r\npay\r\n--b--\r\n--b\r\nContent-Disposition: form-data; "+
				"name=\"action\"\r\n\r\nrenew\r\n--b--\r\n"),
	} {
		require.Equal(t, http.StatusUnprocessableEntity, d.MustRefuse(t, raw).Status, raw)
	}
	require.Empty(t, d.Pay.Payments())
}

// TestFreeButtonDoesNotMakeOthersFree: a route that is free just now says nothing about another at its address.
func TestFreeButtonDoesNotMakeOthersFree(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, append(buttons, "PAYGATE_ROUTE_LICENCE_MODE=free")...)
	require.Equal(t, http.StatusSeeOther,
		d.MustBlock(t, testserver.Request("POST /licences/apply", testserver.FormType, "action=renew")).Status)
	got := d.Send(testserver.Request("POST /licences/apply", testserver.FormType, "action=pay"))
	require.Equal(t, http.StatusOK, got.Answers[0].Status)
	require.Len(t, d.Service.Take(), 1)
	require.Contains(t, d.Log.String(), "pay route is free")
	require.Len(t, d.Pay.Payments(), 1)
}

// TestUnmatchedButtonFallsBackToAWiderRoute: the condition of the most specific route says nothing about the next.
func TestUnmatchedButtonFallsBackToAWiderRoute(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t,
		"PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply", "PAYGATE_ROUTE_LICENCE_WHEN=form:action=pay",
		"PAYGATE_ROUTE_IMMEDIATE_MATCH=POST /licences/{what}", "PAYGATE_ROUTE_IMMEDIATE_REFERENCE=FINE-{path:what}",
		"PAYGATE_ROUTE_PRICED_MATCH=POST /other")
	for body, pence := range map[string]int64{"action=pay": 2500, "action=save": 3000} {
		before := len(d.Pay.Payments())
		require.Equal(t, http.StatusSeeOther,
			d.MustBlock(t, testserver.Request("POST /licences/apply", testserver.FormType, body)).Status, body)
		require.Len(t, d.Pay.Payments(), before+1)
		require.Equal(t, pence, d.Pay.Payments()[before].Amount)
	}
	d.MustBlock(t, testserver.Request("POST /licences/APPLY", testserver.FormType, "action=save"))
}

// TestAmbiguousFormDoesNotGetTheCheaperButton: where another value costs more, whatever some service reads as another is not
// the button's.
func TestAmbiguousFormDoesNotGetTheCheaperButton(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"on", "free", "shadow"} {
		d := testserver.StartRaw(t,
			"PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply", "PAYGATE_ROUTE_LICENCE_WHEN=form:action=save",
			"PAYGATE_ROUTE_LICENCE_MODE="+mode,
			"PAYGATE_ROUTE_IMMEDIATE_MATCH=POST /licences/{what}", "PAYGATE_ROUTE_IMMEDIATE_REFERENCE=FINE-{path:what}",
			"PAYGATE_ROUTE_PRICED_MATCH=POST /other")
		for _, raw := range []string{
			testserver.Request("POST /licences/apply", testserver.FormType, "action=save&action=pay"),
			testserver.Request("POST /licences/apply", testserver.FormType, "action=pay&Action[]=save"),
			testserver.Request("POST /licences/apply", testserver.FormType, "action=save&Action[]=pay"),
			testserver.Request("POST /licences/apply", testserver.FormType, "a=1&[action]=save"),
			testserver.Request("POST /licences/apply?action=save", testserver.FormType, "a=1"),
			testserver.Request("POST /licences/apply?action=pay", testserver.FormType, "action=save"),
			testserver.Request("POST /licences/apply", testserver.FormType+"Cookie: action=save\r\n", "a=1"),
			testserver.Request("POST /licences/apply", "Content-Type: text/plain\r\n", "action=save"),
		} {
			require.Equal(t, http.StatusUnprocessableEntity, d.MustRefuse(t, raw).Status, raw)
		}
		require.Empty(t, d.Pay.Payments())
		if mode != "on" {
			d.MustPassForms(t, testserver.FormType, "name=Ann&action=save&next=pay")
		}
		require.Equal(t, http.StatusSeeOther,
			d.MustBlock(t, testserver.Request("POST /licences/apply", testserver.FormType, "action=pay")).Status)
		require.EqualValues(t, 3000, d.Pay.Payments()[0].Amount)
	}
}

// TestFreeRoutesRefuseNoForm: a form that is two routes' passes where both are free or in shadow.
func TestFreeRoutesRefuseNoForm(t *testing.T) {
	t.Parallel()
	for _, other := range []string{"POST /licences/{what}", "POST /licences/apply"} {
		over := []string{
			"PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply", "PAYGATE_ROUTE_LICENCE_WHEN=form:action=save",
			"PAYGATE_ROUTE_LICENCE_MODE=shadow",
			"PAYGATE_ROUTE_IMMEDIATE_MATCH=" + other, "PAYGATE_ROUTE_IMMEDIATE_MODE=free",
			"PAYGATE_ROUTE_PRICED_MATCH=POST /other",
		}
		if other == "POST /licences/apply" {
			over = append(over, "PAYGATE_ROUTE_IMMEDIATE_WHEN=form:action=pay")
		}
		d := testserver.StartRaw(t, over...)
		d.MustPassForms(t, testserver.FormType, "action=save&action=pay", "action=pay&Action[]=save", "action=pay", "a=1")
		d.MustPassForms(t, "Content-Type: text/plain\r\n", "action=save")
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

// TestPresentFieldCountsAsPressed: services that ask which button is there do not ask for its value.
func TestPresentFieldCountsAsPressed(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_LICENCE_WHEN=form:btnPay")
	for _, body := range []string{
		"btnPay=Pay+now", "btnPay=", "btnPay", "a=1&BTNPAY=x", "btnPay[]=1", "btnPay.x=3&btnPay.y=4", "btnPay_x=3",
		"btnPay.X=3",
		"ctl00%24Main%24btnPay=Pay+now", "ctl00%24Main%24btnPay.x=3", "form%3AbtnPay=1", "a=1&[btnPay]x=1",
		"btn%50ay=1",
		"__EVENTTARGET=btnPay&__EVENTARGUMENT=", "__EVENTTARGET=ctl00%24Main%24btnPay&btnSave=", "__eventtarget=btnpay",
	} {
		require.Equal(t, http.StatusSeeOther,
			d.MustBlock(t, testserver.Request("POST /licences/apply", testserver.FormType, body)).Status, body)
	}
	for header, body := range map[string]string{
		"Content-Type: application/json\r\n": `{"btnPay":null}`,
		"Content-Type: multipart/form-data; boundary=b\r\n": "--b\r\nContent-Disposition: form-data; " +
			"name=\"btnPay.x\"\r\n\r\n3\r\n--b--\r\n",
	} {
		require.Equal(t, http.StatusSeeOther,
			d.MustBlock(t, testserver.Request("POST /licences/apply", header, body)).Status, body)
	}
	d.MustPassForms(t, testserver.FormType,
		"btnSave=Save", "", "name=btnPay", "btnPayLater=1", "__EVENTTARGET=btnSave&__EVENTARGUMENT=btnPay",
		"__EVENTTARGET=&name=Ann", "options[btnPay]=no", "x=3&y=4",
		"btnPay2.x=3")
}

// TestEventTargetPressesAButton: ASP.NET presses a button by its name alone, whatever condition there is on its
// value.
func TestEventTargetPressesAButton(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_LICENCE_WHEN=form:btnPay=Pay now")
	for _, body := range []string{"btnPay=Pay+now", "__EVENTTARGET=btnPay", "__EVENTTARGET=ctl00%24btnPay&x=1"} {
		require.Equal(t, http.StatusSeeOther,
			d.MustBlock(t, testserver.Request("POST /licences/apply", testserver.FormType, body)).Status, body)
	}
	d.MustPassForms(t, testserver.FormType, "btnPay=", "btnPay=Save", "__EVENTTARGET=btnPay&btnPay=Save",
		"__EVENTTARGET=btnSave")
}

func TestBracketedNameEndsAtItsClosingBracket(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_LICENCE_WHEN=form:application[action]=pay")
	part := func(name string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\npay\r\n--b--\r\n"
	}
	for _, name := range []string{
		"application[action]", "application[action]x", "application[action].x", "application[action][]",
		"application[action]]", "application[action", "[application][action]",
		"[application]x[action]y", " application[action]x", "application[action] x", "application.action",
		"application[[action]]", "application]action", "Application[Action]x",
	} {
		require.Equal(t, http.StatusSeeOther,
			d.MustBlock(t, testserver.Request("POST /licences/apply", testserver.FormType,
				"a=1&"+strings.ReplaceAll(name, " ", "+")+"=pay")).Status, name)
		require.Equal(t, http.StatusSeeOther,
			d.MustBlock(t, testserver.Request("POST /licences/apply",
				"Content-Type: multipart/form-data; boundary=b\r\n", part(name))).Status, name)
	}
	for _, body := range []string{
		`{"application":{"action":"pay"}}`, `{"application":{"action":["pay"]}}`,
		`{"application":{"name":"Ann","action":{"x":"pay"}}}`,
	} {
		require.Equal(t, http.StatusSeeOther,
			d.MustBlock(t, testserver.Request("POST /licences/apply", "Content-Type: application/json\r\n",
				body)).Status, body)
	}
	for _, body := range []string{
		"application[action]x=y]=pay", "application%5Baction%5Dx=y%5d=pay",
		"a=1&application[action]x=" + strings.Repeat("y", 70_000) + "]=pay",
	} {
		d.MustBlock(t, testserver.Request("POST /licences/apply", testserver.FormType, body))
		if len(body) < 1000 {
			d.MustBlock(t, testserver.Request("POST /licences/apply?"+body, testserver.FormType, "a=1"))
		}
	}
	require.Equal(t, http.StatusUnprocessableEntity,
		d.MustRefuse(t, testserver.Request("POST /licences/apply", "Content-Type: application/json\r\n",
			`{"application[action]":"save"}`)).Status)
	d.MustPassForms(t, testserver.FormType, "application[action]=save", "application[actions]=pay", "applications[action]=pay",
		"application[name]action=pay", "application[x][y]=pay")
	d.MustPassForms(t, "Content-Type: application/json\r\n", `{"application":{"action":"save","items":[{"action":"pay"}]}}`,
		`{"other":{"application":{"action":"pay"}}}`)
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

// TestAmbiguousFormIsRefused: whoever pressed a free button does not pay, and whoever hides the other one
// gets nothing.
func TestAmbiguousFormIsRefused(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_LICENCE_WHEN=form:action=pay")
	parts := "Content-Type: multipart/form-data; boundary=b\r\n"
	part := "--b\r\nContent-Disposition: form-data; name=\"action\"\r\n\r\nsave\r\n"
	for _, raw := range []string{
		testserver.Request("POST /licences/apply", parts, part),
		testserver.Request("POST /licences/apply", parts,
			part+"--b--\r\n"+strings.Replace(part, "save", "pay", 1)+"--b--\r\n"),
		testserver.Request("POST /licences/apply", parts, strings.ReplaceAll(part, "\r\n", "\n")+"--b--\n"),
		testserver.Request("POST /licences/apply", parts,
			strings.Replace(part, "\r\n\r\nsave", "\r\nContent-Transfer-Encoding: base64\r\n\r\ncGF5", 1)+"--b--\r\n"),
		testserver.Request("POST /licences/apply", "", "action=save"),
		testserver.Request("POST /licences/apply", "Content-Type: text/plain\r\n", "action=save"),
		testserver.Request("POST /licences/apply", testserver.FormType+"Content-Encoding: gzip\r\n", "\x1f\x8b\x08"),
		testserver.Request("POST /licences/apply",
			testserver.FormType+"Content-Encoding:\r\nContent-Encoding: gzip\r\n", "\x1f\x8b\x08"),
		testserver.Request("POST /licences/apply",
			"Content-Type: application/x-www-form-urlencoded; charset=utf-7\r\n", "action=save"),
		testserver.Request("POST /licences/apply", "Content-Type: application/json\r\n", `{"action":"save",}`),
		testserver.Request("POST /licences/apply", "Content-Type: application/json\r\n",
			`{"name":"Ann","__proto__":{"action":"pay"}}`),
		testserver.Request("POST /licences/apply", testserver.FormType, "action=save&Action[]=pay"),
		testserver.Request("POST /licences/apply", testserver.FormType, "action=save&note=1;action=pay"),
		testserver.Request("POST /licences/apply?action=pay", testserver.FormType, "action=save"),
		testserver.Request("POST /licences/apply", testserver.FormType+"Cookie: action=pay\r\n", "action=save"),
		// nobody pressed a cookie
		testserver.Request("POST /licences/apply", testserver.FormType+"Cookie: action=pay\r\n", "save=1"),
	} {
		refused := d.MustRefuse(t, raw)
		require.Equal(t, http.StatusUnprocessableEntity, refused.Status, raw)
		require.Contains(t, string(refused.Body), "We could not read your form", raw)
	}
	require.Empty(t, d.Pay.Payments())
	require.Contains(t, d.Log.String(), "unclear form")
}

func TestEncodedFormIsRefused(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, testserver.WhenPayButton)
	var packed strings.Builder
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, "action=pay&name=Ann")
	require.NoError(t, z.Close())
	for _, coding := range []string{"gzip", "GZIP", "x-gzip", "deflate", "br", "identity, gzip"} {
		header := testserver.FormType + "Content-Encoding: " + coding + "\r\n"
		refused := d.MustRefuse(t, testserver.Request("POST /licences/apply", header, packed.String()))
		require.Equal(t, http.StatusUnprocessableEntity, refused.Status, coding)
	}
}
