package matching

import (
	"net/http"
	"strings"
	"testing"

	"paygate/gateway/command/probe"
	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// Rails, Laravel and Symfony take the method of a POST from its form.
func TestMethodFieldCannotOpenAPayRoute(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_LICENCE_MATCH=DELETE /licences/{id}",
		"PAYGATE_ROUTE_IMMEDIATE_MATCH=PUT /fines/{id}")
	for _, target := range []string{"/licences/7", "/fines/7", "/register/2026"} {
		for _, form := range []string{
			"_method=delete", "_method=DELETE", "_method=PUT", "_method=GET", "_method=HEAD",
			"a=1",
		} {
			for _, raw := range []string{post(target, formType, form), post(target+"?"+form, formType, "")} {
				require.Equal(t, http.StatusMethodNotAllowed, d.MustBlock(t, raw).Status, raw)
			}
		}
	}
	require.Empty(t, d.Pay.Payments())
}

// Rails and Laravel route PUT and PATCH to the same action, and take either from a field.
func TestMethodFieldCannotBypassACondition(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_LICENCE_WHEN=form:_method=patch")
	for body, status := range map[string]int{
		"_method=patch": http.StatusSeeOther, "_method=PATCH": http.StatusUnprocessableEntity,
		"_method=put": http.StatusUnprocessableEntity, "_method=Put&x=1": http.StatusUnprocessableEntity,
		"_METHOD=put": http.StatusSeeOther, "_method[]=put": http.StatusSeeOther,
	} {
		require.Equal(t, status, d.MustBlock(t, applyForm(body)).Status, body)
	}
	d.MustBlock(t, post("/licences/apply?_method=put", formType, ""))
	for _, method := range []string{"PUT", "PATCH", "DELETE"} {
		d.MustBlock(t, testserver.Request(method+" /licences/apply", formType, "_method=post"))
	}
	for _, body := range []string{"_method=delete", "name=Ann"} {
		d.MustReach(t, applyForm(body))
	}
}

// The pay code never receives a form that names another method or is in another place.
func TestNoMethodSpellingBringsTheFormToThePayCode(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, testserver.WhenPayButton)
	address := probe.Address{
		Method: "POST", Path: "/licences/apply", Host: testserver.PublicHost, Form: "name=Ann&action=pay",
		Field: "action", Value: "pay", Other: "save",
	}
	tried := 0
	for _, s := range probe.Spellings(address, probe.KindMethod) {
		header := ""
		if s.Type != "" {
			header = "Content-Type: " + s.Type + "\r\n"
		}
		for _, line := range s.Header {
			header += line + "\r\n"
		}
		d.Send(testserver.Request(s.Method+" "+s.Target, header, s.Body))
		tried++
		for _, got := range d.Service.Take() {
			if strings.Contains(got.Line, " /licences/apply") {
				require.NotContains(t, got.Line+string(got.Body), "action=pay", "%s %s %v %q", s.Method, s.Target,
					s.Header, s.Body)
				require.NotContains(t, got.Line+strings.Join(got.Header, "\n"), "verride")
			}
		}
	}
	require.Greater(t, tried, 60)
}
