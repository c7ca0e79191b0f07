package staff

import (
	"fmt"
	"time"

	"paygate/journey"
)

// span is the figures of the journeys that began in some days up to now.
type span struct {
	Name  string
	from  time.Time
	Shows string // the address of the journeys that are counted
	Begun int64
	Given int64 // complete
	Open  int64
	taken int64
	back  int64
}

// spans returns today and the last seven days, with nothing counted yet.
func (s *server) spans(today time.Time) []*span {
	midnight := time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, s.calendar.zone)
	return []*span{newSpan("Today", midnight), newSpan("Last 7 days", midnight.AddDate(0, 0, -6))}
}

func newSpan(name string, from time.Time) *span {
	return &span{Name: name, from: from, Shows: "/journeys?since=" + from.Format(time.DateOnly)}
}

func (p *span) count(t journey.Tally) {
	if t.Hour.Before(p.from) {
		return
	}
	p.Begun += t.Journeys
	switch {
	case t.State == journey.StateReleased:
		p.Given += t.Journeys
	case !t.State.AtRest():
		p.Open += t.Journeys
	}
	p.taken += t.Taken
	p.back += t.Refunded
}

// Taken is what was taken for these journeys.
func (p *span) Taken() string { return journey.Pounds(p.taken) }

// Back is what was refunded of that.
func (p *span) Back() string { return journey.Pounds(p.back) }

// Success is the share of the journeys at rest that are complete.
func (p *span) Success() string {
	if p.Begun == p.Open {
		return "–"
	}
	return fmt.Sprintf("%d%%", 100*p.Given/(p.Begun-p.Open))
}
