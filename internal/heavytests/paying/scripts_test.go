package paying

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"paygate/internal/testenv"
	"paygate/internal/testprocess"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Each library sends its form twice: first an invalid one, which shows the error, then one that is paid for.
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
			pay := startCrossSitePay(t)
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

// A Rails 7 service answers 422 with the form again.
func TestTurboCorrectsARefusedFormOnTheSamePayment(t *testing.T) {
	t.Parallel()
	if len(libraryFile("turbo")) == 0 {
		testenv.Missing(t, "turbo is not installed")
	}
	form := func(problem string) string {
		return `<link rel="stylesheet" href="/style.css" data-turbo-track="reload"><script src="/js/turbo"></script>
			<body><p id="problem">` + problem + `</p><form action="/licences" method="post">
			<input name="name" id="name" aria-label="Name"><button id="send">Pay</button></form>`
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
	pay := startCrossSitePay(t)
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

	// Paygate asks before the same form is paid again.
	b.open("/licences/new")
	b.do(see("#send"), fill("#name", "Ann"), click("#send"))
	b.do(see("a.govuk-button, form[action='/_pay/again'] button"))
	require.Len(t, service.posts(), 2)
}

// Turbo loads a link when the pointer is over it, and shows that response on a click.
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
	pay := startCrossSitePay(t)
	paygate := testprocess.StartGateway(t, pay, service.url, "PAYGATE_ROUTES=report",
		"PAYGATE_ROUTE_REPORT_MATCH=GET /report",
		"PAYGATE_ROUTE_REPORT_PRICE=6", "PAYGATE_ROUTE_REPORT_DESCRIPTION=Report")
	b := newTab(t, paygate.URL)
	b.open("/")
	hover := `document.querySelector("#link").dispatchEvent(new MouseEvent("mouseenter"))`
	b.do(see("#link"), chromedp.Evaluate[chromedp.Void](hover))
	require.Eventually(t, func() bool { return strings.Contains(paygate.Process.Printed(), `"status":503`) },
		time.Minute, 20*time.Millisecond)
	require.Empty(t, pay.Payments())
	b.do(click("#link"), see("a.govuk-button"))
	b.look("loaded-in-advance")
	b.do(click("a.govuk-button"))
	b.pays()
	b.do(see("#report"))
	require.Equal(t, "The report id=1", b.text("#report"))

	// The pass is valid only for its query.
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
