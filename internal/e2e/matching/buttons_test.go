package matching

import (
	"net/http"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// buttons are the settings of two pay routes at one address, where other buttons are free.
var buttons = []string{
	"PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply", "PAYGATE_ROUTE_LICENCE_WHEN=form:action=pay",
	"PAYGATE_ROUTE_IMMEDIATE_MATCH=POST /licences/apply", "PAYGATE_ROUTE_IMMEDIATE_WHEN=form:action=renew",
}

func TestEachButtonHasItsPrice(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, buttons...)
	for action, pence := range map[string]int64{"pay": 2500, "renew": 3000} {
		before := len(d.Pay.Payments())
		d.MustHold(t, applyForm("name=Ann&action="+action))
		require.Len(t, d.Pay.Payments(), before+1)
		require.Equal(t, pence, d.Pay.Payments()[before].Amount)
	}
	got := d.Send(applyForm("name=Ann&action=save"))
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
		applyForm("action=pay&action=renew"),
		applyForm("action=pay&Action[]=renew"),
		applyForm("action=pay;action=renew"),
		post("/licences/apply?action=renew", formType, "action=pay"),
		post("/licences/apply?x;action=renew", formType, "action=pay"),
		applyWith(formType+"Cookie: action=renew\r\n", "action=pay"),
		applyWith("", "action=pay"),
		applyWith(multipartType, part("action", "pay")+end+part("action", "renew")+end),
	} {
		d.MustRefuse(t, raw)
	}
	require.Empty(t, d.Pay.Payments())
}

func TestFreeButtonDoesNotMakeOthersFree(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, append(buttons, "PAYGATE_ROUTE_LICENCE_MODE=free")...)
	d.MustHold(t, applyForm("action=renew"))
	got := d.Send(applyForm("action=pay"))
	require.Equal(t, http.StatusOK, got.Answers[0].Status)
	require.Len(t, d.Service.Take(), 1)
	require.Contains(t, d.Log.String(), "pay route is free")
	require.Len(t, d.Pay.Payments(), 1)
}

// A request that does not meet the condition of the most specific route can match the next one.
func TestUnmatchedButtonFallsBackToAWiderRoute(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t,
		"PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply", "PAYGATE_ROUTE_LICENCE_WHEN=form:action=pay",
		"PAYGATE_ROUTE_IMMEDIATE_MATCH=POST /licences/{what}", "PAYGATE_ROUTE_IMMEDIATE_REFERENCE=FINE-{path:what}",
		"PAYGATE_ROUTE_PRICED_MATCH=POST /other")
	for body, pence := range map[string]int64{"action=pay": 2500, "action=save": 3000} {
		before := len(d.Pay.Payments())
		d.MustHold(t, applyForm(body))
		require.Len(t, d.Pay.Payments(), before+1)
		require.Equal(t, pence, d.Pay.Payments()[before].Amount)
	}
	d.MustBlock(t, post("/licences/APPLY", formType, "action=save"))
}

// A form that some server reads as the dearer button is refused.
func TestAmbiguousFormDoesNotGetTheCheaperButton(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"on", "free", "shadow"} {
		d := testserver.StartRaw(t,
			"PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply", "PAYGATE_ROUTE_LICENCE_WHEN=form:action=save",
			"PAYGATE_ROUTE_LICENCE_MODE="+mode,
			"PAYGATE_ROUTE_IMMEDIATE_MATCH=POST /licences/{what}", "PAYGATE_ROUTE_IMMEDIATE_REFERENCE=FINE-{path:what}",
			"PAYGATE_ROUTE_PRICED_MATCH=POST /other")
		for _, raw := range []string{
			applyForm("action=save&action=pay"),
			applyForm("action=pay&Action[]=save"),
			applyForm("action=save&Action[]=pay"),
			applyForm("a=1&[action]=save"),
			post("/licences/apply?action=save", formType, "a=1"),
			post("/licences/apply?action=pay", formType, "action=save"),
			applyWith(formType+"Cookie: action=save\r\n", "a=1"),
			applyWith(textType, "action=save"),
		} {
			d.MustRefuse(t, raw)
		}
		require.Empty(t, d.Pay.Payments())
		if mode != "on" {
			d.MustPassForms(t, formType, "name=Ann&action=save&next=pay")
		}
		d.MustHold(t, applyForm("action=pay"))
		require.EqualValues(t, 3000, d.Pay.Payments()[0].Amount)
	}
}

// A form that could match two routes passes when both are free or in shadow mode.
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
		d.MustPassForms(t, formType, "action=save&action=pay", "action=pay&Action[]=save", "action=pay", "a=1")
		d.MustPassForms(t, textType, "action=save")
	}
}

// Some services test only whether the field of a button is present.
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
		d.MustHold(t, applyForm(body))
	}
	for header, body := range map[string]string{
		jsonType:      `{"btnPay":null}`,
		multipartType: part("btnPay.x", "3") + end,
	} {
		d.MustHold(t, applyWith(header, body))
	}
	d.MustPassForms(t, formType,
		"btnSave=Save", "", "name=btnPay", "btnPayLater=1", "__EVENTTARGET=btnSave&__EVENTARGUMENT=btnPay",
		"__EVENTTARGET=&name=Ann", "options[btnPay]=no", "x=3&y=4",
		"btnPay2.x=3")
}

// ASP.NET presses a button by its name, whatever its value.
func TestEventTargetPressesAButton(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_LICENCE_WHEN=form:btnPay=Pay now")
	for _, body := range []string{"btnPay=Pay+now", "__EVENTTARGET=btnPay", "__EVENTTARGET=ctl00%24btnPay&x=1"} {
		d.MustHold(t, applyForm(body))
	}
	d.MustPassForms(t, formType, "btnPay=", "btnPay=Save", "__EVENTTARGET=btnPay&btnPay=Save",
		"__EVENTTARGET=btnSave")
}

func TestBracketedNameEndsAtItsClosingBracket(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_LICENCE_WHEN=form:application[action]=pay")
	for _, name := range []string{
		"application[action]", "application[action]x", "application[action].x", "application[action][]",
		"application[action]]", "application[action", "[application][action]",
		"[application]x[action]y", " application[action]x", "application[action] x", "application.action",
		"application[[action]]", "application]action", "Application[Action]x",
	} {
		d.MustHold(t, applyForm("a=1&"+strings.ReplaceAll(name, " ", "+")+"=pay"))
		d.MustHold(t, applyWith(multipartType, part(name, "pay")+end))
	}
	for _, body := range []string{
		`{"application":{"action":"pay"}}`, `{"application":{"action":["pay"]}}`,
		`{"application":{"name":"Ann","action":{"x":"pay"}}}`,
		`{"other":{"application":{"action":"pay"}}}`,
	} {
		d.MustHold(t, applyWith(jsonType, body))
	}
	for _, body := range []string{
		"application[action]x=y]=pay", "application%5Baction%5Dx=y%5d=pay",
		"a=1&application[action]x=" + strings.Repeat("y", 70_000) + "]=pay",
	} {
		d.MustBlock(t, applyForm(body))
		if len(body) < 1000 {
			d.MustBlock(t, post("/licences/apply?"+body, formType, "a=1"))
		}
	}
	d.MustRefuse(t, applyWith(jsonType, `{"application[action]":"save"}`))
	d.MustPassForms(t, formType, "application[action]=save", "application[actions]=pay", "applications[action]=pay",
		"application[name]action=pay", "application[x][y]=pay")
	d.MustPassForms(t, jsonType, `{"application":{"action":"save","items":[{"action":"pay"}]}}`,
		`{"other":{"application":{"action":"save"}}}`)
	d.MustRefuse(t, applyWith(jsonType, `{"application":{"action":"save"},"a":{"application":{"action":"pay"}}}`))
}

// A field can name the method, and the service may have another pay route at the same address for that.
func TestAFieldThatNamesTheMethodOfAnotherRouteIsRefused(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, append(buttons, "PAYGATE_ROUTE_IMMEDIATE_MATCH=PUT /licences/apply",
		"PAYGATE_ROUTE_IMMEDIATE_WHEN=", "PAYGATE_ROUTE_PRICED_MATCH=POST /licences/apply",
		"PAYGATE_ROUTE_PRICED_WHEN=form:licence", freeChoice)...)
	for _, fields := range []string{"action=pay", "action=save", "licence=blue-badge"} {
		for _, method := range []string{
			"&_method=PUT", "&_method=put", "&_method%5B%5D=Put", "&_METHOD=%70ut",
			";_method=put",
		} {
			d.MustRefuse(t, applyForm(fields+method))
		}
		d.MustRefuse(t, post("/licences/apply?_method=put", formType, fields))
	}
	d.MustHold(t, applyForm("action=pay&_method=post"))
	d.MustReach(t, applyForm("licence=blue-badge&_method=delete&method=email"))
	require.Len(t, d.Pay.Payments(), 1)
}
