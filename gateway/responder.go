package gateway

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"paygate/gateway/match"
	"paygate/gateway/pages"
	"paygate/journey"
)

// responder answers requests in Paygate's own name. It knows how to speak to each kind of client.
type responder struct {
	pages     *pages.Pages
	languages languages
	prefix    string   // of our own addresses
	limit     int64    // bytes that a held request may have
	methods   []string // that the settings let through
	log       *slog.Logger
}

// answer writes an answer: a page for people, and what a script can use for scripts.
func (s *responder) answer(w http.ResponseWriter, r *http.Request, a answer) {
	if a.cause != nil {
		level := slog.LevelWarn
		if errors.Is(a.cause, journey.ErrPayRefused) { // only an operator can help
			level = slog.LevelError
		}
		s.log.Log(r.Context(), level, "answered",
			"status", a.status, "page", a.page, "journey_id", a.view.Journey, "error", a.cause)
	}
	a.view = s.complete(r, a.view)
	show := libraryOf(r.Header).show
	switch {
	case show != nil:
		ownHeader(w.Header())
		pages.RetryAfter(w.Header(), a.view.RetryAfter)
		show(w, a.status, s.pages.Fragment(a.page, a.view))
	case isScript(r) && !wantsPage(r.Header):
		pages.RetryAfter(w.Header(), a.view.RetryAfter)
		s.problem(w, a)
	default:
		s.pages.Render(w, a.status, a.page, a.view)
	}
}

// complete adds to a view what the request says about how to show it.
func (s *responder) complete(r *http.Request, v pages.View) pages.View {
	l := lookOf(r)
	if l.language != "" {
		v.Language, v.Chosen = l.language, true
	}
	if v.Language == "" {
		v.Language = s.languages.of(r, nil)
	}
	v.Checks, v.Here = l.checks, l.here
	v.Framed, v.LimitBytes = isFramed(r.Header), s.limit
	return v
}

// sendToPay sends a citizen to Pay's card page.
func (s *responder) sendToPay(w http.ResponseWriter, r *http.Request, began journey.Began) {
	leave := libraryOf(r.Header).leave
	switch {
	case leave != nil:
		ownHeader(w.Header())
		leave(w, began.NextURL)
	case isFramed(r.Header), isScript(r) && wantsPage(r.Header):
		view := viewOf(began.Journey)
		view.Target = began.NextURL
		s.answer(w, r, answer{status: http.StatusPaymentRequired, page: pages.ToPay, view: view})
	case isScript(r):
		paymentRequired(w, began)
	default:
		seeOther(w, began.NextURL)
	}
}

// sendOn sends a citizen to an address of this origin. A script that only follows redirects does so.
func sendOn(w http.ResponseWriter, r *http.Request, target string) {
	if leave := libraryOf(r.Header).leave; leave != nil {
		ownHeader(w.Header())
		leave(w, target)
		return
	}
	seeOther(w, target)
}

// seeOther redirects a browser with a GET, never with the citizen's POST (FACTS trap 5).
func seeOther(w http.ResponseWriter, target string) {
	w.Header().Set("Referrer-Policy", "no-referrer")
	redirect(w, http.StatusSeeOther, target)
}

// redirect redirects a browser. 308 keeps its method.
func redirect(w http.ResponseWriter, status int, target string) {
	ownHeader(w.Header())
	w.Header().Set("Location", target)
	w.WriteHeader(status)
}

// ownHeader marks what Paygate's own code answers, so that people can tell it from the service's.
func ownHeader(header http.Header) {
	header.Set("Paygate-Answer", "yes")
	header.Set("Cache-Control", "no-store")
}

// problem tells a script what the page would.
func (s *responder) problem(w http.ResponseWriter, a answer) {
	document := map[string]any{"detail": s.pages.Summary(a.page, a.view)}
	if a.view.Reference != "" {
		document["reference"], document["amount_pence"] = a.view.Reference, a.view.AmountPence
	}
	writeProblem(w, a.status, document)
}

// paymentRequired answers a script with the address where its citizen pays.
func paymentRequired(w http.ResponseWriter, began journey.Began) {
	terms := began.Journey.Terms
	writeProblem(w, http.StatusPaymentRequired, map[string]any{
		"detail": terms.Description + ": " + pages.Pounds(terms.Amount) +
			". Send the citizen to pay_url; the request is sent when they have paid.",
		"amount_pence": terms.Amount, "reference": terms.Reference, "pay_url": began.NextURL,
	})
}

// writeProblem writes a problem document (RFC 9457).
func writeProblem(w http.ResponseWriter, status int, document map[string]any) {
	document["type"], document["title"], document["status"] = "about:blank", http.StatusText(status), status
	writeJSON(w, status, "application/problem+json", document)
}

func writeJSON(w http.ResponseWriter, status int, kind string, document map[string]any) {
	ownHeader(w.Header())
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(document)
}

// methodName returns a request's method for the log. One that is not allowed may be any text.
func (s *responder) methodName(r *http.Request) string {
	if match.MethodStatus(r.Method, s.methods) == http.StatusNotImplemented {
		return "other"
	}
	return r.Method
}
