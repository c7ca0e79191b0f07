package paying

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"paygate/internal/heavytests/browser"
	"paygate/internal/testprocess"
)

// frontController is a service with one path and a page for each value of "page". Its forms have no action, so the
// browser sends them to the address that it shows.
func frontController(w http.ResponseWriter, r *http.Request) {
	form := func(problem string) {
		http.SetCookie(w, &http.Cookie{
			Name: "session", Value: "s1", Path: "/", HttpOnly: true,
			SameSite: http.SameSiteStrictMode,
		})
		writeHTML(w, http.StatusOK, `<h1>Apply</h1><form method="post"><p id="problem">`+problem+`</p>
			<label>E-mail <input name="email" id="email"></label><button id="send">Pay</button></form>`)
	}
	session, err := r.Cookie("session")
	switch {
	case r.Method == http.MethodPost && r.URL.RawQuery == "page=apply" && (err != nil || session.Value != "s1"):
		http.Redirect(w, r, "/index.php?page=login", http.StatusFound)
	case r.Method == http.MethodPost && r.URL.RawQuery == "page=apply" &&
		!strings.Contains(r.PostFormValue("email"), "@"):
		form("Enter an e-mail address")
	case r.Method == http.MethodPost && r.URL.RawQuery == "page=apply":
		http.Redirect(w, r, "index.php?page=done", http.StatusFound)
	case r.URL.RawQuery == "page=done":
		writeHTML(w, http.StatusOK, "<h1 id=done>Received</h1>")
	default:
		form("")
	}
}

// The corrected form is sent from the address of the refusal.
func TestFormWithoutActionIsCorrectedOnTheSamePayment(t *testing.T) {
	t.Parallel()
	service := startLegacy(t, frontController)
	pay := startCrossSitePay(t)
	paygate := testprocess.StartGateway(t, pay, service.url, "PAYGATE_ROUTES=licence",
		"PAYGATE_ROUTE_LICENCE_MATCH=POST /index.php?page=apply",
		"PAYGATE_ROUTE_LICENCE_PRICE=25", "PAYGATE_ROUTE_LICENCE_DESCRIPTION=Fishing licence",
		"PAYGATE_ROUTE_LICENCE_ACCEPT=302",
		"PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION=/index.php?page=done")
	b := browser.Open(t, paygate.URL)
	b.Visit("/index.php?page=apply")
	b.Do(browser.See("#send"), browser.Fill("#email", "ada-at-example"), browser.Click("#send"))
	b.Pay()
	b.Do(browser.See("h1.govuk-heading-l"))
	require.Contains(t, b.Text("main"), "Your payment of £25 is still valid.")
	b.Look("refused")
	b.Do(browser.Click("main p a"), browser.See("#problem"))
	require.Equal(t, "Enter an e-mail address", b.Text("#problem"))
	b.Do(browser.Fill("#email", "ada@example.org"), browser.Click("#send"), browser.See("#done"))
	require.Equal(t, "/index.php?page=done", b.Path())

	posts := service.posts()
	require.Len(t, posts, 2)
	for i, submission := range []string{"1", "2"} {
		require.Equal(t, "/index.php?page=apply", posts[i].target)
		require.Equal(t, []string{"success", submission},
			[]string{posts[i].header.Get("Paygate-Status"), posts[i].header.Get("Paygate-Submission")})
	}
	require.Len(t, pay.Payments(), 1)
	require.True(t, pay.Payments()[0].Captured)
}

// applicationSettings are the settings for the licences service.
var applicationSettings = []string{
	"PAYGATE_ROUTES=licence", "PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply", "PAYGATE_ROUTE_LICENCE_PRICE=25",
	"PAYGATE_ROUTE_LICENCE_DESCRIPTION=Fishing licence", "PAYGATE_ROUTE_LICENCE_ACCEPT=303",
	"PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION=/licences/done",
}

// licences is a service that accepts every application.
func licences(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodPost:
		http.Redirect(w, r, "/licences/done", http.StatusSeeOther)
	case r.URL.Path == "/licences/done":
		writeHTML(w, http.StatusOK, "<h1 id=done>Received</h1>")
	default:
		writeHTML(w, http.StatusOK, `<form method="post" action="/licences/apply">
			<label>Name <input name="name" id="name" value="Ann"></label> <button id="send">Pay</button></form>`)
	}
}

// Two applications on one host each have a session cookie with the same name.
func TestCookiesWithTheSameNameKeepTheirOrder(t *testing.T) {
	t.Parallel()
	for name, attributes := range map[string]string{"Lax": "", "Strict": "; SameSite=Strict"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := startLegacy(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == "/other":
					w.Header().Add("Set-Cookie", "JSESSIONID=B; Path=/; HttpOnly"+attributes)
				case r.Method == http.MethodGet && r.Header.Get("Cookie") == "JSESSIONID=B":
					w.Header().Add("Set-Cookie", "JSESSIONID=A; Path=/licences; HttpOnly"+attributes)
				}
				licences(w, r)
			})
			pay := startCrossSitePay(t)
			b := browser.Open(t, testprocess.StartGateway(t, pay, service.url, applicationSettings...).URL)
			b.Visit("/other")
			b.Visit("/licences/form")
			b.Do(browser.See("#send"), browser.Click("#send"))
			b.Pay()
			b.Do(browser.See("#done"))
			require.Equal(t, "/licences/done", b.Path())
			require.Len(t, service.posts(), 1)
			require.Equal(t, "JSESSIONID=A; JSESSIONID=B", service.posts()[0].header.Get("Cookie"))
		})
	}
}

// Another tab of the same browser renews the session.
func TestCookieChangedDuringPaymentIsDelivered(t *testing.T) {
	t.Parallel()
	service := startLegacy(t, func(w http.ResponseWriter, r *http.Request) {
		if session, isSet := strings.CutPrefix(r.URL.Path, "/session/"); isSet {
			w.Header().Add("Set-Cookie", "session="+session+"; Path=/licences")
		}
		licences(w, r)
	})
	b := browser.Open(t, testprocess.StartGateway(t, startCrossSitePay(t), service.url, applicationSettings...).URL)
	b.Visit("/session/old")
	b.Visit("/licences/form")
	b.Do(browser.See("#send"), browser.Click("#send"), browser.See("#card-no"))
	other := b.Another()
	other.Visit("/session/new")
	other.Close()
	b.Pay()
	b.Do(browser.See("#done"))
	require.Equal(t, "session=new", service.posts()[0].header.Get("Cookie"))
}

// A banking app can return to another browser.
func TestReturnInAnotherBrowserExplainsWhatToDo(t *testing.T) {
	t.Parallel()
	service, pay := startLegacy(t, licences), startCrossSitePay(t)
	paygate := testprocess.StartGateway(t, pay, service.url, applicationSettings...)
	b, other := browser.Open(t, paygate.URL), browser.Open(t, paygate.URL)
	b.Visit("/licences/form")
	b.Do(browser.See("#send"), browser.Click("#send"), browser.See("#card-no"))
	pay.PayNewest()
	other.Visit(pay.URL)
	other.Do(browser.Run(`location.href = "`+paygate.URL+`/_pay/return"`), browser.See("h1.govuk-heading-l"))
	require.Contains(t, other.Text("main"), "a different browser")
	other.Look("return-in-another-browser")
	require.Empty(t, service.posts())

	b.Visit("/_pay/return")
	b.Do(browser.See("#done"))
	require.Len(t, service.posts(), 1)
}

// The citizen goes back after the payment and submits the form again.
func TestRepeatedFormAsksBeforePayingAgain(t *testing.T) {
	t.Parallel()
	service, pay := startLegacy(t, licences), startCrossSitePay(t)
	b := browser.Open(t, testprocess.StartGateway(t, pay, service.url, applicationSettings...).URL)
	for range 2 {
		b.Visit("/licences/form")
		b.Do(browser.See("#send"), browser.Click("#send"))
		if len(service.posts()) > 0 {
			b.Do(browser.See("form[action='/_pay/again'] button"))
			require.Equal(t, "Do you want to pay again?", b.Text("h1"))
			b.Look("pay-again")
			require.Len(t, pay.Payments(), 1)
			b.Do(browser.Click("form[action='/_pay/again'] button"))
		}
		b.Pay()
		b.Do(browser.See("#done"))
	}
	require.Len(t, service.posts(), 2)
	require.Len(t, pay.Payments(), 2)
}

// A browser stays on the current page for such a response, and that would be Pay's.
func TestNoContentReplyShowsAPage(t *testing.T) {
	t.Parallel()
	service := startLegacy(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		licences(w, r)
	})
	settings := append(applicationSettings[:len(applicationSettings)-2:len(applicationSettings)-2],
		"PAYGATE_ROUTE_LICENCE_ACCEPT=204", "PAYGATE_ROUTE_LICENCE_ACCEPT_TEXT=*")
	b := browser.Open(t, testprocess.StartGateway(t, startCrossSitePay(t), service.url, settings...).URL)
	b.Visit("/licences/form")
	b.Do(browser.See("#send"), browser.Click("#send"))
	b.Pay()
	b.Do(browser.See("h1.govuk-panel__title"))
	require.Contains(t, b.Text("main"), "You have paid £25.")
	b.Look("done-without-content")
	b.Do(chromedp.Reload(), browser.See("h1"))
	require.Contains(t, b.Text("main"), "You have paid £25.")
	require.Len(t, service.posts(), 1)
}

// The citizen is at a host that PAYGATE_PUBLIC_URL does not list.
func TestUnlistedHostLeadsToTheListedOne(t *testing.T) {
	t.Parallel()
	service := startLegacy(t, licences)
	paygate := testprocess.StartGateway(t, startCrossSitePay(t), service.url, applicationSettings...)
	unlisted := browser.Open(t, strings.Replace(paygate.URL, "127.0.0.1", "localhost", 1))
	unlisted.Visit("/licences/apply")
	unlisted.Do(browser.See("#send"))
	require.Equal(t, paygate.URL+"/licences/apply", unlisted.Path(), "redirected before the form is filled in")

	unlisted.Visit("/licences/form")
	unlisted.Do(browser.See("#send"), browser.Click("#send"), browser.See("h1.govuk-heading-l"))
	require.Equal(t, "You cannot pay at this address", unlisted.Text("h1"))
	unlisted.Look("wrong-host")
	unlisted.Do(browser.Click("main p a"), browser.See("#send"))
	require.Empty(t, service.posts())
}

// Pay's pages cannot be framed: the frame would stay empty.
func TestFramedFormIsPaidOutsideTheFrame(t *testing.T) {
	t.Parallel()
	service := startLegacy(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			writeHTML(w, http.StatusOK, `<iframe src="/licences/form" title="Form"></iframe>`)
			return
		}
		licences(w, r)
	})
	pay := startCrossSitePay(t)
	b := browser.Open(t, testprocess.StartGateway(t, pay, service.url, applicationSettings...).URL)
	b.Visit("/")
	inFrame := func(script string) browser.Step {
		return browser.Run(`document.querySelector("iframe").contentDocument.` + script)
	}
	b.Do(browser.See("iframe"))
	b.WaitUntil(`document.querySelector("iframe").contentDocument.querySelector("#send") !== null`)
	b.Do(inFrame(`querySelector("#send").click()`))
	b.WaitUntil(`document.querySelector("iframe").contentDocument?.querySelector("a.govuk-button") != null`)
	b.Do(inFrame(`querySelector("a.govuk-button").click()`))
	b.Pay()
	b.Do(browser.See("#done"))
	require.Len(t, service.posts(), 1)
}
