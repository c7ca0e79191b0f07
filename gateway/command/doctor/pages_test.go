package doctor_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
)

func TestDoctorReadsContentSecurityPolicies(t *testing.T) {
	t.Parallel()
	const policy = "Content-Security-Policy"
	meta := func(content string) string { return `<meta http-equiv="` + policy + `" content="` + content + `">` }
	const (
		allowed = "ok: its form may lead to GOV.UK Pay"
		card    = "https://card.payments.service.gov.uk"
		www     = "https://www.payments.service.gov.uk"
	)
	refuses := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
	}
	for name, c := range map[string]struct {
		page   http.HandlerFunc
		status int
		says   string
	}{
		"no policy":      {testserver.FormPage(), 0, allowed},
		"another policy": {testserver.FormPage(policy, "default-src 'none'"), 0, allowed},
		"a header": {
			testserver.FormPage(policy, "form-action 'self'"), 0,
			"ok: its Content-Security-Policy has a form-action, to which Paygate adds " + card + " " + www,
		},
		"a header that is wide": {testserver.FormPage(policy, "form-action https:"), 0, allowed},
		"a meta": {
			testserver.FormPageWith(meta("form-action 'self'")), 3,
			"wrong: its <meta> Content-Security-Policy keeps the form from leading to GOV.UK Pay, " +
				"and Paygate does not change pages: add " + card + " " + www + " to its form-action",
		},
		"a meta that half does": {testserver.FormPageWith(meta("form-action 'self' " + www)), 3, "add " + card + " to"},
		"a meta that does": {
			testserver.FormPageWith(
				meta("form-action 'self' *.payments.service.gov.uk https://*.payments.service.gov.uk")),
			0, allowed,
		},
		"a meta in the body": {testserver.FormPageWith("</head><body>" + meta("form-action 'self'")), 0, allowed},
		"no form":            {testserver.Plain, 0, "note: has no form; if that is on another page"},
		"no page":            {refuses(http.StatusMethodNotAllowed), 0, "note: GET answers with status 405"},
		"a log-in": {
			http.RedirectHandler("/login", http.StatusFound).ServeHTTP, 0, "note: GET answers with status 302",
		},
	} {
		v := examine(t, c.page)
		require.Equal(t, c.status, v.Status, name)
		require.Contains(t, v.Lines["page /licences/apply"], c.says, name)
	}
	const wildcard = "PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/{kind}"
	v := testserver.NewDoctor(t, testserver.FormPageWith(meta("form-action 'self'")), wildcard).Run("-page", "/")
	require.Contains(t, v.Lines["page /"], "wrong: its <meta>")
	v = examine(t, testserver.FormPage(), wildcard)
	require.Contains(t, v.Lines["page licence"], "note: not read: the address has wildcards")
}

func TestDoctorReportsFormsThatBypassPaygate(t *testing.T) {
	t.Parallel()
	for _, page := range []string{
		`<form method=post action="SERVICE/licences/apply"><button>Apply</button></form>`,
		`<base href="SERVICE/"><form method=post><button>Apply</button></form>`,
	} {
		p := testserver.NewDoctor(t, nil)
		p.Service.SetAnswer(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, strings.ReplaceAll(page, "SERVICE", p.Service.Server.URL))
		})
		require.Contains(t, p.Run().Lines["page /licences/apply"],
			"warning: leads to "+p.Service.Server.URL+", the service's own origin, which bypasses Paygate", page)
	}
}

func TestDoctorReportsCookiesThatBrowsersRefuse(t *testing.T) {
	t.Parallel()
	var header []string
	for _, cookie := range []string{
		"strict=1; SameSite=Strict", "none=1; SameSite=None", "far=1; Domain=other.example",
		"near=1; Domain=.apply.example.org", "__Host-x=1; Path=/", "secure=1; Secure", "paygate=topsecret",
	} {
		header = append(header, "Set-Cookie", cookie)
	}
	v := examine(t, testserver.FormPage(header...))
	for about, says := range map[string]string{
		"cookie strict":   "ok: is SameSite=Strict, so browsers do not send it on the way from GOV.UK Pay; ",
		"cookie none":     "warning: is SameSite=None without Secure",
		"cookie far":      "warning: is for other.example, so browsers refuse it from apply.example.org",
		"cookie __Host-x": "warning: lacks the attributes that the prefix of its name requires",
		"cookie secure":   "warning: is Secure, and PAYGATE_PUBLIC_URL is http",
		"cookie paygate":  "warning: has the name of Paygate's own cookie",
		"cookies":         "ok: browsers will send near",
	} {
		require.Contains(t, v.Lines[about], says)
	}
	for _, line := range v.Lines {
		require.NotContains(t, line, "topsecret")
	}
}

// A form or link of the service near a pay path is printed as the setting that declares it.
func TestDoctorPrintsSettingsForForms(t *testing.T) {
	t.Parallel()
	const apply = `<html><body><a href="/licences/help">Help</a><a href="https://other.example/licences/apply/x">x</a>
		<form method="post"><input name="name"><input type="hidden" name="next" value="/licences/done">
			<button name="action" value="save">Save</button><button name="action" value="pay">Pay</button>
			<button formaction="/licences/apply/postcode-lookup">Find address</button>
			<button formaction="apply/step-2" name="go">Next</button></form>
		<form method="post" action="/licences/apply/7">
			<input type="hidden" name="_method" value="patch"><button>Change</button></form>
		<form method="post" action="/Licences/apply.php"><button>Pay</button></form>
		<form action="/search"><input name="q"></form>
		<form method="post" action="/licences/apply/a%2fb"></form></body></html>`
	answer := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path != "/licences/apply" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(w, apply)
	}
	v := examine(t, answer, "PAYGATE_ROUTE_LICENCE_ALLOW=POST /licences/apply/photo")
	const pages = "POST /licences/apply/postcode-lookup,POST /licences/apply/step-2,POST /licences/apply/{id}"
	require.Contains(t, v.Out, "\nPAYGATE_ROUTE_LICENCE_ALLOW=POST /licences/apply/photo,"+pages+"\n")
	require.Contains(t, v.Out, "\nPAYGATE_ROUTE_LICENCE_ALIASES=POST /Licences/apply.php\n")
	require.Contains(t, v.Out, "several buttons (action=pay, action=save)")
	require.Contains(t, v.Out, "\nPAYGATE_ROUTE_LICENCE_WHEN=form:action=save\n")
	require.Contains(t, v.Out, "leads to POST /licences/apply/a%2fb, which Paygate refuses")
	require.Contains(t, v.Out, "PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION=/licences/confirmation,/licences/done\n")

	v = examine(t, answer, "PAYGATE_ROUTE_LICENCE_WHEN=form:pay",
		"PAYGATE_ROUTE_LICENCE_ALLOW="+pages, "PAYGATE_ROUTE_LICENCE_ALIASES=POST /Licences/apply.php")
	require.NotContains(t, v.Out, "would refuse")
	require.Contains(t, v.Out, "none is called pay")
}
