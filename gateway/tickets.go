package gateway

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"time"

	"paygate/gateway/cookie"
	"paygate/journey"
)

// journeys are those of the request's tickets that exist and that the tickets' keys open, newest first. A store that
// cannot be read is an error: "no journeys" would be a lie then.
func (g *Gateway) journeys(r *http.Request) ([]journey.Journey, error) {
	var own []journey.Journey
	for _, ticket := range g.Cookies.Read(r) {
		j, err := g.Runner.Store.Get(r.Context(), journey.ID(ticket.Journey))
		switch {
		case gone(err):
			continue
		case err != nil:
			return nil, err
		case j.OwnedBy(ticket.Key):
			own = append(own, j)
		}
	}
	slices.SortStableFunc(own, func(a, b journey.Journey) int { return cmp.Compare(b.ID, a.ID) })
	return own, nil
}

// owned is one of them, by its public id.
func (g *Gateway) owned(r *http.Request, id journey.ID) (journey.Journey, bool, error) {
	own, err := g.journeys(r)
	for _, j := range own {
		if j.ID == id {
			return j, true, nil
		}
	}
	return journey.Journey{}, false, err
}

// giveTicket puts a journey into the browser's cookie. When there is no room, the tickets that are needed least go
// first: those of journeys at rest, the oldest of them before.
func (g *Gateway) giveTicket(w http.ResponseWriter, r *http.Request, j journey.Journey) error {
	tickets := []cookie.Ticket{{Journey: string(j.ID), Key: j.Key, Started: j.StartedAt.Unix()}}
	own, err := g.journeys(r)
	if err != nil {
		return err
	}
	now := g.Runner.Now()
	slices.SortStableFunc(own, func(a, b journey.Journey) int { return cmp.Compare(needed(b, now), needed(a, now)) })
	for _, other := range own {
		if other.ID != j.ID {
			tickets = append(tickets, cookie.Ticket{Journey: string(other.ID), Key: other.Key, Started: other.StartedAt.Unix()})
		}
	}
	return g.Cookies.Write(w, tickets)
}

// keepTicket gives the browser its tickets anew where a refusal that it has just learnt of can be corrected for longer than they
// last: without them it would pay again.
func (g *Gateway) keepTicket(w http.ResponseWriter, r *http.Request, j journey.Journey) {
	const ticketsLast = 24 * time.Hour // at least
	if j.State != journey.StateRefused || j.CorrectUntil().Before(j.StartedAt.Add(ticketsLast)) {
		return
	}
	if err := g.giveTicket(w, r, j); err != nil {
		g.Log.WarnContext(r.Context(), "renewing the tickets", "journey_id", j.ID, "error", err)
	}
}

// needed is how much a browser still needs a journey's ticket.
func needed(j journey.Journey, now time.Time) int {
	switch {
	case j.PassValid(now), !j.State.AtRest():
		return 2
	case j.ShowsReply(now):
		return 1
	default:
		return 0
	}
}

// gone tells that a ticket's journey is not to be had, for good.
func gone(err error) bool {
	return errors.Is(err, journey.ErrNotFound) || errors.Is(err, journey.ErrDamaged)
}
