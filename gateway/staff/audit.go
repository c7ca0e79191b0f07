package staff

import (
	"cmp"
	"context"
	"encoding/csv"
	"net/http"
	"slices"
	"strings"
	"time"

	"paygate/gateway/signin"
	"paygate/journey"
	"paygate/journey/export"
)

// audit keeps what members of staff do and look at.
type audit struct{ *server }

// The results in the audit.
const (
	resultDone    = "done"
	resultRefused = "refused" // because of the role, the state of the journey or what was sent
	resultFailed  = "failed"
	resultChecked = "checked" // somebody read what an order would do, and nothing is done yet
)

// entryOf returns the entry of a request. It has nothing of what was typed.
func (s audit) entryOf(r *http.Request, m member, what string) journey.AuditEntry {
	now := s.SignIn.Now()
	e := journey.AuditEntry{
		ID: journey.NewID(now), At: now, By: m.By(), Person: m.ID, Role: m.Role.String(),
		What: what,
	}
	if id := r.PathValue("id"); journey.IsID(id) {
		e.Journey = journey.ID(id)
	}
	if route := r.PathValue("name"); slices.Contains(s.Routes, route) {
		e.What += " " + route
	}
	for name, values := range parametersOf(r) {
		if r.URL.Path != signin.CallbackPath && slices.Contains(searchedBy, name) && strings.Join(values, "") != "" {
			e.Search = append(e.Search, name)
		}
	}
	slices.Sort(e.Search)
	return e
}

// searchedBy are the parameters of lists and files that narrow them.
var searchedBy = []string{
	"state", "route", "reference", "payment", "find", "since", "until", "from", "to", "by", "account", "q",
	"approval", "money",
}

func (s audit) put(ctx context.Context, e journey.AuditEntry) error {
	return s.Store.PutAudit(context.WithoutCancel(ctx), e, e.At.Add(-s.KeepAudit))
}

// note stores an entry of something that is done.
func (s audit) note(r *http.Request, m member, what string) error {
	e := s.entryOf(r, m, what)
	e.Result = resultDone
	return s.put(r.Context(), e)
}

// record returns a writer that stores the entry of a request before the answer goes out: without the entry there is no
// answer. What changes something has its entry before, without a result; the error is that of storing it.
func (s audit) record(w http.ResponseWriter, r *http.Request, m member, a address) (http.ResponseWriter, error) {
	if a.what == "" {
		return w, nil
	}
	e := s.entryOf(r, m, a.what)
	if a.changes() {
		if err := s.put(r.Context(), e); err != nil {
			return w, err
		}
	}
	audited := &auditedWriter{ResponseWriter: w, changes: a.changes()}
	audited.store = func(status int) error {
		e.Result = cmp.Or(audited.result, resultOf(status))
		return s.put(r.Context(), e)
	}
	return audited, nil
}

// setResult says what the audit has as the result, if the status of the answer does not say it.
func setResult(w http.ResponseWriter, result string) {
	if audited, ok := w.(*auditedWriter); ok {
		audited.result = result
	}
}

func resultOf(status int) string {
	switch {
	case status < http.StatusBadRequest:
		return resultDone
	case status < http.StatusInternalServerError:
		return resultRefused
	default:
		return resultFailed
	}
}

// auditedWriter stores an entry when the answer begins. If that fails, what was asked for is not shown; what was done
// has an entry already, and its result is shown.
type auditedWriter struct {
	http.ResponseWriter
	store   func(status int) error
	changes bool
	result  string
	begun   bool
	failed  bool
}

func (w *auditedWriter) WriteHeader(status int) {
	if w.begun {
		return
	}
	w.begun = true
	if err := w.store(status); err == nil || w.changes {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.failed = true
	for _, name := range []string{"Content-Disposition", "Trailer", "Location"} {
		w.Header().Del(name)
	}
	answerText(w.ResponseWriter, http.StatusServiceUnavailable, auditFailed)
}

func (w *auditedWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.failed { // the answer that was not recorded goes nowhere
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap is for [http.ResponseController].
func (w *auditedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

const auditFailed = "The store cannot be used at the moment, so it cannot be recorded that you look at this. " +
	"Try again later."

// auditPage is how many entries are read at a time.
const auditPage = 500

var auditColumns = []string{"at", "by", "role", "what", "journey", "search", "result", "identity"}

// csv streams the entries of a period.
func (s audit) csv(w http.ResponseWriter, r *http.Request, _ member) {
	p, wrong := s.calendar.periodOf(r, "from", "to")
	if wrong != "" {
		s.problem(w, r, http.StatusUnprocessableEntity, wrong)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	h.Set("Content-Disposition", `attachment; filename="paygate-audit-`+p.name+`.csv"`)
	w.WriteHeader(http.StatusOK)
	out := csv.NewWriter(newSlowWriter(w))
	out.UseCRLF = true
	_ = out.Write(auditColumns)
	err := s.each(r.Context(), p, func(e journey.AuditEntry) error { return out.Write(auditRow(e)) })
	if out.Flush(); err != nil || out.Error() != nil {
		panic(http.ErrAbortHandler) // an incomplete file is never mistaken for a complete one
	}
}

// each visits the entries of a period, the oldest first.
func (s audit) each(ctx context.Context, p period, visit func(journey.AuditEntry) error) error {
	for after := journey.IDsFrom(latest(p.since, time.Unix(0, 0))); ; {
		page, err := s.Store.Audits(ctx, after, auditPage)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, e := range page {
			if !p.until.IsZero() && !e.At.Before(p.until) {
				return nil
			}
			if err := visit(e); err != nil {
				return err
			}
		}
		after = page[len(page)-1].ID
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func auditRow(e journey.AuditEntry) []string {
	what := e.What
	if what == "" {
		what = "cannot be read: its secret is not listed any more, or it is damaged"
	}
	row := []string{
		e.At.UTC().Truncate(time.Second).Format(time.RFC3339), string(e.By), e.Role, what, string(e.Journey),
		strings.Join(e.Search, " "), e.Result, strings.ReplaceAll(e.Person, "\n", ", "),
	}
	for i, text := range row {
		row[i] = export.Cell(text)
	}
	return row
}
