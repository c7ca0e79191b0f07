package matching

import (
	"net/http"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

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
					answer := d.MustBlock(t, method+" "+path+"?"+query+" HTTP/1.1\r\nHost: apply.example.org\r\n\r\n")
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
				d.MustBlock(t, get(target))
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
			d.MustReach(t, get("/licences/apply?"+query))
		}
	}
}

// Without a php.ini, PHP puts cookies into $_REQUEST together with the query.
func TestCookieCannotMeetAConditionOnGET(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_LICENCE_WHEN=form:action=pay")
	for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
		for _, target := range []string{
			"/licences/apply", "/licences/apply?name=Ann", "/licences/apply.php",
			"/Licences/apply/?name=Ann",
		} {
			ask := func(cookies string) string {
				return method + " " + target + " HTTP/1.1\r\nHost: apply.example.org\r\nCookie: " + cookies + "\r\n\r\n"
			}
			d.MustBlock(t, ask("sid=1; Action=p%61y"))
			d.MustReach(t, ask("sid=pay; action=save"))
		}
	}
	require.Contains(t, d.Log.String(), "give the cookie another name")
}

// ALLOW for a page with some parameters does not let other parameters pass.
func TestAllowCoversOnlyItsOwnParameters(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_LICENCE_WHEN=form:pay", "PAYGATE_ROUTE_LICENCE_GET_QUERY=lang",
		"PAYGATE_ROUTE_LICENCE_ALLOW=GET /licences/apply?pay=later,GET /licences/apply?preview=1")
	for _, query := range []string{"pay=later", "pay=later&lang=cy", "preview=1", "preview=1&pay=later&lang=cy"} {
		d.MustReach(t, get("/licences/apply?"+query))
	}
	for _, query := range []string{
		"preview=1&pay=now", "preview=1&pay", "pay=later&pay.x=3", "pay=later&name=x",
		"preview=1&__VIEWSTATE=x", "preview=2",
	} {
		d.MustBlock(t, get("/licences/apply?"+query))
	}
}

func TestGETQueryLimitsParameters(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_LICENCE_GET_QUERY=lang, page")
	for _, query := range []string{
		"", "?", "?lang=cy", "?page=2&lang=cy", "?page=%32&&lang",
		"?lang=cy&paygate-reply=x",
	} {
		d.Send(get("/licences/apply" + query))
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
			d.MustBlock(t, get(path+"?"+query))
		}
	}
	for _, target := range []string{
		"/licences/apply&name=x", "/licences/apply%3fname=x",
		"/licences/apply%26name=x?lang=cy",
	} {
		d.MustBlock(t, get(target))
		d.MustBlock(t, strings.Replace(get(target), "GET", "OPTIONS", 1))
	}
	require.Contains(t, d.Log.String(), "PAYGATE_ROUTE_LICENCE_GET_QUERY")
	d.MustReach(t, get("/licences?name=x"))
	// its query does not travel
	d.MustReach(t, "OPTIONS /licences/apply?name=x HTTP/1.1\r\nHost: apply.example.org\r\n\r\n")
}

// A service whose pay code runs on GET may read the form from further path segments.
func TestGETQueryRefusesExtraPathSegments(t *testing.T) {
	t.Parallel()
	const listed = "PAYGATE_ROUTE_LICENCE_GET_QUERY=lang"
	d := testserver.StartRaw(t, listed, "PAYGATE_ROUTE_LICENCE_ALLOW=GET /licences/apply/help")
	for _, target := range []string{
		"/licences/apply/pay", "/licences/apply/Ann/a@example.org",
		"/licences/apply/pay?lang=cy", "/licences/apply.do",
	} {
		d.MustBlock(t, get(target))
		d.MustBlock(t, strings.Replace(get(target), "GET", "HEAD", 1))
	}
	for _, target := range []string{
		"/licences/apply", "/licences/apply/", "/licences/apply/help", "/licences/applying",
		"/licences",
	} {
		d.MustReach(t, get(target))
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
		d.Send(get(target))
		require.Equal(t, free, len(d.Service.Take()) == 1, target)
	}
	d = testserver.StartRaw(t)
	d.MustReach(t, get("/licences/apply/pay")) // without the setting, GET does not run the pay code
}
