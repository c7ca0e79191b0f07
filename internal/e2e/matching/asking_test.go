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

// A method that only asks brings the pay code nothing to work with: no body, and under OPTIONS no query.
func TestSafeMethodCarriesNoForm(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, testserver.WhenPayButton)
	const form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 19\r\n\r\nname=Ann&action=pay"
	const chunked = "Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: " +
		"chunked\r\n\r\na\r\naction=pay\r\n0\r\n\r\n"
	for _, c := range []struct{ line, rest, line2 string }{
		{"HEAD /licences/apply", form, "GET /licences/apply HTTP/1.1"},
		{"HEAD /licences/apply", chunked, "GET /licences/apply HTTP/1.1"},
		{"HEAD /licences/apply", "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "GET /licences/apply HTTP/1.1"},
		{"HEAD /licences/apply?page=2", "\r\n", "GET /licences/apply?page=2 HTTP/1.1"},
		{"HEAD /Licences//apply/", form, "GET /Licences//apply/ HTTP/1.1"},
		{"HEAD /licences/apply;jsessionid=1", form, "GET /licences/apply;jsessionid=1 HTTP/1.1"},
		{"HEAD /licences/apply.php", form, "GET /licences/apply.php HTTP/1.1"},
		{"GET /licences/apply", form, "GET /licences/apply HTTP/1.1"},
		{"GET /licences/apply", chunked, "GET /licences/apply HTTP/1.1"},
		{"GET /index.php/licences/apply?a", form, "GET /index.php/licences/apply?a HTTP/1.1"},
		{"OPTIONS /licences/apply?name=x", form, "OPTIONS /licences/apply HTTP/1.1"},
		{"OPTIONS /licences/apply/?name=x", "\r\n", "OPTIONS /licences/apply/ HTTP/1.1"},
	} {
		answer := d.Send(c.line + " HTTP/1.1\r\nHost: apply.example\r\n" + c.rest)
		got := d.Service.Take()
		require.Len(t, got, 1, c.line)
		require.Equal(t, c.line2, got[0].Line)
		require.Empty(t, got[0].Body)
		require.Empty(t, got[0].Values("Content-Type"), c.line)
		require.Empty(t, got[0].Values("Upgrade"), c.line)
		require.Zero(t, got[0].Length, c.line)
		if strings.HasPrefix(c.line, "HEAD") {
			require.Equal(t, http.StatusOK, answer.Answers[0].Status)
			require.Empty(t, answer.Answers[0].Body)
			require.Equal(t, "6", answer.Answers[0].Header.Get("Content-Length"))
		}
	}
}

// Elsewhere nothing changes.
func TestSafeMethodPassesUnchangedElsewhere(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, testserver.WhenPayButton)
	for _, raw := range []string{
		"HEAD /page?action=pay HTTP/1.1\r\nHost: apply.example\r\n\r\n",
		"OPTIONS /page?action=pay HTTP/1.1\r\nHost: apply.example\r\n\r\n",
		"GET /search HTTP/1.1\r\nHost: apply.example\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
		"GET /licences?action=pay&__VIEWSTATE=x HTTP/1.1\r\nHost: apply.example\r\n\r\n",
	} {
		d.Send(raw)
		got := d.Service.Take()
		require.Len(t, got, 1, raw)
		line, _, _ := strings.Cut(raw, "\r\n")
		require.Equal(t, line, got[0].Line)
		require.Equal(t, strings.HasSuffix(raw, "{}"), len(got[0].Body) > 0)
	}
}

func TestQueryMeetingAConditionIsRefused(t *testing.T) {
	t.Parallel()
	for when, queries := range map[string][]string{
		"form:action=pay": {
			"action=pay", "javax.faces.ViewState=x", "jakarta.faces.ViewState=", "name=x&action=pay", "action=",
			"action", "a=1;action=pay", "%61ction=pay", "ACTION=Pay", "action[]=pay", "+action=pay", "action=%70ay",
			"__EVENTTARGET=action", "__VIEWSTATE=x", "__VIEWSTATE=", "%5f_viewstate=x", "__EVENTTARGET",
			"action=pay&action=save", "action=%2570ay",
		},
		"form:action": {
			"action=x", "action", "action.x=3", "main$action=1", "__EVENTTARGET=main$action",
			"a=1&Action=0",
		},
		"": {"__EVENTTARGET=x", "__VIEWSTATE=x", "__viewstate="},
	} {
		d := testserver.StartRaw(t, "PAYGATE_ROUTE_LICENCE_WHEN="+when)
		for _, query := range queries {
			for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
				for _, path := range []string{
					"/licences/apply", "/Licences/apply/", "/licences/apply.php",
					"/x/../licences/apply", "/licences/apply;x=1",
				} {
					answer := d.MustBlock(t, method+" "+path+"?"+query+" HTTP/1.1\r\nHost: apply.example\r\n\r\n")
					require.Equal(t, http.StatusBadRequest, answer.Status)
				}
			}
		}
		if when != "" {
			for _, target := range []string{
				"/licences/apply%3faction=pay", "/licences/apply%3Fx=1%26action=pay", "/licences/apply%253faction=pay",
				"/licences/apply&action=pay", "/licences/apply%26action=pay",
				"/licences/apply;action=pay", "/licences/apply%3baction=pay", "/licences/apply%3faction%3dpay?x=1",
			} {
				d.MustBlock(t, "GET "+target+" HTTP/1.1\r\nHost: apply.example\r\n\r\n")
			}
		}
		require.Contains(t, d.Log.String(), `"rule":"query of a page"`)
		for _, query := range []string{
			"page=2", "name=Ann", "view=list&lang=cy", "viewState=1", "next=/pay",
			"action=save&x=pay",
		} {
			if when == "form:action" && strings.HasPrefix(query, "action") {
				continue
			}
			d.Send("GET /licences/apply?" + query + " HTTP/1.1\r\nHost: apply.example\r\n\r\n")
			require.Len(t, d.Service.Take(), 1, query)
		}
	}
}

// PHP without a php.ini has the cookies in $_REQUEST, beside the query.
func TestCookieCannotMeetAConditionOnGET(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_LICENCE_WHEN=form:action=pay")
	for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
		for _, target := range []string{
			"/licences/apply", "/licences/apply?name=Ann", "/licences/apply.php",
			"/Licences/apply/?name=Ann",
		} {
			ask := func(cookies string) string {
				return method + " " + target + " HTTP/1.1\r\nHost: apply.example\r\nCookie: " + cookies + "\r\n\r\n"
			}
			d.MustBlock(t, ask("sid=1; Action=p%61y"))
			d.Send(ask("sid=pay; action=save"))
			require.Len(t, d.Service.Take(), 1, target)
		}
	}
	require.Contains(t, d.Log.String(), "give the cookie another name")
}

// A page that a GET with some parameters shows is no page whatever else is asked for.
func TestAllowCoversOnlyItsOwnParameters(t *testing.T) {
	t.Parallel()
	ask := func(query string) string {
		return "GET /licences/apply?" + query + " HTTP/1.1\r\nHost: apply.example\r\n\r\n"
	}
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_LICENCE_WHEN=form:pay", "PAYGATE_ROUTE_LICENCE_GET_QUERY=lang",
		"PAYGATE_ROUTE_LICENCE_ALLOW=GET /licences/apply?pay=later,GET /licences/apply?preview=1")
	for _, query := range []string{"pay=later", "pay=later&lang=cy", "preview=1", "preview=1&pay=later&lang=cy"} {
		d.Send(ask(query))
		require.Len(t, d.Service.Take(), 1, query)
	}
	for _, query := range []string{
		"preview=1&pay=now", "preview=1&pay", "pay=later&pay.x=3", "pay=later&name=x",
		"preview=1&__VIEWSTATE=x", "preview=2",
	} {
		d.MustBlock(t, ask(query))
	}
}

// A pass that is free just now is no way for a form to the submission at its address.
func TestFreePassCarriesNoForm(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"free", "shadow"} {
		d := testserver.StartRaw(t, "PAYGATE_ROUTE_REGISTER_MATCH=GET /licences/apply",
			"PAYGATE_ROUTE_REGISTER_MODE="+mode)
		for _, method := range []string{"GET", "HEAD"} {
			d.Send(testserver.Request(method+" /licences/apply", testserver.FormType, "name=x"))
			got := d.Service.Take()
			require.Len(t, got, 1, method)
			require.Equal(t, "GET /licences/apply HTTP/1.1", got[0].Line)
			require.Empty(t, got[0].Body)
			require.Empty(t, got[0].Values("Content-Type"))
		}
	}
}

func TestGETQueryLimitsParameters(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_LICENCE_GET_QUERY=lang, page")
	ask := func(target string) string { return "GET " + target + " HTTP/1.1\r\nHost: apply.example\r\n\r\n" }
	for _, query := range []string{
		"", "?", "?lang=cy", "?page=2&lang=cy", "?page=%32&&lang",
		"?lang=cy&paygate-reply=x",
	} {
		d.Send(ask("/licences/apply" + query))
		require.LessOrEqual(t, len(d.Service.Take()), 1, query)
		require.NotContains(t, d.Log.String(), `"msg":"refused"`, query)
	}
	for _, query := range []string{
		"name=x", "lang=cy&name=x", "lang=cy;name=x", "LANG=cy", "lang[]=cy", "lang%00=x",
		"%", "=x", "lang=cy&x",
	} {
		for _, path := range []string{
			"/licences/apply", "/licences/apply/", "/LICENCES/apply",
			"/licences/apply.json",
		} {
			d.MustBlock(t, ask(path+"?"+query))
		}
	}
	for _, target := range []string{
		"/licences/apply&name=x", "/licences/apply%3fname=x",
		"/licences/apply%26name=x?lang=cy",
	} {
		d.MustBlock(t, ask(target))
		d.MustBlock(t, strings.Replace(ask(target), "GET", "OPTIONS", 1))
	}
	require.Contains(t, d.Log.String(), "PAYGATE_ROUTE_LICENCE_GET_QUERY")
	d.Send(ask("/licences?name=x"))
	require.Len(t, d.Service.Take(), 1)
	d.Send("OPTIONS /licences/apply?name=x HTTP/1.1\r\nHost: apply.example\r\n\r\n")
	require.Len(t, d.Service.Take(), 1, "its query does not travel")
}

// A service whose pay code runs on GET may take what comes after the path for the form.
func TestGETQueryRefusesExtraPathSegments(t *testing.T) {
	t.Parallel()
	ask := func(target string) string { return "GET " + target + " HTTP/1.1\r\nHost: apply.example\r\n\r\n" }
	const listed = "PAYGATE_ROUTE_LICENCE_GET_QUERY=lang"
	d := testserver.StartRaw(t, listed, "PAYGATE_ROUTE_LICENCE_ALLOW=GET /licences/apply/help")
	for _, target := range []string{
		"/licences/apply/pay", "/licences/apply/Ann/a@example.org",
		"/licences/apply/pay?lang=cy", "/licences/apply.do",
	} {
		d.MustBlock(t, ask(target))
		d.MustBlock(t, strings.Replace(ask(target), "GET", "HEAD", 1))
	}
	for _, target := range []string{
		"/licences/apply", "/licences/apply/", "/licences/apply/help", "/licences/applying",
		"/licences",
	} {
		d.Send(ask(target))
		require.Len(t, d.Service.Take(), 1, target)
	}
	d = testserver.StartRaw(t, "PAYGATE_ROUTE_LICENCE_MATCH=POST /index.php?page=apply",
		"PAYGATE_ROUTE_IMMEDIATE_MATCH=POST /shop/index.php",
		listed, "PAYGATE_ROUTE_IMMEDIATE_GET_QUERY=lang")
	for target, free := range map[string]bool{
		"/": true, "/?lang=cy": true, "/?page=home&id=1": true, "/index.php/home": true,
		"/index.php?page=apply&lang=cy": true, "/shop/": true, "/shop/?lang=cy": true,
		"/?page=apply&name=x": false, "/index.php/home?page=apply": false, "/shop/?name=x": false,
		"/shop/index.php/x": false,
	} {
		d.Send(ask(target))
		require.Equal(t, free, len(d.Service.Take()) == 1, target)
	}
	d = testserver.StartRaw(t)
	d.Send(ask("/licences/apply/pay"))
	require.Len(t, d.Service.Take(), 1, "without the setting, GET is not the pay code's")
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
