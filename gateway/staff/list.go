package staff

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"paygate/journey"
	"paygate/journey/export"
)

const (
	defaultLimit = 50
	maxLimit     = 500
)

// list answers with journeys, newest first.
func (s *server) list(w http.ResponseWriter, r *http.Request, m member) {
	q, wrong := s.searchOf(r)
	switch {
	case wrong != "" && wantsHTML(r):
		s.refuseSearch(w, r, m, q, wrong)
	case wrong != "":
		s.problem(w, r, http.StatusUnprocessableEntity, wrong)
	case parametersOf(r).Get("format") == "csv":
		s.sendFound(w, r, q)
	case wantsHTML(r):
		s.listPage(w, r, m, q)
	default:
		s.listForPrograms(w, r, q)
	}
}

func (s *server) listForPrograms(w http.ResponseWriter, r *http.Request, q search) {
	found, err := s.lookUp(r.Context(), q)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	next := ""
	if len(found) == q.Limit {
		next = string(found[len(found)-1].ID)
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

// searchOf reads a search from the parameters. If it is not valid, wrong says why.
func (s *server) searchOf(r *http.Request) (f search, wrong string) {
	query := parametersOf(r)
	f.money = query.Get("money")
	f.Filter = journey.Filter{
		State: journey.State(query.Get("state")), Route: query.Get("route"),
		Reference: strings.TrimSpace(query.Get("reference")), Payment: strings.TrimSpace(query.Get("payment")),
		Find:     strings.TrimSpace(query.Get("find")),
		Approval: query.Get("approval") == "waiting",
		After:    journey.ID(query.Get("after")), Limit: defaultLimit,
	}
	if asked := query.Get("approval"); asked != "" && !f.Approval {
		return f, "The approval can only be waiting."
	}
	if f.money != "" && f.money != moneyTaken && f.money != moneyRefunded {
		return f, "The money can only be taken or refunded."
	}
	if f.open = f.State == stateOpen; f.open {
		f.State = ""
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
