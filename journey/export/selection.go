package export

import (
	"context"
	"fmt"
	"time"

	"paygate/journey"
)

// By is the date that puts a journey, a payment or a refund into a file.
type By string

const (
	ByStarted  By = "started"  // the request was held
	ByPaid     By = "paid"     // we first read Pay's confirmation
	ByCaptured By = "captured" // the provider took the money, as Pay says
	BySettled  By = "settled"  // the provider paid it out, as Pay says
	ByRefunded By = "refunded" // the refund was asked for, as Pay says
)

// Selection is a range of one date: From is included, Until is not, and a zero end is open. Pay says the dates of
// captures and settlements without a time: they count as midday.
type Selection struct {
	By          By
	From, Until time.Time
}

// lookBack is how long before the range a journey may have begun that was paid or captured in it: much longer than
// anybody may try to pay. Settlements and refunds may come at any time.
const lookBack = 92 * 24 * time.Hour

// pageSize is how many journeys are in memory at a time.
const pageSize = 500

// Lister finds journeys, newest first, as [journey.Store] does.
type Lister interface {
	List(context.Context, journey.Filter) ([]journey.Journey, error)
}

// filter returns a filter that finds at least the journeys of the selection.
func (s Selection) filter() journey.Filter {
	f := journey.Filter{Limit: pageSize}
	switch s.By {
	case ByStarted:
		f.Since, f.Until = s.From, s.Until
	case ByPaid, ByCaptured:
		if !s.From.IsZero() {
			f.Since = s.From.Add(-lookBack)
		}
	}
	return f
}

// each visits the journeys that may be in the selection, newest first.
func (s Selection) each(ctx context.Context, journeys Lister, visit func(journey.Journey) error) error {
	for filter := s.filter(); ; {
		page, err := journeys.List(ctx, filter)
		if err != nil {
			return fmt.Errorf("reading journeys: %w", err)
		}
		for _, j := range page {
			if err := visit(j); err != nil {
				return err
			}
		}
		if len(page) < pageSize {
			return nil
		}
		filter.After = page[len(page)-1].ID
	}
}

// part returns the journey with what the selection counts of it: for a file by the dates of payments, the payments of
// that range; for one by refunds, the refunds of that range with their payments. So the sums of adjoining ranges
// add up. It reports false if there is nothing.
func (s Selection) part(j journey.Journey) (journey.Journey, bool) {
	switch s.By {
	case ByPaid:
		return j, s.has(paidAt(j))
	case ByCaptured, BySettled, ByRefunded:
		j.Payments = s.payments(j)
		return j, len(j.Payments) > 0
	default:
		return j, s.has(j.StartedAt)
	}
}

func (s Selection) payments(j journey.Journey) (part []journey.Payment) {
	for _, p := range j.Payments {
		switch {
		case s.By == ByRefunded:
			p.Refunds, p.Refunded = s.refunds(j.RefundsOf(p)), 0
			for _, r := range p.Refunds {
				p.Refunded += r.Given()
			}
			if len(p.Refunds) > 0 {
				part = append(part, p)
			}
		case p.Status == journey.StatusSuccess && s.has(s.dateOf(p)):
			part = append(part, p)
		}
	}
	return part
}

func (s Selection) dateOf(p journey.Payment) time.Time {
	if s.By == BySettled {
		return midday(p.SettledDate)
	}
	return midday(p.CapturedDate)
}

// has reports whether a known time is in the range.
func (s Selection) has(at time.Time) bool {
	return !at.IsZero() && (s.From.IsZero() || !at.Before(s.From)) && (s.Until.IsZero() || at.Before(s.Until))
}

// midday is on the same day in UTC and in the United Kingdom. It returns zero for a date that cannot be read.
func midday(date string) time.Time {
	day, err := time.Parse(time.DateOnly, date[:min(len(date), len(time.DateOnly))])
	if err != nil {
		return time.Time{}
	}
	return day.Add(12 * time.Hour)
}

// paidAt returns when we first read Pay's confirmation. Money that came only after the journey had ended, and that of a
// payment that was found in Pay's list, counts from when its payment was made.
func paidAt(j journey.Journey) time.Time {
	if !j.PaidAt.IsZero() && !j.Adopted {
		return j.PaidAt
	}
	for _, p := range j.Payments {
		if p.Status == journey.StatusSuccess || p.Money > 0 {
			return p.CreatedAt
		}
	}
	return j.PaidAt
}
