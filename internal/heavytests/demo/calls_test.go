package demo

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/heavytests/browser"
)

// mostClicks is how many clicks a call may take, from the list of journeys.
const mostClicks = 5

// telephone is an adviser with a citizen on the telephone, who counts the clicks.
type telephone struct {
	adviser
	clicks int
}

// find types what the citizen reads out. The journey is shown at once.
func (p *telephone) find(text string) {
	p.t.Helper()
	p.VisitPage("/journeys")
	p.clicks = 0
	p.Do(browser.Fill("#find", text))
	p.click("form[role=search] button", ".paygate-timeline")
}

func (p *telephone) click(selector, appears string) {
	p.t.Helper()
	p.clicks++
	p.Do(browser.Click(selector), browser.See(appears))
}

// reads requires that the page has all of these words.
func (p *telephone) reads(words ...string) {
	p.t.Helper()
	text := p.Text("main")
	for _, word := range words {
		require.Contains(p.t, text, word)
	}
}

// order fills in an order, checks it, and gives it.
func (p *telephone) order(task, reason string, more ...browser.Step) {
	p.t.Helper()
	p.click("main a[href$='/"+task+"']", "#reason")
	p.Do(append(more, browser.Fill("#reason", reason))...)
	p.click("form[action$='/"+task+"'] button", ".govuk-warning-text")
	p.click("form[action$='/"+task+"'] button", ".govuk-notification-banner")
}

// TestTwelveCalls does what docs/how-to/advisers.md says for each of its calls, on the journeys with which the demo
// begins.
func TestTwelveCalls(t *testing.T) {
	t.Parallel()
	port := startDemo(t)
	p := &telephone{adviser: adviser{browser.Open(t, addressOf(port+1)), t, addressOf(port + 1), addressOf(port + 2)}}
	p.logIn()
	p.LookAtWidths("demo-overview")
	reference := func() string { return p.referenceOf("Gareth Pugh") }
	for call, answer := range map[string]func(){
		"1 did my payment go through?":     func() { p.find("ann other"); p.reads("Complete", "£25.00") },
		"2 my card was declined":           func() { p.find("Noah Field"); p.reads("can try again", "Nothing") },
		"3 I closed the page after paying": p.closedThePage,
		"4 I paid twice": func() {
			p.find("Ivy Barnes")
			p.order("refund", "twice",
				browser.Click("#part-full"))
		},
		"5 some of it back": p.wantsSomeBack,
		"6 I do not want it any more": func() {
			p.find("Greta")
			p.order("return",
				"changed her mind")
			p.reads("Money returned")
		},
		"7 the form said something is wrong": func() { p.find("Megan Other"); p.reads("Complete", "submission 2") },
		"8 when is my refund there?":         func() { p.find("Liam Walsh"); p.reads("£5.00", "See it in GOV.UK Pay") },
		"9 my bank shows the payment": func() {
			p.find("Idris")
			p.reads("Money returned",
				"Released (never taken)")
		},
		"10 nothing came, needs a decision": p.nothingCame,
		"11 I have no reference":            func() { p.find(reference()); p.reads("Complete") },
		"12 somebody settled it":            func() { p.find("Siân Jones"); p.reads("The river was closed", "demo") },
	} {
		answer()
		require.LessOrEqual(t, p.clicks, mostClicks, call)
	}
}

// closedThePage asks GOV.UK Pay now, which knows that the citizen has paid.
func (p *telephone) closedThePage() {
	p.find("Jack Byrne")
	p.click("form[action$='/check'] button", ".govuk-notification-banner")
	p.reads("Complete", "£25.00")
}

func (p *telephone) wantsSomeBack() {
	p.find("Ada Nwosu")
	p.order("refund", "half the season", browser.Fill("#amount", "12.50"))
	p.reads("£12.50")
}

// nothingCame settles the newer of two journeys that need a decision: the service has the application.
func (p *telephone) nothingCame() {
	p.VisitPage("/journeys?" + url.Values{"state": {"stuck"}}.Encode())
	p.clicks = 0
	p.click("main table a", ".paygate-timeline")
	p.reads("Needs a decision", "Decide by")
	p.order("settle", "the service has it", browser.Click("#as-released"))
	p.reads("Complete")
}

// referenceOf returns the payment id that an adviser would copy from GOV.UK Pay's own tool.
func (p *telephone) referenceOf(name string) string {
	p.find(name)
	reference := p.Text("h1")
	for _, payment := range paymentsAt(p.t, p.pay) {
		if len(reference) >= len(payment.Reference) && reference[:len(payment.Reference)] == payment.Reference {
			return payment.ID
		}
	}
	p.t.Fatal("no payment has this reference")
	return ""
}
