package browser

import "paygate/internal/testprocess"

// EnterCard fills in the card page of the simulated Pay.
func (b Tab) EnterCard(number string) {
	b.t.Helper()
	b.Do(See("#cardNo"))
	b.Do(Fill("#cardNo", number), Fill("#expiryMonth", "12"), Fill("#expiryYear", "2039"),
		Fill("#cardholderName", "Ann Other"), Fill("#cvc", "123"), Fill("#addressLine1", "1 Quay"),
		Fill("#addressCity", "Rivermouth"), Fill("#addressPostcode", "RV1 1AA"), Fill("#email", "ann@example.org"),
		Click("#submit-card-details"))
}

// Pay pays at the simulated Pay with a good card.
func (b Tab) Pay() {
	b.t.Helper()
	b.EnterCard(testprocess.GoodCard)
	b.Do(See("#confirm"), Click("#confirm"))
}
