package paysim

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
)

//go:embed cardpages.html style.css
var cardFiles embed.FS

var cardTemplate = template.Must(template.ParseFS(cardFiles, "cardpages.html"))

// page is the answer of a card page's handler. It is written after the lock is released.
type page struct {
	status int
	to     string // the target of a redirect; empty: the view is shown
	cookie *http.Cookie
	view   cardView
}

// cardView is the data of a card page.
type cardView struct {
	Kind        string // which page: card, confirm, end, done, session, front
	Title       string
	Lang        string
	Service     string
	ID          string
	Amount      string
	Description string
	Total       string
	Surcharge   string
	Payments    []PaymentView
	Cards       []testCard

	form  cardForm
	wrong []formError
}

func (s *Simulator) pageOf(p *payment, kind, title string) page {
	v := cardView{
		Kind: kind, Title: say(p.request.Language, title), Lang: p.request.Language, Service: s.options.account(p.account).ServiceName,
		ID:     p.id,
		Amount: pounds(p.request.Amount), Description: p.request.Description, Total: pounds(p.total()),
	}
	if p.surcharge > 0 {
		v.Surcharge = pounds(p.surcharge)
	}
	return page{status: http.StatusOK, view: v}
}

// sessionPage has no link back, because the service is not known (FACTS 4.1).
func sessionPage() page {
	return page{status: http.StatusForbidden, view: cardView{Kind: "session", Title: say("en", "expired"), Lang: "en"}}
}

func (s *Simulator) frontPage(*http.Request) page {
	payments := s.paymentViews()
	slices.Reverse(payments)
	return page{status: http.StatusOK, view: cardView{
		Kind: "front", Title: "A simulated GOV.UK Pay", Lang: "en", Service: "GOV.UK Pay, simulated",
		Payments: payments, Cards: testCards,
	}}
}

// policy allows a redirect to any service in answer to a form, as Pay's own does, because browsers apply form-action to
// redirects.
const policy = "default-src 'none'; style-src 'self'; img-src data:; form-action *; " +
	"base-uri 'none'; frame-ancestors 'none'"

func (p page) write(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	if p.cookie != nil {
		http.SetCookie(w, p.cookie)
	}
	if p.to != "" {
		http.Redirect(w, r, p.to, p.status)
		return
	}
	var text bytes.Buffer
	if err := cardTemplate.Execute(&text, p.view); err != nil {
		http.Error(w, "the page cannot be rendered", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(p.status)
	_, _ = text.WriteTo(w)
}

func serveStyle(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, cardFiles, "style.css")
}

// Say returns a text in the page's language.
func (v cardView) Say(name string) string { return say(v.Lang, name) }

// Errors returns the texts of the form's errors.
func (v cardView) Errors() []formError {
	var errors []formError
	for _, e := range v.wrong {
		errors = append(errors, formError{e.Field, v.Say(e.Text)})
	}
	return errors
}

// input is a field of the form as the template shows it.
type input struct {
	ID, Label, Value, Error, ErrorWord string
	Class, Mode, Type, Autocomplete    string
}

// Input returns a field with its value and its error. The security code must be typed again each time.
func (v cardView) Input(id, label, class, mode, kind, autocomplete string) input {
	drawn := input{
		ID: id, Label: v.Say(label), ErrorWord: v.Say("error"), Value: v.form[id], Error: v.Error(id),
		Class: class, Mode: mode, Type: kind, Autocomplete: autocomplete,
	}
	if id == "cvc" {
		drawn.Value = ""
	}
	return drawn
}

// Error returns the text of a field's error; it is empty if there is none.
func (v cardView) Error(id string) string {
	for _, e := range v.wrong {
		if e.Field == id {
			return v.Say(e.Text)
		}
	}
	return ""
}

func pounds(pence int64) string { return fmt.Sprintf("£%d.%02d", pence/100, pence%100) }
