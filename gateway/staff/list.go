package staff

import (
	"errors"
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
	usualLimit = 50
	mostLimit  = 500
)

// list answers with journeys, newest first.
func (d *door) list(w http.ResponseWriter, r *http.Request, m member) {
	filter, wrong := filterOf(r.URL.Query())
	if wrong != "" {
		d.problem(w, r, http.StatusUnprocessableEntity, wrong)
		return
	}
	found, err := d.find(r, filter, strings.TrimSpace(r.URL.Query().Get("find")))
	if err != nil {
		d.fail(w, r, err)
		return
	}
	next := ""
	if len(found) == filter.Limit {
		next = string(found[len(found)-1].ID)
	}
	if readsHTML(r) {
		d.render(w, http.StatusOK, "list", "Journeys", m, listViewOf(r, filter, found, next))
		return
	}
	records := []export.Record{}
	for _, j := range found {
		records = append(records, export.Of(j))
	}
	answerJSON(w, http.StatusOK, "application/json", map[string]any{"journeys": records, "next": next})
}

// find lists by the filter; what a person typed may be a reference, a payment's id or a journey's.
func (d *door) find(r *http.Request, filter journey.Filter, typed string) ([]journey.Journey, error) {
	if typed == "" {
		return d.Store.List(r.Context(), filter)
	}
	j, err := d.Store.Get(r.Context(), journey.ID(strings.ToUpper(typed)))
	if err == nil {
		return []journey.Journey{j}, nil
	}
	if !errors.Is(err, journey.ErrNotFound) {
		return nil, err
	}
	byPayment := filter
	byPayment.Payment = typed
	if found, err := d.Store.List(r.Context(), byPayment); err != nil || len(found) > 0 {
		return found, err
	}
	filter.Reference = typed
	return d.Store.List(r.Context(), filter)
}

// filterOf reads a filter from the query; the text says what is wrong with it, in words.
func filterOf(query url.Values) (f journey.Filter, wrong string) {
	f = journey.Filter{
		State: journey.State(query.Get("state")), Route: query.Get("route"), Reference: strings.TrimSpace(query.Get("reference")),
		Payment: strings.TrimSpace(query.Get("payment")), After: journey.ID(query.Get("after")), Limit: usualLimit,
	}
	if f.State != "" && !slices.Contains(journey.States(), f.State) {
		return f, fmt.Sprintf("There is no state %q.", f.State)
	}
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > mostLimit {
			return f, fmt.Sprintf("The limit must be from 1 to %d.", mostLimit)
		}
		f.Limit = n
	}
	for name, into := range map[string]*time.Time{"since": &f.Since, "until": &f.Until} {
		at, err := momentOf(query.Get(name))
		if err != nil {
			return f, fmt.Sprintf("%s must be a date such as 2026-11-22 or a time such as 2026-11-22T10:41:07Z.", name)
		}
		*into = at
	}
	return f, ""
}

// momentOf reads RFC 3339 or a date, which is its first moment in UTC; the zero time where nothing is given.
func momentOf(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC(), nil
	}
	return time.Parse(time.DateOnly, text)
}

// listView is what the page of journeys shows.
type listView struct {
	Find, State, Route, Since, Until string
	States                           []journey.State
	Rows                             []rowView
	Next                             string // the query of the next page; empty on the last
}

type rowView struct {
	ID          journey.ID
	Reference   string
	State       journey.State
	Tag         string
	Amount      string
	Route       string
	Description string
	StartedAt   time.Time
}

func listViewOf(r *http.Request, f journey.Filter, found []journey.Journey, next string) listView {
	query := r.URL.Query()
	v := listView{
		Find: query.Get("find"), State: string(f.State), Route: f.Route, Since: query.Get("since"), Until: query.Get("until"),
		States: journey.States(),
	}
	for _, j := range found {
		v.Rows = append(v.Rows, rowOf(j))
	}
	if next != "" {
		query.Set("after", next)
		v.Next = query.Encode()
	}
	return v
}

func rowOf(j journey.Journey) rowView {
	return rowView{
		ID: j.ID, Reference: j.Terms.Reference, State: j.State, Tag: tagOf(j.State), Amount: journey.Pounds(j.Terms.Amount),
		Route: j.Terms.Route, Description: j.Terms.Description, StartedAt: j.StartedAt,
	}
}
