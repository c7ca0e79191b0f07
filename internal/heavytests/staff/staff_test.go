// Package staff tests the staff pages in a browser.
package staff

import (
	"net/url"
	"paygate/internal/heavytests/testbrowser"
	"paygate/internal/testserver"
	"paygate/journey"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// TestStaffPagesInBrowser signs in, finds what is stuck, reads its story and settles it, all in a real browser, and
// looks at every page on the way on a telephone and on a desk.
func TestStaffPagesInBrowser(t *testing.T) {
	t.Parallel()
	tab := testbrowser.Tab(t)
	h, _, id := testserver.NewStuck(t, testserver.UnlimitedPay, "/fines/pay")
	for _, outcome := range []string{"success", "declined"} {
		c := h.Citizen()
		c.Post("/licences/apply", url.Values{"name": {outcome}})
		h.EndPayment(outcome)
		h.Service.SetAnswer(testserver.Confirm)
		c.ReturnFromPay()
	}
	see := func(name string) {
		t.Helper()
		for _, width := range []int64{320, 1280} {
			require.NoError(t, testbrowser.Width(tab, width))
			require.Zero(t, testbrowser.Overflow(t, tab), "%s is wider than the window of %d pixels", name, width)
			testbrowser.Axe(t, tab)
			testbrowser.Screenshot(t, tab, "staff-"+name+"-"+strconv.FormatInt(width, 10))
		}
	}
	text := func() string {
		t.Helper()
		said, err := chromedp.Run(tab, chromedp.Text(chromedp.CSS("main")))
		require.NoError(t, err)
		return said
	}
	open := func(address string) {
		t.Helper()
		require.NoError(t, chromedp.Do(tab, chromedp.Navigate(address), chromedp.WaitReady(chromedp.CSS("h1"))))
	}
	press := func(selector, then string) {
		t.Helper()
		require.NoError(t, chromedp.Do(tab, chromedp.Click(chromedp.CSS(selector)),
			chromedp.WaitReady(chromedp.CSS(then))))
	}
	fill := func(selector, value string) {
		t.Helper()
		require.NoError(t, chromedp.Do(tab, chromedp.SendKeys(chromedp.CSS(selector), value)))
	}

	open(h.Staff.URL + "/")
	see("login")
	fill("#token", "wrong")
	press("main button", ".govuk-error-summary")
	see("login-wrong")
	fill("#token", testserver.AnnsToken)
	press("main button", "nav")
	see("overview")
	require.Contains(t, text(), "What needs a person")
	press("main table a", ".paygate-timeline")
	see("stuck")
	require.Contains(t, text(), "Check in the service whether it arrived")
	press("#as-reversed", "#as-reversed:checked")
	fill("#reason-settle", "the citizen changed their mind")
	press("form[action$='/settle'] button", ".govuk-notification-banner")
	see("settled")
	require.Contains(t, text(), "the citizen changed their mind")
	require.Equal(t, journey.StateReversed, h.Ann().Journey(id).State)
	open(h.Staff.URL + "/journeys")
	see("journeys")
	open(h.Staff.URL + "/journeys?find=nothing")
	see("none")
	open(h.Staff.URL + "/journeys?state=released")
	press("main table a", ".paygate-timeline")
	require.NoError(t, chromedp.Do(tab, chromedp.Click(chromedp.CSS("details summary"))))
	fill("#amount", "5.00")
	fill("#reason-refund", "goodwill")
	see("refund")
	press("form[action$='/refund'] button", ".govuk-notification-banner")
	require.Contains(t, text(), "£5.00 has been refunded since")
	see("refunded")
	open(h.Staff.URL + "/journeys/NONE")
	see("problem")
	open(h.Staff.URL + "/")
	press("form[action='/mopup'] button", ".govuk-notification-banner")
	see("swept")
	press("nav button", "#token")
}
