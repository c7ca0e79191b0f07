package journey

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Tally is what the journeys of one hour add up to. Stores keep tallies, so that nobody has to read a million journeys
// to count them. Hours rather than days, because days begin at another hour in summer.
type Tally struct {
	Hour  time.Time // UTC
	State State     // of journeys that began in the hour; empty for money that moved in it

	Journeys        int64
	Taken, Refunded int64 // pence
}

// Tallies returns what an update of a journey adds to the tallies, in the order of hours and states. Sums may be
// negative; those that stay as they are are left out. A journey without an id counts for nothing.
func Tallies(before, after Journey) []Tally {
	sums := tallies{}
	sums.add(before, -1)
	sums.add(after, 1)
	return sums.changed()
}

// TalliesOf returns what new journeys add to the tallies, as [Tallies] does.
func TalliesOf(all []Journey) []Tally {
	sums := tallies{}
	for _, j := range all {
		sums.add(j, 1)
	}
	return sums.changed()
}

// tallies are sums by hour and state.
type tallies map[Tally]Tally

func (sums tallies) changed() []Tally {
	changed := slices.Collect(maps.Values(sums))
	changed = slices.DeleteFunc(changed, func(t Tally) bool {
		return t.Journeys == 0 && t.Taken == 0 &&
			t.Refunded == 0
	})
	slices.SortFunc(changed, func(a, b Tally) int {
		return cmp.Or(a.Hour.Compare(b.Hour), cmp.Compare(a.State, b.State))
	})
	return changed
}

func (sums tallies) add(j Journey, sign int64) {
	if j.ID == "" {
		return
	}
	to := func(at time.Time, state State, journeys, taken, refunded int64) {
		key := Tally{Hour: at.UTC().Truncate(time.Hour), State: state}
		t := cmp.Or(sums[key], key)
		t.Journeys, t.Taken, t.Refunded = t.Journeys+sign*journeys, t.Taken+sign*taken, t.Refunded+sign*refunded
		sums[key] = t
	}
	to(j.StartedAt, j.State, 1, 0, 0)
	for _, p := range j.Payments {
		if p.Status == StatusSuccess {
			taken := possible(p.Total)
			to(j.StartedAt, j.State, 0, taken, 0)
			to(j.takenAt(p), "", 0, taken, 0)
		}
		for _, r := range j.RefundsOf(p) {
			given := possible(r.Given())
			to(j.StartedAt, j.State, 0, 0, given)
			to(r.CreatedAt, "", 0, 0, given)
		}
	}
}

// possible limits an amount that Pay has sent, so that no sum overflows. A charge may have a card surcharge on top.
func possible(pence int64) int64 { return min(max(0, pence), 10*MaxPence) }

// takenAt returns when a payment was confirmed, or about then.
func (j Journey) takenAt(p Payment) time.Time {
	switch {
	case p.ID == j.PaidWith && !j.PaidAt.IsZero():
		return j.PaidAt
	case !p.CreatedAt.IsZero():
		return p.CreatedAt
	default:
		return j.StartedAt
	}
}

// RefundsOf returns the refunds of one of a journey's payments, oldest first. If Pay's list of them is not known, or
// not complete, the rest is one refund without an id. A refund without a date was made when Paygate last gave money
// back.
func (j Journey) RefundsOf(p Payment) []Refund {
	refunds, rest := slices.Clone(p.Refunds), p.Refunded
	for _, r := range refunds {
		rest -= r.Given()
	}
	if rest > 0 {
		refunds = append(refunds, Refund{Amount: rest})
	}
	for i := range refunds {
		if refunds[i].CreatedAt.IsZero() {
			refunds[i].CreatedAt = j.lastReturn()
		}
	}
	return refunds
}

// Given returns what a refund gives back, in pence. One that failed, as Pay says, gives nothing.
func (r Refund) Given() int64 {
	if r.Status == RefundError {
		return 0
	}
	return r.Amount
}

// lastReturn returns when Paygate last gave money back, as far as the history knows.
func (j Journey) lastReturn() time.Time {
	at := j.Since
	for _, e := range j.History {
		if e.Fact == (Refunded{}).Name() || e.Fact == (MoneyReturned{}).Name() {
			at = e.At
		}
	}
	return at
}
