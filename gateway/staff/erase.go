package staff

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"paygate/journey"
)

// personOrder is what a person orders about another one's data.
type personOrder struct {
	Query    string       `json:"q"`
	Journeys []journey.ID `json:"journeys"`
	Reason   string       `json:"reason"`
	// Confirmed comes from the page on which a person checks the order.
	Confirmed bool `json:"-"`
	// Searched is what the page had searched for on which a person ticked the journeys.
	Searched string `json:"-"`
}

// personOrderOf reads an order. If it cannot be read, wrong says why.
func personOrderOf(r *http.Request) (o personOrder, wrong string) {
	o, wrong = readOrder(r, "q, or journeys and reason", func(form url.Values) (o personOrder, wrong string) {
		o = personOrder{
			Query: form.Get("q"), Reason: form.Get("reason"), Confirmed: form.Get("confirmed") == "yes",
			Searched: form.Get("searched"),
		}
		for _, id := range form["journeys"] {
			o.Journeys = append(o.Journeys, journey.ID(id))
		}
		return o, ""
	})
	o.Reason = strings.TrimSpace(o.Reason)
	return o, wrong
}

// leftRecord is a journey of which nothing was erased, and why.
type leftRecord struct {
	ID  journey.ID `json:"id"`
	Why string     `json:"why"`
}

// keptRecord is what is kept of a journey, and why.
type keptRecord struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

func kept() []keptRecord {
	return []keptRecord{
		{"IDs, amounts, dates, states and payment IDs", "They prove what was paid and given, and finance needs them."},
		{"Who acted, and when", "It proves what staff did."},
		{"What GOV.UK Pay, the service and backups hold", "Paygate cannot erase it there."},
	}
}

// erasure is what became of the journeys that were to be erased.
type erasure struct {
	Erased []journey.ID `json:"erased"`
	Left   []leftRecord `json:"left"`
	Kept   []keptRecord `json:"kept"`
}

// erase erases what came from the citizen of the journeys that a person has ticked.
func (s people) erase(w http.ResponseWriter, r *http.Request, m member) {
	o, wrong := personOrderOf(r)
	faults := o.faults()
	switch {
	case wrong != "":
		s.problem(w, r, http.StatusUnprocessableEntity, wrong)
	case len(faults) > 0 && wantsHTML(r) && o.Searched != "":
		s.eraseAgain(w, r, m, o, faults)
	case len(faults) > 0:
		s.problem(w, r, http.StatusUnprocessableEntity, faults[0].Says)
	case wantsHTML(r) && !o.Confirmed:
		s.checkErasure(w, r, m, o)
	default:
		s.carryOutErasure(w, r, m, o)
	}
}

// faults lists what is wrong with an order to erase.
func (o personOrder) faults() (all []fault) {
	if o.Query != "" {
		all = append(all, fault{"q", "Name the journeys: nothing is erased by a search."})
	}
	if len(o.Journeys) == 0 || len(o.Journeys) > maxHits {
		all = append(all, fault{"journeys", "Tick at least one journey, and at most 50."})
	}
	if says := wrongReason(o.Reason); says != "" {
		all = append(all, fault{"reason", says})
	}
	return all
}

// eraseAgain shows the form again, with what is wrong and what was ticked and typed.
func (s people) eraseAgain(w http.ResponseWriter, r *http.Request, m member, o personOrder, faults []fault) {
	all, err := s.records(r.Context(), o.Searched)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	v := personView{Asked: true, Query: o.Searched, Journeys: all, Typed: o, Faults: faults, Kept: kept()}
	s.page(w, http.StatusUnprocessableEntity, m, v)
}

func (s people) carryOutErasure(w http.ResponseWriter, r *http.Request, m member, o personOrder) {
	done, err := s.eraseAll(r, o, m)
	switch {
	case err != nil:
		s.fail(w, r, err)
	case wantsHTML(r):
		s.page(w, http.StatusOK, m, personView{Erased: done.Erased, Left: done.Left, Kept: done.Kept})
	default:
		answerJSON(w, http.StatusOK, "application/json", done)
	}
}

const eraseTitle = "Erase what came from the citizen"

// checkErasure shows the page on which a person checks what is to be erased.
func (s people) checkErasure(w http.ResponseWriter, r *http.Request, m member, o personOrder) {
	fields := url.Values{"reason": {o.Reason}}
	var erased, left []string
	for _, id := range o.Journeys {
		j, err := s.Store.Get(r.Context(), id)
		if _, other := s.explainLeft(r.Context(), id, err); other != nil {
			s.fail(w, r, other)
			return
		}
		if j.ID == "" || s.whyLeft(j) != "" {
			left = append(left, cmp.Or(j.Terms.Reference, string(id)))
		} else {
			erased = append(erased, j.Terms.Reference)
		}
		fields.Add("journeys", string(id))
	}
	v := confirmView{
		Back: "/person", BackTo: "the search", Section: "person", Title: eraseTitle, Warning: noUndo,
		May: len(erased) > 0, Meaning: "None of these journeys can be erased now.",
		Says:   "You are about to erase what came from the citizen in " + journeys(len(erased)) + ".",
		Action: "/person/erase", Button: "Erase", Fields: confirmed(fields),
		Rows: []confirmRow{
			{"Erased", strings.Join(erased, ", ")},
			{"Left as they are", strings.Join(left, ", ")},
			{"Reason", o.Reason},
		},
	}
	setResult(w, resultChecked)
	s.render(w, http.StatusOK, "confirm", "Check: "+eraseTitle, m, v)
}

func journeys(n int) string {
	if n == 1 {
		return "one journey"
	}
	return fmt.Sprintf("%d journeys", n)
}

func (s people) eraseAll(r *http.Request, o personOrder, m member) (erasure, error) {
	done := erasure{Erased: []journey.ID{}, Left: []leftRecord{}, Kept: kept()}
	for _, id := range o.Journeys {
		why, err := s.eraseOne(r, id, o, m)
		switch {
		case err != nil:
			return done, err
		case why != "":
			done.Left = append(done.Left, leftRecord{id, why})
		default:
			done.Erased = append(done.Erased, id)
		}
	}
	return done, nil
}

// eraseOne erases what came from the citizen of one journey, with an entry of its own in the audit. It returns why a
// journey is left as it is.
func (s people) eraseOne(r *http.Request, id journey.ID, o personOrder, m member) (why string, err error) {
	if !journey.IsID(string(id)) {
		return noSuchJourney, nil
	}
	ctx, log := context.WithoutCancel(r.Context()), audit(s)
	entry := log.entryOf(r, m, "erase")
	entry.Journey = id
	if err := log.put(ctx, entry); err != nil {
		return "", err
	}
	_, err = s.Runner.ErasePerson(ctx, id, m.By(), o.Reason)
	s.Log.InfoContext(ctx, "staff order", "order", "erase", "journey_id", id, "by", m.By(), "done", err == nil)
	why, err = s.explainLeft(ctx, id, err)
	switch {
	case err != nil:
		entry.Result = resultFailed
	case why != "":
		entry.Result = resultRefused
	default:
		entry.Result = resultDone
	}
	return why, errors.Join(err, log.put(ctx, entry))
}

const noSuchJourney = "There is no such journey."

// explainLeft says why nothing was erased. An error that is not about the journey is returned.
func (s people) explainLeft(ctx context.Context, id journey.ID, err error) (why string, other error) {
	_, needed := errors.AsType[*journey.TransitionError](err)
	switch {
	case needed:
		j, err := s.Store.Get(ctx, id)
		return cmp.Or(s.whyLeft(j), "It was needed until a moment ago."), err
	case errors.Is(err, journey.ErrNotFound):
		return noSuchJourney, nil
	case errors.Is(err, journey.ErrDamaged):
		return "It is damaged in the store.", nil
	default:
		return "", err
	}
}
