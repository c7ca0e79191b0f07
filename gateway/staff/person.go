package staff

import (
	"context"
	"errors"
	"net/http"

	"paygate/journey"
	"paygate/journey/export"
	"paygate/journey/find"
)

// people shows and erases what is held about one person.
type people struct{ *server }

// maxHits is how many journeys a search for one person may find.
const maxHits = 50

var errManyHits = errors.New("more than 50 journeys have this: search for something that only this person has")

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
	case j.State.AtRest():
		return "A refund is under way."
	default:
		return "It has not ended: " + stateWord(j.State) + "."
	}
}

// find returns the journeys that have a text as their reference or as a value of FIND.
func (s people) find(ctx context.Context, text string) (found []journey.Journey, err error) {
	query, filter := find.Parse(text), journey.Filter{Find: text, Limit: maxLimit}
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
	Journeys []personRecord
	Erased   []journey.ID
	Left     []leftRecord
	Kept     []keptRecord
}

func (s people) form(w http.ResponseWriter, _ *http.Request, m member) {
	s.render(w, http.StatusOK, "person", "One person’s data", m, personView{})
}

// list answers with everything that is held about one person.
func (s people) list(w http.ResponseWriter, r *http.Request, m member) {
	o, wrong := personOrderOf(r)
	if wrong == "" && find.Parse(o.Query).Empty() {
		wrong = "Give a reference, or what the citizen typed into a field of FIND."
	}
	if wrong != "" {
		s.problem(w, r, http.StatusUnprocessableEntity, wrong)
		return
	}
	found, err := s.find(r.Context(), o.Query)
	s.Log.InfoContext(r.Context(), "staff order", "order", "person", "by", m.By(), "done", err == nil)
	switch {
	case errors.Is(err, errManyHits):
		s.problem(w, r, http.StatusUnprocessableEntity, sentence(err.Error()))
		return
	case err != nil:
		s.fail(w, r, err)
		return
	}
	all := []personRecord{}
	for _, j := range found {
		all = append(all, s.recordOf(j))
	}
	if wantsHTML(r) {
		v := personView{Asked: true, Journeys: all, Kept: kept()}
		s.render(w, http.StatusOK, "person", "One person’s data", m, v)
		return
	}
	answerJSON(w, http.StatusOK, "application/json", map[string]any{"journeys": all, "kept": kept()})
}
