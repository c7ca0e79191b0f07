package mopup

import (
	"errors"

	"paygate/journey"
)

// Counts says what a sweep did. Each visited journey is counted once more, by its result.
type Counts struct {
	Visited   int
	Released  int // delivered now
	Captured  int // delivered before, captured now
	Returned  int // the money went back
	Abandoned int // never paid, ended now
	Waiting   int // nothing to do yet
	Stuck     int // a person has to decide from now on
	Failed    int // an error kept it where it was
}

// Words returns the counts by name.
func (c Counts) Words() map[string]int {
	return map[string]int{
		"visited": c.Visited, "released": c.Released, "captured": c.Captured, "returned": c.Returned,
		"abandoned": c.Abandoned, "waiting": c.Waiting, "stuck": c.Stuck, "failed": c.Failed,
	}
}

// of returns the count for the result of a visit.
func (c *Counts) of(before, after journey.State, err error) *int {
	switch {
	case after == journey.StateStuck && before != journey.StateStuck:
		return &c.Stuck
	case errors.Is(err, journey.ErrPaused):
		return &c.Waiting
	case err != nil && !journey.ReturnWaits(err): // a refund that has to wait is not a failure
		return &c.Failed
	case before == after:
		return &c.Waiting
	case after == journey.StateReleased && before == journey.StateAccepted:
		return &c.Captured
	case after == journey.StateReleased, after == journey.StateAccepted:
		return &c.Released
	case after == journey.StateReversed:
		return &c.Returned
	case after == journey.StateAbandoned:
		return &c.Abandoned
	default:
		return &c.Waiting
	}
}
