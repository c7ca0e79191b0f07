package export

import "paygate/journey"

// refund is one refund with its payment and its journey.
type refund struct {
	journey.Refund
	payment journey.Payment
	journey journey.Journey
}

// refundCells returns a row of the file of refunds. No spreadsheet runs any of them as a formula.
func (l Layout) refundCells(r refund) []cell {
	return append([]cell{
		{"refund_id", text(r.ID)},
		{"journey_id", string(r.journey.ID)},
		{"payment_id", text(r.payment.ID)},
		{"account", text(r.journey.Terms.Account)},
		{"route", text(r.journey.Terms.Route)},
		{"reference", text(r.journey.Terms.Reference)},
		l.money("amount", &r.Amount),
		{"status", text(r.Status)},
		moment("created_at", given(r.CreatedAt)),
		{"settled_at", text(r.SettledDate)},
		{"by", text(string(r.By))},
		{"payment_provider", text(r.payment.Provider)},
		{"provider_id", text(r.payment.ProviderID)},
		{"metadata", text(object(r.journey.Terms.Metadata))},
	}, l.metadata(r.journey.Terms.Metadata)...)
}

// refundsOf returns the refunds of a journey that are in the selection.
func (s Selection) refundsOf(j journey.Journey) (found []refund) {
	for _, p := range j.Payments {
		for _, r := range s.refunds(j.RefundsOf(p)) {
			found = append(found, refund{r, p, j})
		}
	}
	return found
}

func (s Selection) refunds(all []journey.Refund) (found []journey.Refund) {
	for _, r := range all {
		at := r.CreatedAt
		if s.By == BySettled {
			at = midday(r.SettledDate)
		}
		if s.has(at) {
			found = append(found, r)
		}
	}
	return found
}

// refunded returns what the refunds of a payment give back, on their way or not. One that was made just now may not be
// in Pay's figures yet.
func refunded(j journey.Journey, p journey.Payment) (pence int64) {
	for _, r := range j.RefundsOf(p) {
		pence += r.Given()
	}
	return pence
}

// onTheWay returns what refunds give back that have not succeeded yet.
func onTheWay(p journey.Payment) (pence int64) {
	for _, r := range p.Refunds {
		if r.Status == "submitted" {
			pence += r.Amount
		}
	}
	return pence
}
