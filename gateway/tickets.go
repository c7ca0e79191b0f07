package gateway

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"time"

	"paygate/gateway/cookie"
	"paygate/gateway/match"
	"paygate/journey"
)

// tickets reads and writes the tickets to journeys in a browser's cookie.
type tickets struct {
	*responder
	jar    *cookie.Jar
	runner *journey.Runner
}

// journeys returns the journeys that the request's tickets open, newest first. An error means that the store failed,
// and not that there are no journeys.
func (t *tickets) journeys(r *http.Request) ([]journey.Journey, error) {
	var own []journey.Journey
	for _, ticket := range t.jar.Read(r) {
		j, err := t.runner.Store.Get(r.Context(), journey.ID(ticket.Journey))
		switch {
		case errors.Is(err, journey.ErrNotFound), errors.Is(err, journey.ErrDamaged):
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

// owned returns the journey with this public id, if the browser owns it.
func (t *tickets) owned(r *http.Request, id journey.ID) (journey.Journey, bool, error) {
	own, err := t.journeys(r)
	j, found := firstOf(own, func(j journey.Journey) bool { return j.ID == id })
	return j, found, err
}

// firstOf returns the first journey that meets a condition.
func firstOf(list []journey.Journey, condition func(journey.Journey) bool) (journey.Journey, bool) {
	i := slices.IndexFunc(list, condition)
	if i < 0 {
		return journey.Journey{}, false
	}
	return list[i], true
}

// giveTicket adds the ticket of a journey to the browser's cookie. If not all tickets fit, those that are needed least
// are dropped first: those of journeys at rest, the oldest before the others.
func (t *tickets) giveTicket(w http.ResponseWriter, r *http.Request, j journey.Journey) error {
	list := []cookie.Ticket{ticketOf(j)}
	own, err := t.journeys(r)
	if err != nil {
		return err
	}
	now := t.runner.Now()
	slices.SortStableFunc(own, func(a, b journey.Journey) int { return cmp.Compare(needed(b, now), needed(a, now)) })
	for _, other := range own {
		if other.ID != j.ID {
			list = append(list, ticketOf(other))
		}
	}
	return t.jar.Write(w, list)
}

// renewTickets renews the browser's tickets if a refusal that it has just learnt of can be corrected for longer than
// they last: without them it would pay again.
func (t *tickets) renewTickets(w http.ResponseWriter, r *http.Request, j journey.Journey) {
	const ticketsLast = 24 * time.Hour // at least
	if j.State != journey.StateRefused || j.CorrectUntil().Before(j.StartedAt.Add(ticketsLast)) {
		return
	}
	if err := t.giveTicket(w, r, j); err != nil {
		t.log.WarnContext(r.Context(), "renewing the tickets", "journey_id", j.ID, "error", err)
	}
}

// needed returns how much a browser still needs a journey's ticket.
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

func ticketOf(j journey.Journey) cookie.Ticket {
	return cookie.Ticket{Journey: string(j.ID), Key: j.Key, Started: j.StartedAt.Unix()}
}

// hasJourneyFor reports whether the browser has an unfinished journey on one of the routes. If the store fails, it
// reports false, so that free requests pass.
func (t *tickets) hasJourneyFor(r *http.Request, hit match.Decision) bool {
	own, err := t.journeys(r)
	return err == nil && slices.ContainsFunc(own, func(j journey.Journey) bool {
		isOpen := !j.State.AtRest() || j.PassValid(t.runner.Now())
		return isOpen && slices.ContainsFunc(hit.Routes,
			func(route *match.Route) bool { return route.Name == j.Terms.Route })
	})
}
