package staff

import (
	"slices"

	"paygate/journey"
	"paygate/journey/export"
)

// money is where the money of a journey is, in pence.
type money struct {
	reserved int64 // and not taken
	taken    int64 // before refunds
	released int64 // reserved once, let go and never taken
	refunded int64 // or on the way
}

func moneyOf(j journey.Journey) money {
	r := export.Of(j)
	m := money{reserved: r.ReservedPence, taken: r.TakenPence, refunded: r.RefundedPence}
	for _, p := range j.Payments {
		if wasLetGo(j, p) {
			m.released += p.Total
		}
	}
	return m
}

// wasLetGo reports whether a payment ended after its money had been reserved, without ever being taken.
func wasLetGo(j journey.Journey, p journey.Payment) bool {
	if !p.Finished() || p.Status == journey.StatusSuccess || p.Money > 0 {
		return false
	}
	if p.ID == j.PaidWith { // an adopted payment was reserved before its history began
		return true
	}
	return slices.ContainsFunc(j.History, func(e journey.Event) bool {
		return e.Fact == journey.PaymentSeen{}.Name() && e.Detail == p.ID+" "+journey.StatusCapturable
	})
}

// amount is a word for money and how much it is.
type amount struct{ Word, Pounds string }

// amounts lists what there is to say of the money. It is empty if none was ever there.
func (m money) amounts() (list []amount) {
	for _, a := range []struct {
		word  string
		pence int64
	}{
		{"Reserved", m.reserved}, {"Taken", m.taken}, {"Released (never taken)", m.released}, {"Refunded", m.refunded},
	} {
		if a.pence > 0 {
			list = append(list, amount{a.word, journey.Pounds(a.pence)})
		}
	}
	return list
}

// paymentMoney is money of one payment.
func paymentMoney(j journey.Journey, p journey.Payment) []amount {
	m := money{refunded: p.Refunded}
	switch {
	case p.Status == journey.StatusCapturable:
		m.reserved = p.Money
	case p.Status == journey.StatusSuccess:
		m.taken = p.Total
	case wasLetGo(j, p):
		m.released = p.Total
	}
	return m.amounts()
}
