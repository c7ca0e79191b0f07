package paying

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/heavytests/browser"
	"paygate/internal/testenv"
	"paygate/internal/testprocess"
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
			b := browser.Open(t, paygate.URL)
			form := "/" + strings.ReplaceAll(c.name, " ", "-")

			b.Visit(form)
			b.Do(browser.See("#send"), browser.Fill("#licence", "season"), browser.Click("#send"),
				browser.See(".govuk-heading-l"))
			require.Equal(t, "Choose what you want to pay for", b.Text(".govuk-heading-l"))
			b.Look("script-wrong-" + form[1:])
			if c.pageAsIs {
				b.Visit(form)
			} else {
				b.Do(browser.Click("main a"))
			}
			b.Do(browser.See("#send"), browser.Fill("#name", "Ann"), browser.Click("#send"))
			if c.link {
				b.Do(browser.See("a.govuk-button"))
				require.Equal(t, "Pay to continue", b.Text(".govuk-heading-l"))
				b.Look("script-pay-" + form[1:])
				b.Do(browser.Click("a.govuk-button"))
			}
			require.Empty(t, service.posts())
			b.Pay()
			b.Do(browser.See("#done"))
			require.Equal(t, "Ann", b.Text("#done"))
			require.Equal(t, "/licences/done?name=Ann", b.Path())
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
	b := browser.Open(t, testprocess.StartGateway(t, pay, service.url, "PAYGATE_ROUTES=licence",
		"PAYGATE_ROUTE_LICENCE_MATCH=POST /licences",
		"PAYGATE_ROUTE_LICENCE_PRICE=25", "PAYGATE_ROUTE_LICENCE_DESCRIPTION=Fishing licence",
		"PAYGATE_ROUTE_LICENCE_ACCEPT=303",
		"PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION=/licences/1").URL)
	b.Visit("/licences/new")
	b.Do(browser.See("#send"), browser.Click("#send"), browser.See("a.govuk-button"), browser.Click("a.govuk-button"))
	b.Pay()
	b.Do(browser.See("main a.govuk-button"), browser.Click("main a.govuk-button"), browser.See("#problem"))
	require.Equal(t, "Enter a name", b.Text("#problem"))
	b.Do(browser.Fill("#name", "Ann"), browser.Click("#send"), browser.See("#done"))
	require.Equal(t, "/licences/1", b.Path())
	require.Len(t, service.posts(), 2)
	require.Equal(t, "2", service.posts()[1].header.Get("Paygate-Submission"))
	require.Len(t, pay.Payments(), 1)

	// Paygate asks before the same form is paid again.
	b.Visit("/licences/new")
	b.Do(browser.See("#send"), browser.Fill("#name", "Ann"), browser.Click("#send"))
	b.Do(browser.See("a.govuk-button, form[action='/_pay/again'] button"))
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
	b := browser.Open(t, paygate.URL)
	b.Visit("/")
	hover := `document.querySelector("#link").dispatchEvent(new MouseEvent("mouseenter"))`
	b.Do(browser.See("#link"), browser.Run(hover))
	require.Eventually(t, func() bool { return strings.Contains(paygate.Process.Printed(), `"status":503`) },
		time.Minute, 20*time.Millisecond)
	require.Empty(t, pay.Payments())
	b.Do(browser.Click("#link"), browser.See("a.govuk-button"))
	b.Look("loaded-in-advance")
	b.Do(browser.Click("a.govuk-button"))
	b.Pay()
	b.Do(browser.See("#report"))
	require.Equal(t, "The report id=1", b.Text("#report"))

	// The pass is valid only for its query.
	b.Visit("/report?id=2")
	b.Do(browser.See("form[action='/_pay/pass'] button"))
	require.Equal(t, "You have not paid for this yet", b.Text("h1"))
	b.Look("pass-for-another-query")
	b.Do(browser.Click("form[action='/_pay/pass'] button"))
	b.Pay()
	b.Do(browser.See("#report"))
	require.Equal(t, "The report id=2", b.Text("#report"))
	require.Len(t, pay.Payments(), 2)
}
