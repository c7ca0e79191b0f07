package paysim

import "time"

// settlement says when the provider was asked for the money, collected it and paid it out (FACTS 8.4).
func (p *payment) settlement(at time.Time) map[string]any {
	summary := map[string]any{}
	if !p.accepted.IsZero() {
		summary["capture_submit_time"] = milliseconds(p.accepted)
	}
	if !p.collected.IsZero() {
		summary["captured_date"] = p.collected.Format(time.DateOnly)
	}
	if date := p.paidOut(p.collected, at); date != "" {
		summary["settled_date"] = date
	}
	return summary
}

func (made *refund) settlement(at time.Time) map[string]any {
	if date := made.settledDate(at); date != "" {
		return map[string]any{"settled_date": date}
	}
	return map[string]any{}
}

// settledDate is empty if the refund has not been taken from a payout at a time.
func (made *refund) settledDate(at time.Time) string {
	if made.statusAt(at) != "success" {
		return ""
	}
	return made.payment.paidOut(made.due, at)
}

// paidOut returns the date of the payout with money that moved at one time, if it has been by another time. Only Stripe
// has such dates: two working days later.
func (p *payment) paidOut(moved, by time.Time) string {
	if p.provider != "stripe" || moved.IsZero() {
		return ""
	}
	date := moved
	for left := 2; left > 0; {
		date = date.AddDate(0, 0, 1)
		if date.Weekday() != time.Saturday && date.Weekday() != time.Sunday {
			left--
		}
	}
	if date.Format(time.DateOnly) > by.Format(time.DateOnly) {
		return ""
	}
	return date.Format(time.DateOnly)
}

// fee is Stripe's, for collected money and for a refused card: the figures are invented. The other providers show none.
func (p *payment) fee() int64 {
	switch {
	case p.provider != "stripe":
		return 0
	case !p.collected.IsZero():
		return 20 + p.total()*15/1000
	case p.code == "P0010":
		return 5
	default:
		return 0
	}
}

// received returns what the provider collected.
func (p *payment) received() int64 {
	if p.collected.IsZero() {
		return 0
	}
	return p.total()
}
