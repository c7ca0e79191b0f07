package staff

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"paygate/gateway/signin"
	"paygate/journey"
	"paygate/journey/export"
)

// maxShown is how many journeys the pages of a search show. Their count costs no more.
const maxShown = 500

// listView is the data of the page of journeys.
type listView struct {
	Find, State, Route, Since, Until string
	Money                            string
	States                           []journey.State
	Routes                           []string
	Rows                             []rowView
	Count                            int
	More                             bool // there are more than are counted
	First, Last                      int  // of the rows, from 1
	Pages                            []pageLink
	Previous, Next                   string // addresses; empty: there is none
	Unfiltered                       bool   // the filters would have left out what was found
	Similar                          bool   // their references only resemble what was typed
	Narrowed                         bool   // something was searched for
	PayTool                          string
	Faults                           []fault
}

// pageLink is a page of what was found.
type pageLink struct {
	Number  int
	Address string
	Current bool
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
	Typed       []journey.FormValue // what tells journeys apart that a search found

	Why             string // it needs a decision
	Since, DecideBy time.Time
}

func (s *server) listPage(w http.ResponseWriter, r *http.Request, m member, q search) {
	q, widened, err := s.widen(r.Context(), q)
	var found []journey.Journey
	if err == nil {
		q.Limit = maxShown + 1 // to know whether there are more
		found, err = s.lookUp(r.Context(), q)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	// What the caller has read out is this one.
	if r.Method == http.MethodPost && q.Find != "" && !q.Near && len(found) == 1 {
		http.Redirect(w, r, "/journeys/"+string(found[0].ID), http.StatusSeeOther)
		return
	}
	v := s.listViewOf(r, m, q, found)
	v.Unfiltered = widened && !q.Near
	v.Similar = q.Near
	s.render(w, http.StatusOK, "list", "Journeys", m, v)
}

// refuseSearch shows the form again, with what is wrong and what was typed.
func (s *server) refuseSearch(w http.ResponseWriter, r *http.Request, m member, q search, wrong string) {
	v := s.listViewOf(r, m, q, nil)
	v.Faults = []fault{{"since", strings.ToUpper(wrong[:1]) + wrong[1:]}}
	s.render(w, http.StatusUnprocessableEntity, "list", titleOf("Journeys", v.Faults), m, v)
}

func (s *server) listViewOf(r *http.Request, m member, f search, found []journey.Journey) listView {
	query := parametersOf(r)
	v := listView{
		Find: query.Get("find"), State: query.Get("state"), States: journey.States(), Route: f.Route, Routes: s.Routes,
		Since: query.Get("since"), Until: query.Get("until"), PayTool: s.payTool(),
		Count: min(len(found), maxShown), More: len(found) > maxShown,
	}
	found = found[:v.Count]
	v.Money = f.money
	v.Narrowed = f.Approval || v.Find+v.State+v.Route+v.Since+v.Until+v.Money != ""
	if f.State == journey.StateStuck {
		slices.SortStableFunc(found, byUrgency)
	}
	if f.Find+f.Reference+f.Payment == "" { // what is typed stays out of addresses, so it has one page
		found = v.turnTo(query, found)
	}
	for _, j := range found {
		row := rowOf(j)
		if f.Find != "" && m.Role >= signin.Refund { // what is personal is listed to tell apart what was found
			row.Typed = j.Fingerprint.Findable
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

// narrowedBy are the parameters that the addresses of pages carry: nothing that somebody types to find a person.
var narrowedBy = []string{"state", "route", "since", "until", "approval", "money"}

// turnTo returns the journeys of the page that is asked for, and links the others.
func (v *listView) turnTo(query url.Values, found []journey.Journey) []journey.Journey {
	pages := max(1, (len(found)+defaultLimit-1)/defaultLimit)
	current, _ := strconv.Atoi(query.Get("page"))
	current = min(max(1, current), pages)
	address := func(n int) string {
		if n < 1 || n > pages {
			return ""
		}
		at := url.Values{"page": {strconv.Itoa(n)}}
		for _, name := range narrowedBy {
			if query.Get(name) != "" {
				at.Set(name, query.Get(name))
			}
		}
		return "/journeys?" + at.Encode()
	}
	for n := 1; n <= pages && pages > 1; n++ {
		v.Pages = append(v.Pages, pageLink{n, address(n), n == current})
	}
	v.Previous, v.Next = address(current-1), address(current+1)
	first := (current - 1) * defaultLimit
	last := min(first+defaultLimit, len(found))
	v.First, v.Last = first+1, last
	return found[first:last]
}

// sendFound sends everything that was found as a file for a spreadsheet.
func (s *server) sendFound(w http.ResponseWriter, r *http.Request, q search) {
	q, _, err := s.widen(r.Context(), q)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	layout := export.Layout{Pounds: true, Metadata: s.Metadata}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8; header=present")
	w.Header().Set("Content-Disposition", `attachment; filename="paygate-found.csv"`)
	w.WriteHeader(http.StatusOK)
	out := csv.NewWriter(newSlowWriter(w))
	_ = out.Write(layout.Header())
	for q.Limit = maxLimit; ; {
		found, err := s.lookUp(r.Context(), q)
		if err != nil {
			panic(http.ErrAbortHandler) // an incomplete file is never mistaken for a complete one
		}
		for _, j := range found {
			_ = out.Write(layout.Row(export.Of(j)))
		}
		if out.Flush(); len(found) < maxLimit || out.Error() != nil {
			return
		}
		q.After = found[len(found)-1].ID
	}
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
