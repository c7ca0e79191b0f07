package browser

import "paygate/internal/testprocess"

// EnterCard fills in the card page of the simulated Pay, with the address if the page asks for it.
func (b Tab) EnterCard(number string) {
	b.t.Helper()
	b.Do(See("#card-no"))
	b.Do(Fill("#card-no", number), Fill("#expiry-month", "12"), Fill("#expiry-year", "2039"),
		Fill("#cardholder-name", "Ann Other"), Fill("#cvc", "123"), Fill("#email", "ann@example.org"))
	if Evaluate[bool](b, `document.querySelector("#address-line-1") != null`) {
		b.Do(Fill("#address-line-1", "1 Quay"), Fill("#address-city", "Rivermouth"),
			Fill("#address-postcode", "RV1 1AA"))
	}
	b.Do(Click("#submit-card-details"))
}

// Pay pays at the simulated Pay with a good card.
func (b Tab) Pay() {
	b.t.Helper()
	b.EnterCard(testprocess.GoodCard)
	b.confirm()
}

// PayWhereBankAsks pays with a card whose bank asks first whether it is the citizen's.
func (b Tab) PayWhereBankAsks() {
	b.t.Helper()
	const button = `frames["stripe-challenge-frame"].document.querySelector("#test-source-authorize-3ds")`
	b.EnterCard(testprocess.ChallengedCard)
	b.Do(See(".iframe-3ds"))
	b.WaitUntil(button + " != null")
	b.Do(Run(button + ".click()"))
	b.confirm()
}

func (b Tab) confirm() {
	b.t.Helper()
	b.Do(See("#confirm"), Click("#confirm"), Leave("#confirm"))
}
