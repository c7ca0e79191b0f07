// Package staff tests the staff pages in a browser.
package staff

import (
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"paygate/internal/heavytests/browser"
	"paygate/internal/testserver"
	"paygate/journey"
)

const banner = ".govuk-notification-banner"

// adviser is a member of staff at a browser.
type adviser struct {
	browser.Tab
	t *testing.T
}

func (a adviser) visit(address, name string) {
	a.t.Helper()
	a.VisitPage(address)
	a.look(name)
}

// look looks at a page on a telephone and on a desk.
func (a adviser) look(name string) {
	a.t.Helper()
	a.LookAtWidths("staff-" + name)
}

// press clicks on something, and waits for what appears.
func (a adviser) press(selector, appears string) {
	a.t.Helper()
	a.Do(browser.Click(selector), browser.See(appears))
}

func (a adviser) enter(selector, value string) {
	a.t.Helper()
	a.Do(chromedp.SendKeys(chromedp.CSS(selector), value))
}

// TestStaffPagesInBrowser looks at every page on the way of an adviser who settles one journey and refunds another.
func TestStaffPagesInBrowser(t *testing.T) {
	t.Parallel()
	h, _, id := testserver.NewStuck(t, testserver.UnlimitedPay, "/fines/pay")
	for _, outcome := range []string{"success", "declined"} {
		c := h.Citizen()
		c.Post("/licences/apply", url.Values{"name": {outcome}})
		h.EndPayment(outcome)
		h.Service.SetAnswer(testserver.Confirm)
		c.ReturnFromPay()
	}
	a := adviser{browser.Open(t, h.Staff.URL), t}
	a.logIn()
	a.settleStuckJourney()
	require.Equal(t, journey.StateReversed, h.Ann().Journey(id).State)
	a.visit("/journeys", "journeys")
	a.visit("/journeys?find=nothing", "none")
	a.visit("/finance", "finance")
	a.refundPart()
	a.compare(h)
	a.closeRoute()
	a.erase(h.Ann().Journey(id).Reference)
	a.visit("/journeys/NONE", "problem")
	a.VisitPage("/")
	a.press("form[action='/mopup'] button", banner)
	a.look("swept")
	a.press("nav button", "#token")
}

func (a adviser) logIn() {
	a.visit("/", "login")
	a.enter("#token", "wrong")
	a.press("main button", ".govuk-error-summary")
	a.look("login-wrong")
	a.enter("#token", testserver.AnnsToken)
	a.press("main button", "nav")
	a.look("overview")
}

func (a adviser) settleStuckJourney() {
	require.Contains(a.t, a.Text("main"), "What needs a person")
	a.press("main table a", ".paygate-timeline")
	a.look("stuck")
	require.Contains(a.t, a.Text("main"), "Check in the service whether it arrived")
	a.press("main a[href$='/settle']", "#as-reversed")
	a.press("form[action$='/settle'] button", ".govuk-error-summary")
	a.look("settle-wrong")
	a.press("#as-reversed", "#as-reversed:checked")
	a.enter("#reason", "the citizen changed their mind")
	a.press("form[action$='/settle'] button", ".govuk-warning-text")
	a.look("settle-check")
	a.press("form[action$='/settle'] button", banner)
	a.look("settled")
	require.Contains(a.t, a.Text("main"), "the citizen changed their mind")
}

// compare finds a payment that only Pay knows, and one that was refunded in Pay's own tool.
func (a adviser) compare(h *testserver.Harness) {
	a.visit("/reconcile", "comparison-none")
	h.UnknownPayment(testserver.PayKey, "LOST-1")
	_, err := h.Pay.Refund(h.Payments()[1].ID, 100)
	require.NoError(a.t, err)
	a.press("form[action='/reconcile'] button", "form[action='/reconcile/adopt']")
	a.look("comparison")
	require.Contains(a.t, a.Text("main"), "LOST-1")
	require.Contains(a.t, a.Text("main"), "Refunds that differ")
	a.enter("#reason", "restored a backup")
	a.press("form[action='/reconcile/adopt'] button", "main a.govuk-link[href='/']")
	require.Contains(a.t, a.Text("main"), "less than three hours old")
}

// closeRoute forgets the reason at first.
func (a adviser) closeRoute() {
	a.visit("/routes", "routes")
	a.press("#licence ~ details summary", "#mode-licence")
	a.press("form[action='/routes/licence'] button", ".govuk-error-summary")
	a.look("route-wrong")
	a.press(".govuk-error-summary a", "#reason-licence:focus")
	a.enter("#reason-licence", "storm")
	a.Do(chromedp.SetValue(chromedp.CSS("#mode-licence"), "closed"))
	a.press("form[action='/routes/licence'] button", ".govuk-button--warning")
	require.Contains(a.t, a.Text("main"), "You are about to close licence.")
	a.look("route-check")
	a.press("form[action='/routes/licence'] button", banner)
	require.Contains(a.t, a.Text("main"), "The mode of licence is now closed.")
	a.look("route-changed")
}

// erase finds a journey by its reference, and forgets to tick it at first.
func (a adviser) erase(reference string) {
	a.visit("/person", "person")
	a.press("form[action='/person'] button", ".govuk-error-summary")
	a.look("person-wrong")
	a.enter("#q", reference)
	a.press("form[action='/person'] button", "input[name='journeys']")
	a.look("person-found")
	a.press("form[action='/person/erase'] button", ".govuk-error-summary")
	a.look("erase-wrong")
	a.press("input[name='journeys']", "input[name='journeys']:checked")
	a.enter("#reason", "asked to")
	a.press("form[action='/person/erase'] button", ".govuk-warning-text")
	require.Contains(a.t, a.Text("main"), "in one journey")
	a.look("erase-check")
	a.press("form[action='/person/erase'] button", "main ul a")
	a.look("erased")
}

func (a adviser) refundPart() {
	a.VisitPage("/journeys?state=released")
	a.press("main table a", ".paygate-timeline")
	a.press("main a[href$='/refund']", "#amount")
	a.enter("#amount", "5.00")
	a.enter("#reason", "goodwill")
	a.look("refund")
	a.press("form[action$='/refund'] button", ".govuk-warning-text")
	require.Contains(a.t, a.Text("main"), "You are about to give back £5.00.")
	a.look("refund-check")
	a.press("form[action$='/refund'] button", banner)
	require.Contains(a.t, a.Text("main"), "£5.00 has been refunded since")
	a.look("refunded")
}
