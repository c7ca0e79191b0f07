package staff

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"paygate/journey"
	"paygate/journey/export"
)

const (
	defaultLimit = 50
	maxLimit     = 500
)

// list answers with journeys, newest first.
func (s *server) list(w http.ResponseWriter, r *http.Request, m member) {
	filter, wrong := s.filterOf(r)
	if wrong != "" {
		s.problem(w, r, http.StatusUnprocessableEntity, wrong)
		return
	}
	found, err := s.Store.List(r.Context(), filter)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	next := ""
	if len(found) == filter.Limit {
		next = string(found[len(found)-1].ID)
	}
	if wantsHTML(r) {
		s.render(w, http.StatusOK, "list", "Journeys", m, listViewOf(r, filter, found, next))
		return
	}
	records := []export.Record{}
	for _, j := range found {
		records = append(records, export.Of(j))
	}
	answerJSON(w, http.StatusOK, "application/json", map[string]any{"journeys": records, "next": next})
}

// parametersOf returns the parameters of a search: a form keeps what was typed out of addresses and histories.
func parametersOf(r *http.Request) url.Values {
	if r.Method == http.MethodPost {
		_ = r.ParseForm() // one that cannot be read has no values
		return r.PostForm
	}
	return r.URL.Query()
}

// filterOf reads a filter from the parameters. If it is not valid, wrong says why.
func (s *server) filterOf(r *http.Request) (f journey.Filter, wrong string) {
	query := parametersOf(r)
	f = journey.Filter{
		State: journey.State(query.Get("state")), Route: query.Get("route"),
		Reference: strings.TrimSpace(query.Get("reference")), Payment: strings.TrimSpace(query.Get("payment")),
		Find:  strings.TrimSpace(query.Get("find")),
		After: journey.ID(query.Get("after")), Limit: defaultLimit,
	}
	if f.State != "" && !slices.Contains(journey.States(), f.State) {
		return f, fmt.Sprintf("There is no state %q.", f.State)
	}
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxLimit {
			return f, fmt.Sprintf("The limit must be from 1 to %d.", maxLimit)
		}
		f.Limit = n
	}
	begun, wrong := s.calendar.periodOf(r, "since", "until")
	f.Since, f.Until = begun.since, begun.until
	return f, wrong
}

// listView is the data of the page of journeys.
type listView struct {
	Find, State, Route, Since, Until string
	States                           []journey.State
	Rows                             []rowView
	Next                             string // where the next page begins; empty on the last
}

type rowView struct {
	ID          journey.ID
	Reference   string
	Word        string // the state
	Tag         string
	Price       string
	Money       []amount
	Description string
	StartedAt   time.Time

	Why             string // it needs a decision
	Since, DecideBy time.Time
}

func listViewOf(r *http.Request, f journey.Filter, found []journey.Journey, next string) listView {
	query := parametersOf(r)
	v := listView{
		Next: next, Find: query.Get("find"), State: string(f.State), States: journey.States(), Route: f.Route,
		Since: query.Get("since"), Until: query.Get("until"),
	}
	if f.State == journey.StateStuck {
		slices.SortStableFunc(found, byUrgency)
	}
	for _, j := range found {
		v.Rows = append(v.Rows, rowOf(j))
	}
	return v
}

func rowOf(j journey.Journey) rowView {
	row := rowView{
		ID: j.ID, Reference: j.Terms.Reference, Word: stateWord(j.State), Tag: tagOf(j.State),
		Price: journey.Pounds(j.Terms.Amount), Money: moneyOf(j).amounts(), Description: j.Terms.Description,
		StartedAt: j.StartedAt,
	}
	if j.State == journey.StateStuck {
		row.Why, row.Since, row.DecideBy = troubleWord(j.Trouble), j.Since, j.DecideBy()
	}
	return row
}
