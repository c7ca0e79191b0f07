package matching

import (
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

// TestAmbiguousFormDoesNotGetTheCheaperButton: where another value costs more, whatever some service reads as another
// is not the button's.
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
		d.MustPassForms(t, testserver.FormType, "action=save&action=pay", "action=pay&Action[]=save", "action=pay",
			"a=1")
		d.MustPassForms(t, "Content-Type: text/plain\r\n", "action=save")
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
	d.MustPassForms(t, testserver.FormType, "application[action]=save", "application[actions]=pay",
		"applications[action]=pay",
		"application[name]action=pay", "application[x][y]=pay")
	d.MustPassForms(t, "Content-Type: application/json\r\n",
		`{"application":{"action":"save","items":[{"action":"pay"}]}}`,
		`{"other":{"application":{"action":"pay"}}}`)
}
