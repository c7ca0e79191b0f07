package export

import (
	"slices"
	"time"

	"paygate/journey"
)

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
		for _, r := range s.refunds(RefundsOf(j, p)) {
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

// RefundsOf returns the refunds of one of a journey's payments, oldest first. If Pay's list of them is not known, or
// not complete, the rest is one refund without an id. A refund without a date was made when Paygate last gave money
// back.
func RefundsOf(j journey.Journey, p journey.Payment) []journey.Refund {
	refunds, rest := slices.Clone(p.Refunds), p.Refunded
	for _, r := range refunds {
		rest -= Refunded(r)
	}
	if rest > 0 {
		refunds = append(refunds, journey.Refund{Amount: rest})
	}
	for i := range refunds {
		if refunds[i].CreatedAt.IsZero() {
			refunds[i].CreatedAt = lastReturn(j)
		}
	}
	return refunds
}

// Refunded returns what a refund gives back, in pence. One that failed, as Pay says, gives nothing.
func Refunded(r journey.Refund) int64 {
	if r.Status == "error" {
		return 0
	}
	return r.Amount
}

// refunded returns what the refunds of a payment give back, on their way or not. One that was made just now may not be
// in Pay's figures yet.
func refunded(j journey.Journey, p journey.Payment) (pence int64) {
	for _, r := range RefundsOf(j, p) {
		pence += Refunded(r)
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

// lastReturn returns when Paygate last gave money back, as far as the history knows.
func lastReturn(j journey.Journey) time.Time {
	at := j.Since
	for _, e := range j.History {
		if e.Fact == (journey.Refunded{}).Name() || e.Fact == (journey.MoneyReturned{}).Name() {
			at = e.At
		}
	}
	return at
}
