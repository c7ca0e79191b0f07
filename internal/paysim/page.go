package paysim

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"

	"paygate/gateway/pages"
)

//go:embed *.html
var cardFiles embed.FS

var cardTemplate = template.Must(template.ParseFS(cardFiles, "*.html"))

// page is the answer of a card page's handler. It is written after the lock is released.
type page struct {
	status int
	to     string // the target of a redirect; empty: the view is shown
	cookie *http.Cookie
	view   cardView
}

// cardView is the data of a card page.
type cardView struct {
	Kind        string // which page: card, challenge, bank, confirm, progress, end, done, session, front
	Title       string
	Lang        string
	Service     string
	ID          string
	Description string
	Amount      string
	Total       string
	Surcharge   string // empty if there is none
	Next        string // the path of the page with which the citizen goes on
	Rows        []row
	Payments    []PaymentView
	Cards       []testCard

	form  cardForm
	wrong []formError
	asks  collects
}

func (s *Simulator) pageOf(p *payment, kind, title string) page {
	v := cardView{
		Kind: kind, Title: say(p.request.Language, title), Lang: p.request.Language,
		Service: s.options.account(p.account).ServiceName, ID: p.id, Description: p.request.Description,
		Amount: pounds(p.request.Amount), Total: pounds(p.total()),
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
		Kind: "front", Title: "A simulated GOV.UK Pay", Lang: "en",
		Payments: payments, Cards: testCards,
	}}
}

// policy allows a redirect to any service in answer to a form, as Pay's own does, because browsers apply form-action to
// redirects.
const policy = "default-src 'none'; style-src 'self'; img-src data:; form-action *; base-uri 'none'; " +
	"frame-src 'self'; frame-ancestors 'self'"

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
	if err := cardTemplate.ExecuteTemplate(&text, "cardpages.html", p.view); err != nil {
		http.Error(w, "the page cannot be rendered", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(p.status)
	_, _ = text.WriteTo(w)
}

func serveAsset(w http.ResponseWriter, r *http.Request) {
	if !pages.Asset(w, r.PathValue("name")) {
		http.NotFound(w, r)
	}
}

func pounds(pence int64) string { return fmt.Sprintf("£%d.%02d", pence/100, pence%100) }
