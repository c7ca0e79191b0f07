package staff

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"paygate/journey"
	"paygate/journey/export"
	"paygate/journey/reconcile"
)

// comparisons serves the comparison with GOV.UK Pay's list.
type comparisons struct{ *server }

// comparisonOrder is what a person orders about the comparison with GOV.UK Pay's list.
type comparisonOrder struct {
	From    string  `json:"from"`
	To      string  `json:"to"`
	Account *string `json:"account"` // absent: all of them

	PaymentID string `json:"payment_id"` // to adopt
	Reason    string `json:"reason"`
}

// comparisonOrderOf reads an order. If it cannot be read, wrong says why.
func comparisonOrderOf(r *http.Request) (o comparisonOrder, wrong string) {
	const fields = "from, to and account, or payment_id and reason"
	o, wrong = readOrder(r, fields, func(form url.Values) (o comparisonOrder, wrong string) {
		o = comparisonOrder{
			From: form.Get("from"), To: form.Get("to"), PaymentID: form.Get("payment_id"), Reason: form.Get("reason"),
		}
		if account := form.Get("account"); account != "" {
			o.Account = &account
		}
		return o, ""
	})
	if o.Account != nil && *o.Account == journey.DefaultAccount {
		o.Account = new("")
	}
	o.PaymentID, o.Reason = strings.TrimSpace(o.PaymentID), strings.TrimSpace(o.Reason)
	return o, wrong
}

// rangeOf returns the range that an order names. A range of one date is that day.
func (s comparisons) rangeOf(r *http.Request, o comparisonOrder) (wanted reconcile.Range, wrong string) {
	days := lastDay(r)
	if o.From == o.To {
		days = 1
	}
	p, wrong := s.calendar.period(o.From, o.To, days)
	if wrong != "" {
		return wanted, "From and to " + wrong
	}
	return reconcile.Range{From: p.since, To: p.until, Account: o.Account}, ""
}

// compare compares a range with GOV.UK Pay's list now, however long that takes.
func (s comparisons) compare(w http.ResponseWriter, r *http.Request, m member) {
	o, wrong := comparisonOrderOf(r)
	var wanted reconcile.Range
	if wrong == "" {
		wanted, wrong = s.rangeOf(r, o)
	}
	if wrong != "" {
		s.refuse(w, r, m, o, fault{"from", wrong})
		return
	}
	report, err := s.Reconciler.Compare(r.Context(), wanted)
	s.Log.InfoContext(r.Context(), "staff order", "order", "reconcile", "by", m.By(), "done", err == nil)
	switch {
	case err != nil:
		s.failed(w, r, err)
	case wantsHTML(r):
		http.Redirect(w, r, "/reconcile", http.StatusSeeOther)
	default:
		answerJSON(w, http.StatusOK, "application/json", report)
	}
}

// adopt begins a journey for a payment that only GOV.UK Pay knows.
func (s comparisons) adopt(w http.ResponseWriter, r *http.Request, m member) {
	o, wrong := comparisonOrderOf(r)
	if wrong == "" {
		wrong = wrongReason(o.Reason)
	}
	if wrong != "" {
		s.refuse(w, r, m, o, fault{"reason", wrong})
		return
	}
	j, err := s.Reconciler.Adopt(context.WithoutCancel(r.Context()), o.Account, o.PaymentID, m.By(), o.Reason)
	s.Log.InfoContext(r.Context(), "staff order",
		"order", "adopt", "journey_id", j.ID, "by", m.By(), "to", j.State, "done", err == nil)
	switch {
	case err != nil:
		s.failed(w, r, err)
	case wantsHTML(r):
		http.Redirect(w, r, "/journeys/"+string(j.ID), http.StatusSeeOther)
	default:
		answerJSON(w, http.StatusOK, "application/json", export.WholeOf(j))
	}
}

// failed answers with an error of a comparison or an adoption.
func (s comparisons) failed(w http.ResponseWriter, r *http.Request, err error) {
	for _, conflict := range []error{
		reconcile.ErrRunning, reconcile.ErrNotAdoptable, journey.ErrTaken, journey.ErrNotPaid,
	} {
		if errors.Is(err, conflict) {
			s.problem(w, r, http.StatusConflict, sentence(err.Error()))
			return
		}
	}
	switch {
	case errors.Is(err, journey.ErrPaymentNotFound):
		s.problem(w, r, http.StatusNotFound, "GOV.UK Pay has no such payment.")
	case errors.Is(err, reconcile.ErrNoAccount):
		s.problem(w, r, http.StatusUnprocessableEntity, sentence(err.Error()))
	default:
		s.fail(w, r, err)
	}
}

// refuse says what is wrong with an order: beside the field, with what was typed, or to a program.
func (s comparisons) refuse(w http.ResponseWriter, r *http.Request, m member, o comparisonOrder, f fault) {
	last, err := s.Reconciler.Last(r.Context())
	none := errors.Is(err, journey.ErrNotFound)
	switch {
	case !wantsHTML(r):
		s.problem(w, r, http.StatusUnprocessableEntity, f.Says)
	case err != nil && !none:
		s.fail(w, r, err)
	default:
		v := comparisonViewOf(last, !none)
		v.Typed, v.Faults = o, []fault{f}
		s.render(w, http.StatusUnprocessableEntity, "reconcile", titleOf(comparisonTitle, v.Faults), m, v)
	}
}

const comparisonTitle = "Comparison with GOV.UK Pay"

// show answers with the last comparison.
func (s comparisons) show(w http.ResponseWriter, r *http.Request, m member) {
	last, err := s.Reconciler.Last(r.Context())
	none := errors.Is(err, journey.ErrNotFound)
	switch {
	case err != nil && !none:
		s.fail(w, r, err)
	case wantsHTML(r):
		s.render(w, http.StatusOK, "reconcile", comparisonTitle, m, comparisonViewOf(last, !none))
	case none:
		s.problem(w, r, http.StatusNotFound, "Nothing has been compared yet.")
	default:
		answerJSON(w, http.StatusOK, "application/json", last.Report)
	}
}

// count returns how many differences the last comparison of everything recent found.
func (s comparisons) count(ctx context.Context) (sum int, err error) {
	if s.Reconciler == nil {
		return 0, nil
	}
	counts, _, err := s.Reconciler.Counts(ctx)
	for _, n := range counts {
		sum += n
	}
	return sum, err
}

// last returns when the last comparison was. The zero time: never.
func (s comparisons) last(ctx context.Context) (time.Time, error) {
	if s.Reconciler == nil {
		return time.Time{}, nil
	}
	last, err := s.Reconciler.Last(ctx)
	if errors.Is(err, journey.ErrNotFound) {
		return time.Time{}, nil
	}
	return last.At, err
}
