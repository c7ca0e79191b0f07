package simulator

import (
	"crypto/rand"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"regexp"
	"strings"
	"time"
)

//go:embed cardpages.html
var cardFiles embed.FS

var cardTemplate = template.Must(template.ParseFS(cardFiles, "cardpages.html"))

// browserCookie knows a browser again that has opened a payment.
const browserCookie = "simulator-browser"

func (s *Simulator) cardRoutes() {
	s.mux.HandleFunc("GET /secure/{token}", s.open)
	s.mux.HandleFunc("GET /card_details/{id}", s.cardPage)
	s.mux.HandleFunc("POST /card_details/{id}", s.authorise)
	s.mux.HandleFunc("GET /card_details/{id}/confirm", s.confirmPage)
	s.mux.HandleFunc("POST /card_details/{id}/confirm", s.confirmed)
	s.mux.HandleFunc("POST /card_details/{id}/cancel", s.cancelled)
	s.mux.HandleFunc("GET /return/{id}", s.backToService)
	s.mux.HandleFunc("GET /{$}", s.frontPage)
	s.mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		_, _ = w.Write([]byte(cardStyle))
	})
}

// open is a visit to a next_url: the first use binds it to the browser; used elsewhere, it is worth nothing (FACTS 4.1).
func (s *Simulator) open(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tokens[r.PathValue("token")]
	browser := browserOf(r)
	if t == nil || t.browser != "" && t.browser != browser {
		render(w, http.StatusForbidden, "en", cardView{Page: "expired-session", Title: say("en", "session")})
		return
	}
	if browser == "" {
		browser = rand.Text()
		http.SetCookie(w, &http.Cookie{Name: browserCookie, Value: browser, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	t.browser, t.payment.browser = browser, browser
	http.Redirect(w, r, s.pageOf(t.payment), http.StatusSeeOther)
}

// pageOf is the page that suits the payment's state.
func (s *Simulator) pageOf(p *payment) string {
	switch {
	case p.status == "submitted":
		return "/card_details/" + p.id + "/confirm"
	default:
		return "/card_details/" + p.id
	}
}

func browserOf(r *http.Request) string {
	c, err := r.Cookie(browserCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// cardView is what the card pages show.
type cardView struct {
	Page, Title         string
	Lang, Service       string
	ID                  string
	Amount, Description string
	Form                map[string]string
	Errors              []formError
	Total, Surcharge    string
	Payments            []PaymentView
	Cards               []testCard
}

type formError struct{ Field, Text string }

// Say is a text in the page's language.
func (v cardView) Say(name string) string { return say(v.Lang, name) }

func render(w http.ResponseWriter, status int, language string, v cardView) {
	v.Lang = language
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := cardTemplate.Execute(w, v); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func (s *Simulator) view(p *payment, page, title string) cardView {
	v := cardView{
		Page: page, Title: say(p.request.Language, title), Service: s.options.ServiceName, ID: p.id,
		Amount: pounds(p.request.Amount), Description: p.request.Description, Total: pounds(p.total()),
	}
	if p.surcharge > 0 {
		v.Surcharge = pounds(p.surcharge)
	}
	return v
}

// theirs finds the payment of the page, if this browser opened it.
func (s *Simulator) theirs(w http.ResponseWriter, r *http.Request) *payment {
	p := s.payments[r.PathValue("id")]
	if p == nil || p.browser == "" || p.browser != browserOf(r) {
		render(w, http.StatusForbidden, "en", cardView{Page: "expired-session", Title: say("en", "session")})
		return nil
	}
	if page, title := endPage(p); page != "" {
		render(w, http.StatusOK, p.request.Language, s.view(p, page, title))
		return nil
	}
	return p
}

// endPage is the page of a payment that is over.
func endPage(p *payment) (page, title string) {
	switch {
	case p.code == "P0010":
		return "end", "declined"
	case p.code == "P0020":
		return "end", "expired"
	case p.code == "P0030", p.code == "P0040":
		return "end", "cancelled"
	case p.status == "error":
		return "end", "problem"
	case p.status == "success", p.status == "capturable":
		return "done", "done"
	default:
		return "", ""
	}
}

// cardPage draws the form; only now has the payment started.
func (s *Simulator) cardPage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.theirs(w, r)
	if p == nil {
		return
	}
	if p.status == "created" {
		s.to(p, "started", "")
	}
	p.touched = s.now()
	v := s.view(p, "card", "card")
	v.Form = map[string]string{
		"cardholderName": p.request.Cardholder, "email": p.request.Email, "addressLine1": p.request.Line1,
		"addressCity": p.request.City, "addressPostcode": p.request.Postcode,
	}
	render(w, http.StatusOK, p.request.Language, v)
}

var cardFields = []string{"cardNo", "expiryMonth", "expiryYear", "cardholderName", "cvc", "addressLine1", "addressCity", "addressPostcode", "email"}

// authorise takes the card.
func (s *Simulator) authorise(w http.ResponseWriter, r *http.Request) {
	form := map[string]string{}
	for _, name := range cardFields {
		form[name] = strings.TrimSpace(r.PostFormValue(name))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.theirs(w, r)
	if p == nil {
		return
	}
	outcome, wrong := s.checkCard(p.request.Language, form)
	if len(wrong) > 0 {
		v := s.view(p, "card", "card")
		v.Form, v.Errors = form, wrong
		delete(v.Form, "cvc")
		render(w, http.StatusOK, p.request.Language, v)
		return
	}
	number := digits(form["cardNo"])
	p.card = &card{
		brand: outcome.brand, kind: outcome.kind, name: form["cardholderName"], last: number[len(number)-4:], first: number[:6],
		expiry: form["expiryMonth"] + "/" + form["expiryYear"][len(form["expiryYear"])-2:],
		line1:  form["addressLine1"], city: form["addressCity"], postcode: form["addressPostcode"], country: "GB", email: form["email"],
	}
	if outcome.corporate {
		p.surcharge = s.options.Surcharge
	}
	s.to(p, outcome.status, outcome.code)
	next := "/card_details/" + p.id
	if p.status == "submitted" {
		next += "/confirm"
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
}

func (s *Simulator) confirmPage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.theirs(w, r)
	if p == nil {
		return
	}
	if p.status != "submitted" {
		http.Redirect(w, r, "/card_details/"+p.id, http.StatusSeeOther)
		return
	}
	render(w, http.StatusOK, p.request.Language, s.view(p, "confirm", "confirm"))
}

func (s *Simulator) confirmed(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.theirs(w, r)
	if p == nil {
		return
	}
	if p.status != "submitted" {
		http.Redirect(w, r, "/card_details/"+p.id, http.StatusSeeOther)
		return
	}
	s.confirm(p)
	http.Redirect(w, r, "/return/"+p.id, http.StatusFound)
}

func (s *Simulator) cancelled(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.theirs(w, r)
	if p == nil {
		return
	}
	s.to(p, "failed", "P0030")
	http.Redirect(w, r, "/card_details/"+p.id, http.StatusSeeOther)
}

// backToService is a plain redirect without a word about the outcome (FACTS 4.3).
func (s *Simulator) backToService(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.payments[r.PathValue("id")]
	if p == nil {
		http.NotFound(w, r)
		return
	}
	http.Redirect(w, r, p.request.ReturnURL, http.StatusFound)
}

func (s *Simulator) frontPage(w http.ResponseWriter, _ *http.Request) {
	render(w, http.StatusOK, "en", cardView{Page: "front", Title: "A simulated GOV.UK Pay", Payments: s.Payments(), Cards: testCards})
}

// testCard is a number of Pay's sandbox with what it does (FACTS 10).
type testCard struct {
	Number, Does string
	brand, kind  string
	status, code string
	corporate    bool
}

var testCards = []testCard{
	{Number: "4444333322221111", Does: "success", brand: "Visa", kind: "credit", status: "submitted"},
	{Number: "4242424242424242", Does: "success", brand: "Visa", kind: "credit", status: "submitted"},
	{Number: "4000056655665556", Does: "success", brand: "Visa", kind: "debit", status: "submitted"},
	{Number: "4988080000000000", Does: "success, corporate", brand: "Visa", kind: "debit", status: "submitted", corporate: true},
	{Number: "4111111111111111", Does: "success, corporate", brand: "Visa", kind: "credit", status: "submitted", corporate: true},
	{Number: "4000160000000004", Does: "success, prepaid", brand: "Visa", kind: "debit", status: "submitted"},
	{Number: "4131840000000003", Does: "success, corporate prepaid", brand: "Visa", kind: "debit", status: "submitted", corporate: true},
	{Number: "4000000000000010", Does: "success", brand: "Visa", kind: "credit", status: "submitted"},
	{Number: "222100000000000", Does: "success", brand: "Mastercard", kind: "credit", status: "submitted"},
	{Number: "5105105105105100", Does: "success", brand: "Mastercard", kind: "debit", status: "submitted"},
	{Number: "5200828282828210", Does: "success", brand: "Mastercard", kind: "debit", status: "submitted"},
	{Number: "371449635398431", Does: "success", brand: "American Express", kind: "credit", status: "submitted"},
	{Number: "3566002020360505", Does: "success", brand: "Jcb", kind: "credit", status: "submitted"},
	{Number: "6011000990139424", Does: "success", brand: "Discover", kind: "credit", status: "submitted"},
	{Number: "4000000000000002", Does: "declined", brand: "Visa", kind: "credit", status: "failed", code: "P0010"},
	{Number: "4000000000000069", Does: "expired card", brand: "Visa", kind: "credit", status: "failed", code: "P0010"},
	{Number: "4000000000000127", Does: "wrong security code", brand: "Visa", kind: "credit", status: "failed", code: "P0010"},
	{Number: "4000000000000119", Does: "error", brand: "Visa", kind: "credit", status: "error", code: "P0050"},
	{Number: "6759649826438453", Does: "type not accepted", brand: "Maestro", kind: "debit"},
}

// checkCard finds what the form has wrong, else what the card does.
func (s *Simulator) checkCard(language string, form map[string]string) (testCard, []formError) {
	var wrong []formError
	miss := func(field, name string) {
		wrong = append(wrong, formError{field, say(language, name)})
	}
	number := digits(form["cardNo"])
	known := testCard{brand: "Visa", kind: "credit", status: "error", code: "P0050"}
	for _, c := range testCards {
		if c.Number == number {
			known = c
		}
	}
	if known.Number == "" && !luhn(number) {
		miss("cardNo", "bad number")
	} else if known.status == "" {
		miss("cardNo", "bad type")
	}
	if !s.validExpiry(form["expiryMonth"], form["expiryYear"]) {
		miss("expiryMonth", "bad expiry")
	}
	if form["cardholderName"] == "" {
		miss("cardholderName", "bad name")
	}
	if !regexp.MustCompile(`^[0-9]{3,4}$`).MatchString(form["cvc"]) {
		miss("cvc", "bad code")
	}
	if form["email"] == "" || !strings.Contains(form["email"], "@") {
		miss("email", "bad email")
	}
	return known, wrong
}

func (s *Simulator) validExpiry(month, year string) bool {
	if len(year) == 2 {
		year = "20" + year
	}
	expiry, err := time.Parse("1/2006", strings.TrimLeft(month, "0")+"/"+year)
	return err == nil && expiry.AddDate(0, 1, 0).After(s.now())
}

func digits(text string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, text)
}

func luhn(number string) bool {
	if len(number) < 12 || len(number) > 19 || strings.Trim(number, "0123456789") != "" {
		return false
	}
	sum := 0
	for i := range number {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// cardTexts are the card pages' words, in English and Welsh.
var cardTexts = map[string][2]string{
	"card":      {"Enter card details", "Rhowch fanylion y cerdyn"},
	"confirm":   {"Confirm your payment", "Cadarnhewch eich taliad"},
	"declined":  {"Your payment has been declined", "Mae eich taliad wedi’i wrthod"},
	"expired":   {"Your payment session has expired", "Mae eich sesiwn talu wedi dod i ben"},
	"cancelled": {"Your payment has been cancelled", "Mae eich taliad wedi’i ganslo"},
	"problem":   {"We’re experiencing technical problems", "Rydym yn cael problemau technegol"},
	"done":      {"Your payment was successful", "Roedd eich taliad yn llwyddiannus"},
	"session":   {"Your payment session has expired", "Mae eich sesiwn talu wedi dod i ben"},

	"no money":    {"No money has been taken from your account.", "Nid oes arian wedi’i gymryd o’ch cyfrif."},
	"go back":     {"Go back to try the payment again", "Ewch yn ôl i geisio talu eto"},
	"carry on":    {"Continue", "Parhau"},
	"skip":        {"Skip to main content", "Neidio i’r prif gynnwys"},
	"summary":     {"Payment summary", "Crynodeb o’r taliad"},
	"total":       {"Total amount:", "Cyfanswm:"},
	"surcharge":   {"Includes a corporate card fee of", "Yn cynnwys ffi cerdyn corfforaethol o"},
	"number":      {"Card number", "Rhif y cerdyn"},
	"expiry":      {"Expiry date", "Dyddiad dod i ben"},
	"month":       {"Month", "Mis"},
	"year":        {"Year", "Blwyddyn"},
	"name":        {"Name on card", "Enw ar y cerdyn"},
	"code":        {"Card security code", "Cod diogelwch y cerdyn"},
	"line1":       {"Address line 1", "Llinell cyfeiriad 1"},
	"city":        {"Town or city", "Tref neu ddinas"},
	"postcode":    {"Postcode", "Cod post"},
	"email":       {"Email", "E-bost"},
	"go on":       {"Continue", "Parhau"},
	"pay":         {"Confirm payment", "Cadarnhau’r taliad"},
	"cancel":      {"Cancel payment", "Canslo’r taliad"},
	"errors":      {"There is a problem", "Mae problem"},
	"bad number":  {"Card number is not correct", "Nid yw rhif y cerdyn yn gywir"},
	"bad type":    {"This type of card is not accepted", "Ni dderbynnir y math hwn o gerdyn"},
	"bad expiry":  {"Enter a valid expiry date", "Rhowch ddyddiad dod i ben dilys"},
	"bad name":    {"Enter the name as it appears on the card", "Rhowch yr enw fel y mae ar y cerdyn"},
	"bad code":    {"Enter a valid card security code", "Rhowch god diogelwch dilys"},
	"bad email":   {"Enter a valid email", "Rhowch e-bost dilys"},
	"simulated":   {"This is a simulated GOV.UK Pay. No money moves.", "GOV.UK Pay efelychiedig yw hwn. Nid oes arian yn symud."},
	"try numbers": {"Test cards: 4444 3333 2222 1111 pays, 4000 0000 0000 0002 is declined.", "Cardiau prawf: mae 4444 3333 2222 1111 yn talu, gwrthodir 4000 0000 0000 0002."},
}

func say(language, name string) string {
	text, known := cardTexts[name]
	switch {
	case !known:
		panic(fmt.Sprintf("no such text: %s", name))
	case language == "cy":
		return text[1]
	default:
		return text[0]
	}
}

const cardStyle = `
body { font: 19px/1.4 arial, sans-serif; color: #0b0c0c; margin: 0; background: #fff }
.skip { position: absolute; left: -999em } .skip:focus { left: 0; background: #fd0; padding: 8px }
header { background: #0b3d5c; color: #fff; padding: 12px 16px; font-weight: bold }
.note { background: #fff3c4; border-bottom: 1px solid #b58a00; padding: 8px 16px; font-size: 16px }
main { max-width: 640px; margin: 0 auto; padding: 16px }
h1 { font-size: 32px } label, legend { display: block; font-weight: bold; margin-top: 16px } fieldset { border: 0; padding: 0; margin: 0 }
input { font: inherit; border: 2px solid #0b0c0c; padding: 5px; width: 100%; max-width: 24em; box-sizing: border-box }
input.short { width: 5em } input:focus, button:focus, a:focus { outline: 3px solid #fd0; outline-offset: 0 }
button { font: inherit; background: #00703c; color: #fff; border: 0; padding: 10px 16px; margin-top: 24px; cursor: pointer; display: block }
button.secondary { background: #e6e6e6; color: #0b0c0c } .row { display: flex; gap: 16px }
.errors { border: 5px solid #ca3535; padding: 16px } .error { color: #a62626; font-weight: bold; margin: 4px 0 }
.panel { border: 2px solid #b1b4b6; padding: 16px; margin: 16px 0 } a { color: #1a65a6 }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; border-bottom: 1px solid #b1b4b6; padding: 4px 8px 4px 0; overflow-wrap: anywhere }
`
