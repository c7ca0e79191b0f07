package staff

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"paygate/gateway/signin"
	"paygate/journey"
	"paygate/journey/export"
)

// form shows the form of an order.
func (s entrance) form(t task) func(http.ResponseWriter, *http.Request, member) {
	return func(w http.ResponseWriter, r *http.Request, m member) {
		if !wantsHTML(r) {
			w.Header().Set("Allow", http.MethodPost)
			s.problem(w, r, http.StatusMethodNotAllowed, "An order is a POST.")
			return
		}
		j, err := s.Store.Get(r.Context(), idOf(r))
		if err != nil {
			s.fail(w, r, err)
			return
		}
		s.render(w, http.StatusOK, "order", orderWords[t.name].title, m, orderViewOf(t, j, order{}, nil))
	}
}

// order carries out an order. For people, that is after a page on which they check it.
func (s entrance) order(t task) func(http.ResponseWriter, *http.Request, member) {
	return func(w http.ResponseWriter, r *http.Request, m member) {
		o, wrong := orderOf(r)
		switch {
		case wrong != "":
			s.problem(w, r, http.StatusUnprocessableEntity, wrong)
		case wantsHTML(r):
			s.orderByPages(w, r, m, t, o)
		default:
			s.orderByProgram(w, r, m, t, o)
		}
	}
}

func (s entrance) orderByProgram(w http.ResponseWriter, r *http.Request, m member, t task, o order) {
	if faults := o.faults(t, 0); len(faults) > 0 {
		s.problem(w, r, http.StatusUnprocessableEntity, faults[0].Says)
		return
	}
	j, err := s.carryOut(r, m, t.name, func(ctx context.Context, id journey.ID) (journey.Journey, error) {
		return t.do(s.server, ctx, id, o, m.Person())
	})
	s.answerOrder(w, r, j, err)
}

// carryOut carries out an order to its end, and logs it.
func (s *server) carryOut(
	r *http.Request, m member, name string, do func(context.Context, journey.ID) (journey.Journey, error),
) (journey.Journey, error) {
	j, err := do(context.WithoutCancel(r.Context()), idOf(r))
	s.Log.InfoContext(r.Context(), "staff order",
		"order", name, "journey_id", idOf(r), "by", m.By(), "to", j.State, "done", err == nil)
	return j, err
}

func (s *server) answerOrder(w http.ResponseWriter, r *http.Request, j journey.Journey, err error) {
	switch {
	case errors.Is(err, journey.ErrSecondPerson):
		answerJSON(w, http.StatusAccepted, "application/json", export.WholeOf(j))
	case err != nil:
		s.fail(w, r, err)
	default:
		answerJSON(w, http.StatusOK, "application/json", export.WholeOf(j))
	}
}

func idOf(r *http.Request) journey.ID { return journey.ID(r.PathValue("id")) }

// orderByPages shows what is wrong with an order, or shows it to be checked, or carries it out.
func (s entrance) orderByPages(w http.ResponseWriter, r *http.Request, m member, t task, o order) {
	j, err := s.Store.Get(r.Context(), idOf(r))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	title := orderWords[t.name].title
	switch faults := o.faults(t, left(j)); {
	case len(faults) > 0 && t.may(j):
		s.render(w, http.StatusUnprocessableEntity, "order", "Error: "+title, m, orderViewOf(t, j, o, faults))
	case !o.Confirmed:
		setResult(w, resultChecked)
		s.render(w, http.StatusOK, "confirm", "Check: "+title, m, confirmViewOf(t, j, o))
	default:
		s.carryOutOnce(w, r, m, t, o)
	}
}

// carryOutOnce carries out an order if the journey is still as the person saw it, so that a second click, or the order
// of two people, is carried out once. The result is shown once, on the page of the journey.
func (s entrance) carryOutOnce(w http.ResponseWriter, r *http.Request, m member, t task, o order) {
	lock := s.locks.of(idOf(r))
	lock.Lock()
	defer lock.Unlock()
	before, err := s.Store.Get(r.Context(), idOf(r))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	n := signin.Notice{Text: changedSince}
	setResult(w, resultRefused)
	if versionOf(before) == o.Seen {
		after, err := s.carryOut(r, m, t.name, func(ctx context.Context, id journey.ID) (journey.Journey, error) {
			return t.do(s.server, ctx, id, o, m.Person())
		})
		if isUnforeseen(err) {
			s.fail(w, r, err)
			return
		}
		setErrorResult(w, err)
		n = orderResult(t, o, before, s.latest(r, after, before), err)
	}
	s.showResult(w, r, m, n)
}

// setErrorResult says how an order ended, for the audit.
func setErrorResult(w http.ResponseWriter, err error) {
	status, _, _ := foreseen(err)
	setResult(w, resultOf(status))
}

const changedSince = "Nothing was done now: the journey has changed since you looked. " +
	"Perhaps you pressed twice, or somebody else was faster. What has happened is below."

// latest returns the journey as it is now, which an order that fails does not always say.
func (s *server) latest(r *http.Request, after, before journey.Journey) journey.Journey {
	if now, err := s.Store.Get(context.WithoutCancel(r.Context()), before.ID); err == nil {
		return now
	}
	if after.ID != "" {
		return after
	}
	return before
}

// showResult leads to the page of the journey, which shows the notice.
func (s entrance) showResult(w http.ResponseWriter, r *http.Request, m member, n signin.Notice) {
	n.About = "/journeys/" + string(idOf(r))
	s.gate.KeepNotice(w, r, m, n)
	http.Redirect(w, r, n.About, http.StatusSeeOther)
}

// versionOf changes with everything that an order depends on or does.
func versionOf(j journey.Journey) string {
	p, _ := j.Payment()
	return fmt.Sprintf("%s-%d-%d-%d-%d-%d", j.State, j.Since.UnixNano(), j.Claim.Number, p.Money, p.Refunded,
		len(j.History))
}

// check asks GOV.UK Pay now, and does what is owed.
func (s entrance) check(w http.ResponseWriter, r *http.Request, m member) {
	s.orderAtOnce(w, r, m, "check", checkedNotice, func(ctx context.Context, id journey.ID) (journey.Journey, error) {
		return s.checkNow(ctx, id, m.By())
	})
}

// orderAtOnce carries out an order that is not checked first. say says what became of it.
func (s entrance) orderAtOnce(
	w http.ResponseWriter, r *http.Request, m member, name string,
	say func(before, after journey.Journey, err error) signin.Notice,
	do func(context.Context, journey.ID) (journey.Journey, error),
) {
	before, err := s.Store.Get(r.Context(), idOf(r))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	after, err := s.carryOut(r, m, name, do)
	switch {
	case !wantsHTML(r):
		s.answerOrder(w, r, after, err)
	case isUnforeseen(err):
		s.fail(w, r, err)
	default:
		setErrorResult(w, err)
		s.showResult(w, r, m, say(before, s.latest(r, after, before), err))
	}
}

func (s *server) checkNow(ctx context.Context, id journey.ID, by journey.By) (journey.Journey, error) {
	progress, err := s.Runner.Check(ctx, id, journey.Visit{By: by})
	_ = progress.Reply.Close()
	if err != nil && progress.Journey.ID != "" {
		err = &journey.AtPayError{Err: err}
	}
	if after, tellErr := s.Runner.TellAll(ctx, progress.Journey, by); tellErr == nil {
		progress.Journey = after
	}
	return progress.Journey, err
}
