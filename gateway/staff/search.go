package staff

import (
	"context"
	"slices"
	"strings"

	"paygate/journey"
)

// search is what a list shows: the filter of the store, and what the figures of the overview count.
type search struct {
	journey.Filter
	open  bool   // of any state that is not at rest
	money string // moneyTaken or moneyRefunded; empty: any
}

const (
	stateOpen     = "open"
	moneyTaken    = "taken"
	moneyRefunded = "refunded"
)

// states returns the states to list.
func (q search) states() []journey.State {
	if !q.open {
		return []journey.State{q.State}
	}
	return slices.DeleteFunc(journey.States(), journey.State.AtRest)
}

// wants reports whether a journey of the filter has the money.
func (q search) wants(j journey.Journey) bool {
	switch q.money {
	case moneyTaken:
		return moneyOf(j).taken > 0
	case moneyRefunded:
		return moneyOf(j).refunded > 0
	default:
		return true
	}
}

// lookUp lists what a search is for, the newest first.
func (s *server) lookUp(ctx context.Context, q search) (found []journey.Journey, err error) {
	for _, q.State = range q.states() {
		some, err := s.lookUpInState(ctx, q)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	slices.SortFunc(found, func(a, b journey.Journey) int { return strings.Compare(string(b.ID), string(a.ID)) })
	return found[:min(len(found), q.Limit)], nil
}

func (s *server) lookUpInState(ctx context.Context, q search) (found []journey.Journey, err error) {
	filter := q.Filter
	if q.money != "" { // few may be wanted of many
		filter.Limit = max(q.Limit, maxLimit)
	}
	for len(found) < q.Limit {
		page, err := s.Store.List(ctx, filter)
		if err != nil {
			return nil, err
		}
		for _, j := range page {
			if q.wants(j) {
				found = append(found, j)
			}
		}
		if len(page) < filter.Limit {
			break
		}
		filter.After = page[len(page)-1].ID
	}
	return found, nil
}

// widen returns the search for what a person looks for: what they were read out is found whatever filter is left over,
// and a reference even if one character of it was read out wrongly.
func (s *server) widen(ctx context.Context, q search) (wide search, widened bool, err error) {
	if q.Find == "" {
		return q, false, nil
	}
	all := search{Filter: journey.Filter{Find: q.Find, Limit: q.Limit}}
	near := all
	near.Near = true
	for _, wide = range []search{q, all, near} {
		one := wide
		one.Limit = 1
		if found, err := s.lookUp(ctx, one); err != nil || len(found) > 0 {
			return wide, wide != q, err
		}
	}
	return all, false, nil
}
