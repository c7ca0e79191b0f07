package demo

import (
	"strings"

	"github.com/stretchr/testify/require"

	"paygate/internal/heavytests/browser"
	"paygate/internal/paysim"
)

// calls returns what the adviser does on each call of docs/how-to/advisers.md.
func (p *telephone) calls() map[string]func() {
	return map[string]func(){
		"1 did my payment go through?": func() {
			p.pick("john smith", "john@example.org")
			p.reads("Complete", "£25.00")
		},
		"1 the same, with a reference that was misheard": func() {
			p.pick(misheard(p.paymentOf("john@example.org").Reference), "John Smith")
			p.reads("Complete")
		},
		"2 my card was declined": func() {
			p.pick("Noah Field", "£6.00")
			p.reads("can try again", "Nothing")
		},
		"3 I closed the page after paying": p.closedThePage,
		"4 I paid twice": func() {
			p.pick("Ivy Barnes", p.paymentOf("ivy@example.org").Reference)
			p.order("refund", "twice", "#part-full")
			p.reads("Refunded", "£25.00")
		},
		"5 some of it back": func() {
			p.pick("Ada Nwosu", "£25.00")
			p.order("refund", "half the season", "", browser.Fill("#amount", "12.50"))
			p.reads("£12.50")
		},
		"6 I do not want it any more": func() {
			p.pick("Greta", "Refused by the service")
			p.order("return", "changed her mind", "")
			p.reads("Money returned")
		},
		"7 the form said something is wrong": func() { p.find("Megan"); p.reads("Complete", "submission 2") },
		"8 when is my refund there?": func() {
			p.pick("Liam Walsh", "Refunded £5.00")
			p.reads("£5.00", "See it in GOV.UK Pay")
		},
		"9 my bank shows the payment": func() {
			p.pick("Idris", "Money returned")
			p.reads("Released (never taken)")
		},
		"10 nothing came, needs a decision": p.nothingCame,
		"11 I have no reference":            func() { p.find(p.paymentOf("john@example.org").ID); p.reads("Complete") },
		"12 somebody settled it": func() {
			p.pick("Sian Jones", "sian@example.org")
			p.reads("The river was closed", "demo")
		},
	}
}

// closedThePage asks GOV.UK Pay now, which knows that the citizen has paid. Until then Paygate does not.
func (p *telephone) closedThePage() {
	p.search("jack@example.org")
	p.Do(browser.See(".paygate-timeline"))
	p.reads("At GOV.UK Pay")
	p.click("form[action$='/check'] button", ".govuk-notification-banner")
	p.seeJourney()
	p.reads("Complete", "£25.00")
}

// nothingCame settles one of two journeys of the same name that need a decision: the service has the application.
func (p *telephone) nothingCame() {
	p.pick("broken line", "£25.00")
	p.reads("Needs a decision", "Decide by")
	p.order("settle", "the service has it", "#as-released")
	p.reads("Complete")
}

// paymentOf returns the newest payment of a citizen, as GOV.UK Pay's own tool shows it.
func (p *telephone) paymentOf(email string) (newest paysim.PaymentView) {
	p.t.Helper()
	for _, payment := range paymentsAt(p.t, p.pay) {
		if payment.Email == email {
			newest = payment
		}
	}
	require.NotEmpty(p.t, newest.ID, email)
	return newest
}

// misheard returns the reference with another character in the middle.
func misheard(reference string) string {
	middle, other := len(reference)/2, "8"
	if strings.HasPrefix(reference[middle:], other) {
		other = "B"
	}
	return reference[:middle] + other + reference[middle+1:]
}

// lookAtWhatIsFound looks at the pages that tell journeys apart.
func (p *telephone) lookAtWhatIsFound() {
	p.search("john smith")
	p.Do(browser.See("main tbody"))
	p.LookAtWidths("calls-found")
	p.search(misheard(p.paymentOf("john@example.org").Reference))
	p.Do(browser.See("main tbody"))
	p.LookAtWidths("calls-misheard")
	p.find("megan")
	p.LookAtWidths("calls-journey")
}
