package paying

import (
	"bytes"
	little "encoding/binary"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"paygate/internal/testenv"
	"paygate/internal/testprocess"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// scriptCase is a page whose form a library sends.
type scriptCase struct {
	name    string
	scripts []string // under /js/
	form    string   // %s is what is in the form
	link    bool     // the citizen gets to Pay by a link on a page of ours

	pageAsIs bool // the library takes a page from us as it takes one from anybody
}

var scriptCases = []scriptCase{
	{"Turbo", []string{"turbo"}, `<form action="/licences/apply" method="post">%s</form>`, true, false},
	{
		"a Turbo frame",
		[]string{"turbo"},
		`<turbo-frame id="f"><form action="/licences/apply" method="post">%s</form></turbo-frame>`, true, false,
	},
	{
		"htmx 2",
		[]string{"htmx"},
		`<form hx-post="/licences/apply" hx-target="#out" hx-select="#part" hx-push-url="true">%s</form><p id="out"></p>`, false, false,
	},
	{
		"boosted htmx 2",
		[]string{"htmx"},
		`<div hx-boost="true"><form action="/licences/apply" method="post">%s</form></div>`, false, false,
	},
	{
		"htmx 4",
		[]string{"htmx4"},
		`<form hx-post="/licences/apply" hx-target="#out" hx-select="#part">%s</form><p id="out"></p>`, false, false,
	},
	{
		"Unpoly",
		[]string{"unpoly"},
		`<main><form action="/licences/apply" method="post" up-submit up-target="#out">%s</form><p id="out"></p></main>`, true, true,
	},
	{
		"Rails UJS",
		[]string{"rails-ujs"},
		`<form action="/licences/apply" method="post" data-remote="true">%s</form>`,
		false, false,
	},
	{
		"UpdatePanel", []string{"MicrosoftAjax.js", "MicrosoftAjaxWebForms.js"}, `<form id="form1" action="/licences/apply" method="post">
			<input type="hidden" name="__EVENTTARGET"><input type="hidden" name="__EVENTARGUMENT">
			<script>
				function __doPostBack() {}
				Sys.WebForms.PageRequestManager._initialize('sm', document.getElementById('form1'));
				Sys.WebForms.PageRequestManager.getInstance()._updateControls(['tpanel'], [], [], 90);
			</script>
			<div id="panel">%s</div>
			<script>Sys.Application.initialize();</script></form>`, false, false,
	},
}

const fields = `<label>Name <input name="name" id="name"></label>
	<label>Licence <select name="licence" id="licence"><option>1-day</option><option>season</option></select></label>
	<input type="submit" id="send" name="send" value="Pay">`

// scriptedService is a legacy service whose forms are sent by libraries. Its styles are tracked, as in a new Rails.
func scriptedService(t *testing.T) *legacy {
	t.Helper()
	return startLegacy(t, func(w http.ResponseWriter, r *http.Request) {
		name, isScript := strings.CutPrefix(r.URL.Path, "/js/")
		switch {
		case isScript:
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write(libraryFile(name))
		case r.URL.Path == "/style.css":
			w.Header().Set("Content-Type", "text/css")
		case r.Method == http.MethodPost:
			http.Redirect(w, r, "/licences/done?name="+r.PostFormValue("name"), http.StatusSeeOther)
		case r.URL.Path == "/licences/done":
			writeHTML(w, http.StatusOK, "<h1 id=done>"+r.URL.Query().Get("name")+"</h1>")
		default:
			writeHTML(w, http.StatusOK, scriptedForm(r.URL.Path))
		}
	})
}

// scriptedForm is the page of the case that a path names.
func scriptedForm(path string) string {
	var page strings.Builder
	page.WriteString(`<link rel="stylesheet" href="/style.css" data-turbo-track="reload">`)
	for _, c := range scriptCases {
		if path != "/"+strings.ReplaceAll(c.name, " ", "-") {
			continue
		}
		for _, script := range c.scripts {
			fmt.Fprintf(&page, `<script src="/js/%s"></script>`, script)
		}
		page.WriteString("<body>" + strings.Replace(c.form, "%s", fields, 1))
	}
	return page.String()
}

var npmFiles = map[string]string{
	"turbo": "@hotwired/turbo/dist/turbo.es2017-umd.js", "htmx": "htmx.org/dist/htmx.js", "htmx4": "htmx4/dist/htmx.js",
	"unpoly": "unpoly/unpoly.js", "rails-ujs": "@rails/ujs/app/assets/javascripts/rails-ujs.js",
}

// libraryFile is a library; empty when it is not installed.
func libraryFile(name string) []byte {
	if file, isNPM := npmFiles[name]; isNPM {
		content, _ := os.ReadFile(filepath.Join(testenv.Root(), "tools/node_modules", file))
		return content
	}
	return microsoftScript(name)
}

// microsoftScript finds a script of ASP.NET in Mono's copy of its library: a length, and that many bytes of text.
func microsoftScript(name string) []byte {
	found, _ := filepath.Glob("/usr/lib/mono/gac/System.Web.Extensions/*/System.Web.Extensions.dll")
	if len(found) == 0 {
		return nil
	}
	rest, _ := os.ReadFile(found[0])
	start := []byte("\xef\xbb\xbf//--")
	for i := bytes.Index(rest, start); i >= 4; i = bytes.Index(rest, start) {
		length := min(int(little.LittleEndian.Uint32(rest[i-4:i])), len(rest)-i)
		if script := rest[i : i+length]; bytes.Contains(script[:min(400, length)], []byte("// "+name)) {
			return script
		}
		rest = rest[i+len(start):]
	}
	return nil
}

// TestFormsSentByScriptsArePaid sends the form of each library with the library itself: first one that is wrong,
// which shows what is wrong, then one that is paid for.
func TestFormsSentByScriptsArePaid(t *testing.T) {
	t.Parallel()
	for _, c := range scriptCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, script := range c.scripts {
				if len(libraryFile(script)) == 0 {
					testenv.Missing(t, script+" is not installed")
				}
			}
			service := scriptedService(t)
			pay := startDistantPay(t)
			paygate := testprocess.StartGateway(t, pay, service.url, "PAYGATE_ROUTES=licence",
				"PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply",
				"PAYGATE_ROUTE_LICENCE_PRICES=1-day=6.00,8-day=13.50", "PAYGATE_ROUTE_LICENCE_PRICE_FIELD=licence",
				"PAYGATE_ROUTE_LICENCE_DESCRIPTION=Fishing licence", "PAYGATE_ROUTE_LICENCE_ACCEPT=303",
				"PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION=/licences/done")
			b := newTab(t, paygate.URL)
			form := "/" + strings.ReplaceAll(c.name, " ", "-")

			b.open(form)
			b.do(see("#send"), fill("#licence", "season"), click("#send"), see(".govuk-heading-l"))
			require.Equal(t, "Choose what you want to pay for", b.text(".govuk-heading-l"))
			b.look("script-wrong-" + form[1:])
			if c.pageAsIs {
				b.open(form)
			} else {
				b.do(click("main a"))
			}
			b.do(see("#send"), fill("#name", "Ann"), click("#send"))
			if c.link {
				b.do(see("a.govuk-button"))
				require.Equal(t, "Pay to continue", b.text(".govuk-heading-l"))
				b.look("script-pay-" + form[1:])
				b.do(click("a.govuk-button"))
			}
			require.Empty(t, service.posts())
			b.pays()
			b.do(see("#done"))
			require.Equal(t, "Ann", b.text("#done"))
			require.Equal(t, "/licences/done?name=Ann", b.at())
			require.Len(t, service.posts(), 1)
		})
	}
}

// TestTurboCorrectsARefusedFormOnTheSamePayment is the usual service of Rails 7: 422 and the form again, sent by Turbo.
func TestTurboCorrectsARefusedFormOnTheSamePayment(t *testing.T) {
	t.Parallel()
	if len(libraryFile("turbo")) == 0 {
		testenv.Missing(t, "turbo is not installed")
	}
	form := func(problem string) string {
		return `<link rel="stylesheet" href="/style.css" data-turbo-track="reload"><script src="/js/turbo"></script><body><p id="problem">` + problem +
			`</p><form action="/licences" method="post"><input name="name" id="name" aria-label="Name"><button id="send">Pay</button></form>`
	}
	service := startLegacy(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/js/turbo":
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write(libraryFile("turbo"))
		case r.Method == http.MethodPost && r.PostFormValue("name") == "":
			writeHTML(w, http.StatusUnprocessableEntity, form("Enter a name"))
		case r.Method == http.MethodPost:
			http.Redirect(w, r, "/licences/1", http.StatusSeeOther)
		case r.URL.Path == "/licences/1":
			writeHTML(w, http.StatusOK, "<h1 id=done>Received</h1>")
		default:
			writeHTML(w, http.StatusOK, form(""))
		}
	})
	pay := startDistantPay(t)
	b := newTab(t, testprocess.StartGateway(t, pay, service.url, "PAYGATE_ROUTES=licence",
		"PAYGATE_ROUTE_LICENCE_MATCH=POST /licences",
		"PAYGATE_ROUTE_LICENCE_PRICE=25", "PAYGATE_ROUTE_LICENCE_DESCRIPTION=Fishing licence",
		"PAYGATE_ROUTE_LICENCE_ACCEPT=303",
		"PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION=/licences/1").URL)
	b.open("/licences/new")
	b.do(see("#send"), click("#send"), see("a.govuk-button"), click("a.govuk-button"))
	b.pays()
	b.do(see("main a.govuk-button"), click("main a.govuk-button"), see("#problem"))
	require.Equal(t, "Enter a name", b.text("#problem"))
	b.do(fill("#name", "Ann"), click("#send"), see("#done"))
	require.Equal(t, "/licences/1", b.at())
	require.Len(t, service.posts(), 2)
	require.Equal(t, "2", service.posts()[1].header.Get("Paygate-Submission"))
	require.Len(t, pay.Payments(), 1)

	// The very same form once more is a question.
	b.open("/licences/new")
	b.do(see("#send"), fill("#name", "Ann"), click("#send"))
	b.do(see("a.govuk-button, form[action='/_pay/again'] button"))
	require.Len(t, service.posts(), 2)
}

// TestLinkPrefetchedByTurboIsPaidOnClick: Turbo shows what it loaded when the pointer was over the link.
func TestLinkPrefetchedByTurboIsPaidOnClick(t *testing.T) {
	t.Parallel()
	if len(libraryFile("turbo")) == 0 {
		testenv.Missing(t, "turbo is not installed")
	}
	service := startLegacy(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/js/turbo":
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write(libraryFile("turbo"))
		case "/report":
			writeHTML(w, http.StatusOK, "<h1 id=report>The report "+r.URL.RawQuery+"</h1>")
		default:
			writeHTML(w, http.StatusOK,
				`<script src="/js/turbo"></script><body><a id="link" href="/report?id=1">Report</a>`)
		}
	})
	pay := startDistantPay(t)
	paygate := testprocess.StartGateway(t, pay, service.url, "PAYGATE_ROUTES=report",
		"PAYGATE_ROUTE_REPORT_MATCH=GET /report",
		"PAYGATE_ROUTE_REPORT_PRICE=6", "PAYGATE_ROUTE_REPORT_DESCRIPTION=Report")
	b := newTab(t, paygate.URL)
	b.open("/")
	b.do(see("#link"), chromedp.Evaluate[chromedp.Void](`document.querySelector("#link").dispatchEvent(new MouseEvent("mouseenter"))`))
	require.Eventually(t, func() bool { return strings.Contains(paygate.Process.Printed(), `"status":503`) },
		time.Minute, 20*time.Millisecond)
	require.Empty(t, pay.Payments())
	b.do(click("#link"), see("a.govuk-button"))
	b.look("loaded-in-advance")
	b.do(click("a.govuk-button"))
	b.pays()
	b.do(see("#report"))
	require.Equal(t, "The report id=1", b.text("#report"))

	// What was paid for is this query.
	b.open("/report?id=2")
	b.do(see("form[action='/_pay/pass'] button"))
	require.Equal(t, "You have not paid for this yet", b.text("h1"))
	b.look("pass-for-another-query")
	b.do(click("form[action='/_pay/pass'] button"))
	b.pays()
	b.do(see("#report"))
	require.Equal(t, "The report id=2", b.text("#report"))
	require.Len(t, pay.Payments(), 2)
}
