package journey

import (
	"context"
	"slices"
	"time"
)

// Payer is what Pay knows of the person who paid. It is personal data: read when it is sent, and never stored. Empty
// fields are unknown.
type Payer struct {
	CardBrand string
	CardLast4 string // the last digits of the card number
	Email     string // as it was typed at Pay or prefilled; no one has checked it
}

// What a route may share of the payer.
const (
	ShareCardBrand = "card_brand"
	ShareCardLast4 = "card_last4"
	ShareEmail     = "email"
)

// payerTimeout is how long a delivery waits for what Pay knows of the payer.
const payerTimeout = 2 * time.Second

// payer returns what the service is told of the payer in a claimed delivery. Only the first delivery of a submission
// tells it, the first that may reach the service.
func (r *Runner) payer(ctx context.Context, j Journey) Payer {
	isFirst := j.Attempt == 1 || !j.Sent
	if len(j.Terms.Share) == 0 || j.Terms.Kind != KindSubmission || !isFirst {
		return Payer{}
	}
	ctx, cancel := context.WithTimeout(ctx, payerTimeout)
	defer cancel()
	p, _ := j.Payment()
	snapshot, err := r.at(j).Get(ctx, p.ID)
	if err != nil || j.Terms.Outcome(snapshot) == OutcomeMismatch {
		r.Log.WarnContext(ctx, "the service is not told who paid, because GOV.UK Pay could not be asked",
			"journey_id", j.ID, "error", err)
		return Payer{}
	}
	return snapshot.Payer.only(j.Terms.Share)
}

// only returns the fields with these names.
func (p Payer) only(names []string) Payer {
	var shared Payer
	if slices.Contains(names, ShareCardBrand) {
		shared.CardBrand = p.CardBrand
	}
	if slices.Contains(names, ShareCardLast4) {
		shared.CardLast4 = p.CardLast4
	}
	if slices.Contains(names, ShareEmail) {
		shared.Email = p.Email
	}
	return shared
}
