package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// buttons are two pay routes and a free alternative at one address.
var buttons = []string{
	"PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply", "PAYGATE_ROUTE_LICENCE_WHEN=form:action=pay",
	"PAYGATE_ROUTE_IMMEDIATE_MATCH=POST /licences/apply", "PAYGATE_ROUTE_IMMEDIATE_WHEN=form:action=renew",
}

func TestEachButtonHasItsPrice(t *testing.T) {
	t.Parallel()
	d := openDoor(t, buttons...)
	for action, pence := range map[string]int64{"pay": 2500, "renew": 3000} {
		before := len(d.pay.Payments())
		require.Equal(t, http.StatusSeeOther, d.isNotFree(t, withForm("POST /licences/apply", formType, "name=Ann&action="+action)).status)
		require.Len(t, d.pay.Payments(), before+1)
		require.Equal(t, pence, d.pay.Payments()[before].Amount)
	}
	got := d.speak(withForm("POST /licences/apply", formType, "name=Ann&action=save"))
	require.Equal(t, http.StatusOK, got.answers[0].status)
	received := d.service.take()
	require.Len(t, received, 1)
	require.Equal(t, "name=Ann&action=save", string(received[0].body))
	require.Equal(t, []string{"Paygate-Status: none"}, received[0].ours())
}

func TestTwoButtonsAtOnceAreNone(t *testing.T) {
	t.Parallel()
	d := openDoor(t, buttons...)
	for _, raw := range []string{
		withForm("POST /licences/apply", formType, "action=pay&action=renew"),
		withForm("POST /licences/apply", formType, "action=pay&Action[]=renew"),
		withForm("POST /licences/apply", formType, "action=pay;action=renew"),
		withForm("POST /licences/apply?action=renew", formType, "action=pay"),
		withForm("POST /licences/apply?x;action=renew", formType, "action=pay"),
		withForm("POST /licences/apply", formType+"Cookie: action=renew\r\n", "action=pay"),
		withForm("POST /licences/apply", "", "action=pay"),
		withForm("POST /licences/apply", "Content-Type: multipart/form-data; boundary=b\r\n", "--b\r\nContent-Disposition: form-data; name=\"action\"\r\n\r\npay\r\n--b--\r\n--b\r\nContent-Disposition: form-data; name=\"action\"\r\n\r\nrenew\r\n--b--\r\n"),
	} {
		require.Equal(t, http.StatusUnprocessableEntity, d.isRefusedWith(t, raw).status, raw)
	}
	require.Empty(t, d.pay.Payments())
}

// isRefusedWith is isNotFree for what a page of ours answers, behind which the connection goes on.
func (d *door) isRefusedWith(t *testing.T, raw string) heard {
	t.Helper()
	got := d.speak(raw)
	require.Empty(t, d.service.take())
	require.Len(t, got.answers, 1)
	require.Equal(t, "yes", got.answers[0].header.Get("Paygate-Answer"))
	return got.answers[0]
}

// TestAFreeButtonMakesNotItsNeighboursFree: a route that is free just now says nothing about another at its address.
func TestAFreeButtonMakesNotItsNeighboursFree(t *testing.T) {
	t.Parallel()
	d := openDoor(t, append(buttons, "PAYGATE_ROUTE_LICENCE_MODE=free")...)
	require.Equal(t, http.StatusSeeOther, d.isNotFree(t, withForm("POST /licences/apply", formType, "action=renew")).status)
	got := d.speak(withForm("POST /licences/apply", formType, "action=pay"))
	require.Equal(t, http.StatusOK, got.answers[0].status)
	require.Len(t, d.service.take(), 1)
	require.Contains(t, d.log.String(), "pay route is free")
	require.Len(t, d.pay.Payments(), 1)
}

// TestWhatIsNoButtonsRequestMayBeAWiderRoutes: the condition of the most specific route says nothing about the next.
func TestWhatIsNoButtonsRequestMayBeAWiderRoutes(t *testing.T) {
	t.Parallel()
	d := openDoor(t,
		"PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply", "PAYGATE_ROUTE_LICENCE_WHEN=form:action=pay",
		"PAYGATE_ROUTE_IMMEDIATE_MATCH=POST /licences/{what}", "PAYGATE_ROUTE_IMMEDIATE_REFERENCE=FINE-{path:what}", "PAYGATE_ROUTE_PRICED_MATCH=POST /other")
	for body, pence := range map[string]int64{"action=pay": 2500, "action=save": 3000} {
		before := len(d.pay.Payments())
		require.Equal(t, http.StatusSeeOther, d.isNotFree(t, withForm("POST /licences/apply", formType, body)).status, body)
		require.Len(t, d.pay.Payments(), before+1)
		require.Equal(t, pence, d.pay.Payments()[before].Amount)
	}
	d.isNotFree(t, withForm("POST /licences/APPLY", formType, "action=save"))
}

// TestOnlyAPlainFormIsTheCheaperButtons: where another value costs more, whatever some service reads as another is not the button's.
func TestOnlyAPlainFormIsTheCheaperButtons(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"on", "free", "shadow"} {
		d := openDoor(t,
			"PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply", "PAYGATE_ROUTE_LICENCE_WHEN=form:action=save", "PAYGATE_ROUTE_LICENCE_MODE="+mode,
			"PAYGATE_ROUTE_IMMEDIATE_MATCH=POST /licences/{what}", "PAYGATE_ROUTE_IMMEDIATE_REFERENCE=FINE-{path:what}", "PAYGATE_ROUTE_PRICED_MATCH=POST /other")
		for _, raw := range []string{
			withForm("POST /licences/apply", formType, "action=save&action=pay"),
			withForm("POST /licences/apply", formType, "action=pay&Action[]=save"),
			withForm("POST /licences/apply", formType, "action=save&Action[]=pay"),
			withForm("POST /licences/apply", formType, "a=1&[action]=save"),
			withForm("POST /licences/apply?action=save", formType, "a=1"),
			withForm("POST /licences/apply?action=pay", formType, "action=save"),
			withForm("POST /licences/apply", formType+"Cookie: action=save\r\n", "a=1"),
			withForm("POST /licences/apply", "Content-Type: text/plain\r\n", "action=save"),
		} {
			require.Equal(t, http.StatusUnprocessableEntity, d.isRefusedWith(t, raw).status, raw)
		}
		require.Empty(t, d.pay.Payments())
		if mode != "on" {
			d.isFree(t, formType, "name=Ann&action=save&next=pay")
		}
		require.Equal(t, http.StatusSeeOther, d.isNotFree(t, withForm("POST /licences/apply", formType, "action=pay")).status)
		require.EqualValues(t, 3000, d.pay.Payments()[0].Amount)
	}
}

// TestNothingIsRefusedWhereNothingCosts: a form that is two routes' passes where both are free or in shadow.
func TestNothingIsRefusedWhereNothingCosts(t *testing.T) {
	t.Parallel()
	for _, other := range []string{"POST /licences/{what}", "POST /licences/apply"} {
		over := []string{
			"PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply", "PAYGATE_ROUTE_LICENCE_WHEN=form:action=save", "PAYGATE_ROUTE_LICENCE_MODE=shadow",
			"PAYGATE_ROUTE_IMMEDIATE_MATCH=" + other, "PAYGATE_ROUTE_IMMEDIATE_MODE=free", "PAYGATE_ROUTE_PRICED_MATCH=POST /other",
		}
		if other == "POST /licences/apply" {
			over = append(over, "PAYGATE_ROUTE_IMMEDIATE_WHEN=form:action=pay")
		}
		d := openDoor(t, over...)
		d.isFree(t, formType, "action=save&action=pay", "action=pay&Action[]=save", "action=pay", "a=1")
		d.isFree(t, "Content-Type: text/plain\r\n", "action=save")
	}
}

// TestNoReadingChoosesACheaperPrice: what some service reads as another choice makes the choice unclear.
func TestNoReadingChoosesACheaperPrice(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	parts := "Content-Type: multipart/form-data; boundary=b\r\n"
	cheap := "--b\r\nContent-Disposition: form-data; name=\"licence\"\r\n\r\n1-day\r\n"
	dear := strings.Replace(cheap, "1-day", "8-day", 1)
	for name, raw := range map[string]string{
		"behind the end":            withForm("POST /licences/priced", parts, cheap+"--b--\r\n"+dear+"--b--\r\n"),
		"another's boundary":        withForm("POST /licences/priced", "Content-Type: multipart/form-data; xboundary=c; boundary=b\r\n", cheap+"--b--\r\n--c\r\n"+strings.TrimPrefix(dear, "--b\r\n")+"--c--\r\n"),
		"a part in another coding":  withForm("POST /licences/priced", parts, cheap+strings.Replace(dear, "\r\n\r\n8-day", "\r\nContent-Transfer-Encoding: base64\r\n\r\nOC1kYXk=", 1)+"--b--\r\n"),
		"a model before":            withForm("POST /licences/priced", formType, "licence=1-day&model.licence=8-day"),
		"brackets":                  withForm("POST /licences/priced", formType, "licence=1-day&[licence]=8-day"),
		"the query by semicolons":   withForm("POST /licences/priced?x;licence=8-day", formType, "licence=1-day"),
		"the query by %u":           withForm("POST /licences/priced?licence=%u0038-day", formType, "licence=1-day"),
		"a cookie":                  withForm("POST /licences/priced", formType+"Cookie: licence=8-day\r\n", "licence=1-day"),
		"a character set":           withForm("POST /licences/priced", "Content-Type: application/x-www-form-urlencoded; charset=utf-7\r\n", "licence=1-day&x=1"),
		"a type read by PHP alone":  withForm("POST /licences/priced", "Content-Type: application/x-www-form-urlencoded, x\r\n", "licence=1-day"),
		"a JSON number beside":      withForm("POST /licences/priced", "Content-Type: application/json\r\n", `{"licence":"1-day","Licence":8}`),
		"JSON in a form":            withForm("POST /licences/priced", formType, `{"licence":"8-day"}&licence=1-day`),
		"a mark of order of bytes":  withForm("POST /licences/priced", formType, "\xef\xbb\xbflicence=8-day&licence=1-day"),
		"a choice in another place": withForm("POST /licences/priced", formType, "licence=1-day&"+"licence%5B%5D=8-day"),
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, http.StatusUnprocessableEntity, d.isRefusedWith(t, raw).status)
		})
	}
	require.Empty(t, d.pay.Payments())
	for _, raw := range []string{
		withForm("POST /licences/priced", formType+"Cookie: licence=1-day; old=8-day\r\n", "licence=1-day&previous=8-day"),
		withForm("POST /licences/priced?licence_holder=8-day", parts, cheap+"--b\r\nContent-Disposition: form-data; name=\"holder\"\r\n\r\nlicence=8-day\r\n--b--\r\n"),
	} {
		require.Equal(t, http.StatusSeeOther, d.isNotFree(t, raw).status)
	}
	for _, payment := range d.pay.Payments() {
		require.EqualValues(t, 600, payment.Amount)
	}
}

// TestAFieldOfAModelMayChooseThePrice: Rails and PHP have names with brackets.
func TestAFieldOfAModelMayChooseThePrice(t *testing.T) {
	t.Parallel()
	d := openDoor(t, "PAYGATE_ROUTE_PRICED_PRICE_FIELD=application[licence]")
	require.Equal(t, http.StatusSeeOther, d.isNotFree(t, withForm("POST /licences/priced", formType, "application[name]=Ann&application[licence]=8-day")).status)
	require.EqualValues(t, 1350, d.pay.Payments()[0].Amount)
	require.Equal(t, http.StatusUnprocessableEntity, d.isRefusedWith(t, withForm("POST /licences/priced", formType, "application[licence]=1-day&application.licence=8-day")).status)
}

// TestAPassIsWhatItsAddressSays: a body, or a query that is read in two ways, would ask for something else than was paid for.
func TestAPassIsWhatItsAddressSays(t *testing.T) {
	t.Parallel()
	d := openDoor(t, "PAYGATE_ROUTE_PRICED_MATCH=GET /permits/{year}")
	get := func(query, header string) string {
		return "GET /permits/2026?" + query + " HTTP/1.1\r\nHost: apply.example\r\n" + header + "\r\n"
	}
	for _, query := range []string{
		"licence=1-day;licence=8-day", "licence=1-day&x;licence=8-day", "licence=1-day&licence[]=8-day", "licence=1-day&Licence=8-day", "licence=1-day&[licence]=8-day",
		"licence=1-day&licence=%38-day", "licence=1-day&m.licence=8-day", "licence=1-day&licence%00=8-day", "licence=1-day&lic%u0065nce=8-day",
	} {
		require.Equal(t, http.StatusUnprocessableEntity, d.isRefusedWith(t, get(query, "")).status, query)
	}
	require.Empty(t, d.pay.Payments())
	answer := d.isNotFree(t, get("licence=1-day", ""))
	require.Equal(t, http.StatusSeeOther, answer.status)
	require.NoError(t, d.pay.Pay(d.pay.Payments()[0].ID, "success"))
	ticket := "Cookie: " + cookieOf(answer) + "\r\n"
	for range 2 { // the first fetch, and a later one
		d.speak(withForm("GET /permits/2026?licence=1-day", ticket+formType, "licence=8-day"))
		received := d.service.take()
		require.Len(t, received, 1)
		require.Equal(t, "GET /permits/2026?licence=1-day HTTP/1.1", received[0].line)
		require.Equal(t, []string{"success"}, received[0].values("Paygate-Status"))
		require.Empty(t, received[0].body)
	}
	require.Equal(t, http.StatusUnprocessableEntity, d.isRefusedWith(t, get("licence=1-day;licence=8-day", ticket)).status)
}

// TestACookieOfTheReturnDecidesNothing: what was held was judged with its own cookies; those of the returning browser are laid
// over them, and some services read a choice from a cookie.
func TestACookieOfTheReturnDecidesNothing(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	for held, wanted := range map[string]string{"": "sid=2", "Cookie: licence=1-day; sid=1\r\n": "licence=1-day; sid=2"} {
		before := len(d.pay.Payments())
		answer := d.isNotFree(t, withForm("POST /licences/priced", formType+held, "licence=1-day"))
		require.Equal(t, http.StatusSeeOther, answer.status)
		require.NoError(t, d.pay.Pay(d.pay.Payments()[before].ID, "success"))
		d.comesBack("Cookie: Licence=8-day; licence[]=8-day; sid=2; " + cookieOf(answer))
		received := d.service.take()
		require.Len(t, received, 1)
		require.Equal(t, []string{wanted}, received[0].values("Cookie"))
	}
}

// TestAFieldThatIsThereIsPressed: services that ask which button is there do not ask for its value.
func TestAFieldThatIsThereIsPressed(t *testing.T) {
	t.Parallel()
	d := openDoor(t, "PAYGATE_ROUTE_LICENCE_WHEN=form:btnPay")
	for _, body := range []string{
		"btnPay=Pay+now", "btnPay=", "btnPay", "a=1&BTNPAY=x", "btnPay[]=1", "btnPay.x=3&btnPay.y=4", "btnPay_x=3", "btnPay.X=3",
		"ctl00%24Main%24btnPay=Pay+now", "ctl00%24Main%24btnPay.x=3", "form%3AbtnPay=1", "a=1&[btnPay]x=1", "btn%50ay=1",
		"__EVENTTARGET=btnPay&__EVENTARGUMENT=", "__EVENTTARGET=ctl00%24Main%24btnPay&btnSave=", "__eventtarget=btnpay",
	} {
		require.Equal(t, http.StatusSeeOther, d.isNotFree(t, withForm("POST /licences/apply", formType, body)).status, body)
	}
	for header, body := range map[string]string{
		"Content-Type: application/json\r\n":                `{"btnPay":null}`,
		"Content-Type: multipart/form-data; boundary=b\r\n": "--b\r\nContent-Disposition: form-data; name=\"btnPay.x\"\r\n\r\n3\r\n--b--\r\n",
	} {
		require.Equal(t, http.StatusSeeOther, d.isNotFree(t, withForm("POST /licences/apply", header, body)).status, body)
	}
	d.isFree(t, formType,
		"btnSave=Save", "", "name=btnPay", "btnPayLater=1", "__EVENTTARGET=btnSave&__EVENTARGUMENT=btnPay", "__EVENTTARGET=&name=Ann", "options[btnPay]=no", "x=3&y=4",
		"btnPay2.x=3")
}

// isFree requires that each form reaches the service as it is.
func (d *door) isFree(t *testing.T, header string, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		got := d.speak(withForm("POST /licences/apply", header, body))
		require.Len(t, got.answers, 1, body)
		require.Equal(t, http.StatusOK, got.answers[0].status, body)
		received := d.service.take()
		require.Len(t, received, 1, body)
		require.Equal(t, body, string(received[0].body))
	}
}

// TestAButtonIsPressedHoweverItIsSent: ASP.NET presses a button by its name alone, whatever condition there is on its value.
func TestAButtonIsPressedHoweverItIsSent(t *testing.T) {
	t.Parallel()
	d := openDoor(t, "PAYGATE_ROUTE_LICENCE_WHEN=form:btnPay=Pay now")
	for _, body := range []string{"btnPay=Pay+now", "__EVENTTARGET=btnPay", "__EVENTTARGET=ctl00%24btnPay&x=1"} {
		require.Equal(t, http.StatusSeeOther, d.isNotFree(t, withForm("POST /licences/apply", formType, body)).status, body)
	}
	d.isFree(t, formType, "btnPay=", "btnPay=Save", "__EVENTTARGET=btnPay&btnPay=Save", "__EVENTTARGET=btnSave")
}

func TestABracketedNameIsReadToTheBracketThatCloses(t *testing.T) {
	t.Parallel()
	d := openDoor(t, "PAYGATE_ROUTE_LICENCE_WHEN=form:application[action]=pay")
	part := func(name string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\npay\r\n--b--\r\n"
	}
	for _, name := range []string{
		"application[action]", "application[action]x", "application[action].x", "application[action][]", "application[action]]", "application[action", "[application][action]",
		"[application]x[action]y", " application[action]x", "application[action] x", "application.action", "application[[action]]", "application]action", "Application[Action]x",
	} {
		require.Equal(t, http.StatusSeeOther, d.isNotFree(t, withForm("POST /licences/apply", formType, "a=1&"+strings.ReplaceAll(name, " ", "+")+"=pay")).status, name)
		require.Equal(t, http.StatusSeeOther, d.isNotFree(t, withForm("POST /licences/apply", "Content-Type: multipart/form-data; boundary=b\r\n", part(name))).status, name)
	}
	for _, body := range []string{
		`{"application":{"action":"pay"}}`, `{"application":{"action":["pay"]}}`, `{"application":{"name":"Ann","action":{"x":"pay"}}}`,
	} {
		require.Equal(t, http.StatusSeeOther, d.isNotFree(t, withForm("POST /licences/apply", "Content-Type: application/json\r\n", body)).status, body)
	}
	for _, body := range []string{"application[action]x=y]=pay", "application%5Baction%5Dx=y%5d=pay", "a=1&application[action]x=" + strings.Repeat("y", 70_000) + "]=pay"} {
		d.isNotFree(t, withForm("POST /licences/apply", formType, body))
		if len(body) < 1000 {
			d.isNotFree(t, withForm("POST /licences/apply?"+body, formType, "a=1"))
		}
	}
	require.Equal(t, http.StatusUnprocessableEntity,
		d.isRefusedWith(t, withForm("POST /licences/apply", "Content-Type: application/json\r\n", `{"application[action]":"save"}`)).status)
	d.isFree(t, formType, "application[action]=save", "application[actions]=pay", "applications[action]=pay", "application[name]action=pay", "application[x][y]=pay")
	d.isFree(t, "Content-Type: application/json\r\n", `{"application":{"action":"save","items":[{"action":"pay"}]}}`, `{"other":{"application":{"action":"pay"}}}`)
}

func TestNestedNamesChooseOnePrice(t *testing.T) {
	t.Parallel()
	d := openDoor(t, "PAYGATE_ROUTE_PRICED_PRICE_FIELD=application[licence]")
	asJSON := "Content-Type: application/json\r\n"
	for raw, pence := range map[string]int64{
		withForm("POST /licences/priced", asJSON, `{"application":{"name":"Ann","licence":"8-day"}}`):                      1350,
		withForm("POST /licences/priced", asJSON, `{"application":{"licence":"1-day","old":[{"licence":"8-day"}]},"n":1}`): 600,
		withForm("POST /licences/priced", formType, "application[licence]=1-day&application[holder]=8-day"):                600,
	} {
		before := len(d.pay.Payments())
		require.Equal(t, http.StatusSeeOther, d.isNotFree(t, raw).status, raw)
		require.Equal(t, pence, d.pay.Payments()[before].Amount, raw)
	}
	before := len(d.pay.Payments())
	for _, raw := range []string{
		withForm("POST /licences/priced", formType, "application[licence]=1-day&application[licence]x=8-day"),
		withForm("POST /licences/priced", formType, "application[licence]=1-day&application[licence].x=8-day"),
		withForm("POST /licences/priced", formType, "application[licence]=1-day&[application]x[licence]=8-day"),
		withForm("POST /licences/priced", formType, "application[licence]=1-day&x=1;application[licence]=8-day"),
		withForm("POST /licences/priced", asJSON, `{"application[licence]":"1-day","application":{"licence":"8-day"}}`),
		withForm("POST /licences/priced", asJSON, `{"application[licence]":"1-day"}`),
		withForm("POST /licences/priced", asJSON, `{"application":{"licence":["1-day","8-day"]}}`),
		withForm("POST /licences/priced", asJSON, `{"application":{"licence":"1-day"},"application":{"licence":"8-day"}}`),
		withForm("POST /licences/priced", asJSON, `{"application":{"licence":8}}`),
		withForm("POST /licences/priced?application[licence]=1-day", formType, "name=Ann"),
		withForm("POST /licences/priced?application[licence]=1-day", "", ""),
		withForm("POST /licences/priced?application[licence]=1-day", formType, "application[licence]=1-day"),
		withForm("POST /licences/priced?x;application[licence]=1-day", formType, "name=Ann"),
		withForm("POST /licences/priced", formType+"Cookie: application[licence]=1-day\r\n", "name=Ann"),
	} {
		require.Equal(t, http.StatusUnprocessableEntity, d.isRefusedWith(t, raw).status, raw)
	}
	require.Len(t, d.pay.Payments(), before)
}

// TestAnUnclearFormIsNeitherChargedNorFree: whoever pressed a free button does not pay, and whoever hides the other one gets nothing.
func TestAnUnclearFormIsNeitherChargedNorFree(t *testing.T) {
	t.Parallel()
	d := openDoor(t, "PAYGATE_ROUTE_LICENCE_WHEN=form:action=pay")
	parts := "Content-Type: multipart/form-data; boundary=b\r\n"
	part := "--b\r\nContent-Disposition: form-data; name=\"action\"\r\n\r\nsave\r\n"
	for _, raw := range []string{
		withForm("POST /licences/apply", parts, part),
		withForm("POST /licences/apply", parts, part+"--b--\r\n"+strings.Replace(part, "save", "pay", 1)+"--b--\r\n"),
		withForm("POST /licences/apply", parts, strings.ReplaceAll(part, "\r\n", "\n")+"--b--\n"),
		withForm("POST /licences/apply", parts, strings.Replace(part, "\r\n\r\nsave", "\r\nContent-Transfer-Encoding: base64\r\n\r\ncGF5", 1)+"--b--\r\n"),
		withForm("POST /licences/apply", "", "action=save"),
		withForm("POST /licences/apply", "Content-Type: text/plain\r\n", "action=save"),
		withForm("POST /licences/apply", formType+"Content-Encoding: gzip\r\n", "\x1f\x8b\x08"),
		withForm("POST /licences/apply", formType+"Content-Encoding:\r\nContent-Encoding: gzip\r\n", "\x1f\x8b\x08"),
		withForm("POST /licences/apply", "Content-Type: application/x-www-form-urlencoded; charset=utf-7\r\n", "action=save"),
		withForm("POST /licences/apply", "Content-Type: application/json\r\n", `{"action":"save",}`),
		withForm("POST /licences/apply", "Content-Type: application/json\r\n", `{"name":"Ann","__proto__":{"action":"pay"}}`),
		withForm("POST /licences/apply", formType, "action=save&Action[]=pay"),
		withForm("POST /licences/apply", formType, "action=save&note=1;action=pay"),
		withForm("POST /licences/apply?action=pay", formType, "action=save"),
		withForm("POST /licences/apply", formType+"Cookie: action=pay\r\n", "action=save"),
		withForm("POST /licences/apply", formType+"Cookie: action=pay\r\n", "save=1"), // nobody pressed a cookie
	} {
		refused := d.isRefusedWith(t, raw)
		require.Equal(t, http.StatusUnprocessableEntity, refused.status, raw)
		require.Contains(t, string(refused.body), "We could not read your form", raw)
	}
	require.Empty(t, d.pay.Payments())
	require.Contains(t, d.log.String(), "unclear form")
}
