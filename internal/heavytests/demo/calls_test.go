package demo

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"paygate/gateway/command"
	"paygate/internal/heavytests/browser"
	"paygate/internal/paysim"
	"paygate/journey"
)

// mostClicks is how many clicks a call may take, from the list of journeys.
const mostClicks = 5

// telephone is an adviser with a citizen on the telephone, who counts the clicks. The adviser's window is 320 pixels
// wide, and its JavaScript is off.
type telephone struct {
	adviser
	clicks int
}

// find types what the citizen reads out, and presses Enter. The journey is shown at once.
func (p *telephone) find(text string) {
	p.t.Helper()
	p.search(text)
	p.seeJourney()
}

// pick finds several journeys, and picks the one whose row has all of these words.
func (p *telephone) pick(text string, words ...string) {
	p.t.Helper()
	p.search(text)
	p.Do(browser.See("main tbody"))
	p.fits()
	rows := strings.Split(strings.TrimSpace(browser.Evaluate[string](p.Tab,
		`[...document.querySelectorAll("main tbody tr")].map(r => r.innerText.replace(/\s+/g, " ")).join("\n")`)), "\n")
	var matching []int
	for i, row := range rows {
		if hasAll(row, words) {
			matching = append(matching, i+1)
		}
	}
	require.Len(p.t, matching, 1, "an adviser cannot tell %q apart by %q:\n%s", text, words, strings.Join(rows, "\n"))
	require.LessOrEqual(p.t, len(rows), 10, "too many to read while a citizen waits")
	p.click(fmt.Sprintf("main tbody tr:nth-child(%d) a", matching[0]), ".paygate-timeline")
	p.seeJourney()
}

func hasAll(text string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

func (p *telephone) search(text string) {
	p.t.Helper()
	p.VisitPage("/journeys")
	p.clicks = 0
	p.Do(chromedp.SendKeys(chromedp.CSS("#find"), text+kb.Enter), browser.Leave(`#find[value=""]`))
}

func (p *telephone) click(selector, appears string) {
	p.t.Helper()
	p.clicks++
	p.Do(browser.Click(selector), browser.See(appears))
	p.fits()
}

func (p *telephone) fits() {
	p.t.Helper()
	require.Zero(p.t, p.Overflow(), "the page is wider than a telephone")
}

// seeJourney compares the money on the page with the books of the simulated Pay.
func (p *telephone) seeJourney() {
	p.t.Helper()
	p.Do(browser.See(".paygate-timeline"))
	p.fits()
	var reserved, taken, refunded int64
	for _, payment := range p.payments() {
		refunded += payment.Refunded
		switch payment.Status {
		case journey.StatusCapturable:
			reserved += payment.Total
		case journey.StatusSuccess:
			taken += payment.Total
		}
	}
	page := strings.Join(strings.Fields(p.Text("main .govuk-summary-list")), " ")
	for word, pence := range map[string]int64{"Reserved": reserved, "Taken": taken, "Refunded": refunded} {
		said := strings.Contains(page, word+" "+journey.Pounds(pence)+" ")
		require.Equal(p.t, pence > 0, said, "%s %d pence: the page says\n%s", word, pence, page)
	}
}

// payments returns the payments of the journey on the page as the simulated Pay has them.
func (p *telephone) payments() (all []paysim.PaymentView) {
	p.t.Helper()
	page := p.Text("main")
	for _, payment := range paymentsAt(p.t, p.pay) {
		if strings.Contains(page, payment.ID) {
			all = append(all, payment)
		}
	}
	return all
}

// reads requires that the page has all of these words.
func (p *telephone) reads(words ...string) {
	p.t.Helper()
	text := p.Text("main")
	for _, word := range words {
		require.Contains(p.t, text, word)
	}
}

// order fills in an order, checks it, and gives it. An option is clicked if one is named.
func (p *telephone) order(task, reason, option string, more ...browser.Step) {
	p.t.Helper()
	p.click("main a[href$='/"+task+"']", "#reason")
	if option != "" {
		p.click(option, "#reason")
	}
	p.Do(append(more, browser.Fill("#reason", reason))...)
	p.click("form[action$='/"+task+"'] button", ".govuk-warning-text")
	p.click("form[action$='/"+task+"'] button", ".govuk-notification-banner")
	p.seeJourney()
}

// TestTwelveCalls does what docs/how-to/advisers.md says for each of its calls, among 300 journeys of 20 days.
func TestTwelveCalls(t *testing.T) {
	t.Parallel()
	port := startDemoOf(t, command.Env{Past: twentyDays()})
	p := &telephone{adviser: adviser{browser.Open(t, addressOf(port+1)), t, addressOf(port + 1), addressOf(port + 2)}}
	p.logIn()
	p.LookAtWidths("demo-overview")
	p.lookAtWhatIsFound()
	p.SetWidth(320)
	p.DisableScripts()
	for call, answer := range p.calls() {
		t.Log(call)
		answer()
		require.LessOrEqual(t, p.clicks, mostClicks, call)
	}
}
