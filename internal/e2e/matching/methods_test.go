package matching

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"paygate/gateway/command/probe"
	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// TestMethodFieldCannotOpenAPayRoute: Rails, Laravel and Symfony take the method of a POST from its form.
func TestMethodFieldCannotOpenAPayRoute(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_LICENCE_MATCH=DELETE /licences/{id}",
		"PAYGATE_ROUTE_IMMEDIATE_MATCH=PUT /fines/{id}")
	for _, target := range []string{"/licences/7", "/fines/7", "/register/2026"} {
		for _, form := range []string{
			"_method=delete", "_method=DELETE", "_method=PUT", "_method=GET", "_method=HEAD",
			"a=1",
		} {
			require.Equal(t, http.StatusMethodNotAllowed,
				d.MustBlock(t, testserver.Request("POST "+target, testserver.FormType, form)).Status, "%s %s", target,
				form)
			require.Equal(t, http.StatusMethodNotAllowed,
				d.MustBlock(t, testserver.Request("POST "+target+"?"+form, testserver.FormType, "")).Status, "%s %s",
				target, form)
		}
	}
	require.Empty(t, d.Pay.Payments())
}

// Rails and Laravel lead PUT and PATCH to one action, and take either from a field.
func TestMethodFieldCannotBypassACondition(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_LICENCE_WHEN=form:_method=patch")
	post := func(target, body string) string {
		return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: apply.example\r\nContent-Type: "+
			"application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", target, len(body), body)
	}
	for body, status := range map[string]int{
		"_method=patch": http.StatusSeeOther, "_method=PATCH": http.StatusUnprocessableEntity,
		"_method=put": http.StatusUnprocessableEntity, "_method=Put&x=1": http.StatusUnprocessableEntity,
		"_METHOD=put": http.StatusSeeOther, "_method[]=put": http.StatusSeeOther,
	} {
		require.Equal(t, status, d.MustBlock(t, post("/licences/apply", body)).Status, body)
	}
	d.MustBlock(t, post("/licences/apply?_method=put", ""))
	for _, method := range []string{"PUT", "PATCH", "DELETE"} {
		d.MustBlock(t, strings.Replace(post("/licences/apply", "_method=post"), "POST", method, 1))
	}
	for _, body := range []string{"_method=delete", "name=Ann"} {
		d.Send(post("/licences/apply", body))
		require.Len(t, d.Service.Take(), 1, body)
	}
}

// Whatever way a form can be sent by another method, or in another place, the pay code never has it.
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
		d.Send(fmt.Sprintf("%s %s HTTP/1.1\r\nHost: apply.example\r\n%sContent-Length: %d\r\n\r\n%s", s.Method,
			s.Target, header, len(s.Body), s.Body))
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
