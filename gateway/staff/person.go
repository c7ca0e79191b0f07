package staff

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"paygate/journey"
	"paygate/journey/export"
	"paygate/journey/find"
)

// people shows and erases what is held about one person.
type people struct{ *server }

// maxHits is how many journeys a search for one person may find.
const maxHits = 50

var (
	errManyHits = errors.New("more than 50 journeys have this: search for something that only this person has")
	errNoQuery  = errors.New("give a reference, or what the citizen typed into a field of FIND")
)

// personRecord is a journey with everything that is held about its citizen.
type personRecord struct {
	export.Whole
	Typed       map[string]string `json:"typed"` // by field of FIND
	Email       string            `json:"email"` // for messages
	RequestKept bool              `json:"request_kept"`
	ReplyKept   bool              `json:"reply_kept"`
	Left        string            `json:"left"` // why it cannot be erased yet; empty: it can
}

func (s people) recordOf(j journey.Journey) personRecord {
	p := personRecord{
		Whole: export.WholeOf(j), Typed: map[string]string{}, Email: j.Email,
		RequestKept: j.KeepsRequest(), ReplyKept: j.KeepsReply(), Left: s.whyLeft(j),
	}
	for _, v := range j.Fingerprint.Findable {
		p.Typed[v.Field] = v.Value
	}
	return p
}

// whyLeft says why what a journey holds about its citizen is still needed.
func (s people) whyLeft(j journey.Journey) string {
	switch {
	case j.Erasable(s.Runner.Now()):
		return ""
	case j.PassValid(s.Runner.Now()):
		return "The citizen can still fetch what they paid for."
	case j.Trusted:
		return "GOV.UK Pay has not confirmed the payment yet."
	case j.Approval.Waits():
		return "A refund waits for a second person."
	case j.State.AtRest():
		return "Money is going back."
	default:
		return "It has not ended: " + stateWord(j.State) + "."
	}
}

// find returns the journeys that have a text as their reference or as a value of FIND.
func (s people) find(ctx context.Context, text string) (found []journey.Journey, err error) {
	query, filter := find.Parse(text), journey.Filter{Find: text, Limit: maxLimit}
	if query.Empty() {
		return nil, errNoQuery
	}
	for {
		page, err := s.Store.List(ctx, filter)
		if err != nil {
			return nil, err
		}
		for _, j := range page {
			if query.IsWhole(j) {
				found = append(found, j)
			}
		}
		if len(found) > maxHits {
			return nil, errManyHits
		}
		if len(page) < maxLimit {
			return found, nil
		}
		filter.After = page[len(page)-1].ID
	}
}

// personView is the data of the page about one person.
type personView struct {
	Asked    bool
	Query    string
	Journeys []personRecord
	Typed    personOrder
	Faults   []fault
	Erased   []journey.ID
	Left     []leftRecord
	Kept     []keptRecord
}

// Erasable returns the journeys of which something can be erased now.
func (v personView) Erasable() (ids []journey.ID) {
	for _, j := range v.Journeys {
		if j.Left == "" {
			ids = append(ids, j.ID)
		}
	}
	return ids
}

// IsTicked reports whether the person has ticked a journey.
func (v personView) IsTicked(id journey.ID) bool { return slices.Contains(v.Typed.Journeys, id) }

// Problems are the lines of the error summary.
func (v personView) Problems() []fault {
	return led(v.Faults, func(field string) string {
		if ids := v.Erasable(); field == "journeys" && len(ids) > 0 {
			return "erase-" + string(ids[0])
		}
		return field
	})
}

// Search is the input of the search.
func (v personView) Search() inputView {
	return inputView{
		ID: "q", Name: "q", Label: "The whole reference, or a whole value that the citizen typed",
		Value: v.Typed.Query, Wrong: saysOf(v.Faults, "q"),
	}
}

// Reason is the input of why something is erased.
func (v personView) Reason() inputView {
	return inputView{
		ID: "reason", Name: "reason", Label: "Reason", Hint: "It stays in the history: do not name the citizen.",
		Value: v.Typed.Reason, Wrong: saysOf(v.Faults, "reason"),
	}
}

// WrongTicks says what is wrong with what is ticked.
func (v personView) WrongTicks() string { return saysOf(v.Faults, "journeys") }

func (s people) form(w http.ResponseWriter, _ *http.Request, m member) {
	s.page(w, http.StatusOK, m, personView{})
}

func (s people) page(w http.ResponseWriter, status int, m member, v personView) {
	s.render(w, status, "person", titleOf("One person’s data", v.Faults), m, v)
}

// list answers with everything that is held about one person.
func (s people) list(w http.ResponseWriter, r *http.Request, m member) {
	o, wrong := personOrderOf(r)
	if wrong != "" {
		s.problem(w, r, http.StatusUnprocessableEntity, wrong)
		return
	}
	all, err := s.records(r.Context(), o.Query)
	s.Log.InfoContext(r.Context(), "staff order", "order", "person", "by", m.By(), "done", err == nil)
	isWrong := errors.Is(err, errManyHits) || errors.Is(err, errNoQuery)
	switch {
	case isWrong && wantsHTML(r):
		v := personView{Typed: o, Faults: []fault{{"q", sentence(err.Error())}}}
		s.page(w, http.StatusUnprocessableEntity, m, v)
	case isWrong:
		s.problem(w, r, http.StatusUnprocessableEntity, sentence(err.Error()))
	case err != nil:
		s.fail(w, r, err)
	case wantsHTML(r):
		s.page(w, http.StatusOK, m, personView{Asked: true, Query: o.Query, Journeys: all, Kept: kept()})
	default:
		answerJSON(w, http.StatusOK, "application/json", map[string]any{"journeys": all, "kept": kept()})
	}
}

// records returns everything that is held about one person.
func (s people) records(ctx context.Context, text string) ([]personRecord, error) {
	found, err := s.find(ctx, text)
	all := []personRecord{}
	for _, j := range found {
		all = append(all, s.recordOf(j))
	}
	return all, err
}
