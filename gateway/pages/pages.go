// Package pages shows citizens, in English or Welsh, what happened to their money and what to do. The pages need no
// JavaScript, fetch nothing but one style sheet of our own, and use the GOV.UK Design System without its crown and fonts,
// which are for GOV.UK alone.
package pages

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"
)

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// Options say what all pages share.
type Options struct {
	Prefix                     string // of our own addresses
	ServiceName, ServiceNameCY string // Welsh may be empty: the English one
	Contact, ContactCY         string // whom to ask; may be empty
	TestMode                   bool
	CardOrigins                []string // where our forms' answers may lead
}

// Pages makes the pages. Safe for concurrent use.
type Pages struct {
	Options
	policy string
	zone   *time.Location
}

// View is what one page is about. Zero fields are left out.
type View struct {
	Language    string // "cy", or English
	Reference   string
	AmountPence int64
	Description string
	Journey     string // the public id, for the page's button
	Started     time.Time
	Until       time.Time // until when something can be done
	LimitBytes  int64
	Target      string // where the page leads on
	Items       []Item // of the status page
	RetryAfter  time.Duration
}

// Item is one journey on the status page: what its own page would say.
type Item struct {
	Page Page
	View View
}

// New makes the pages.
func New(o Options) *Pages {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		zone = time.UTC
	}
	// Our forms answer with a redirect to Pay, to which browsers apply form-action as well.
	policy := "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self' " +
		strings.Join(o.CardOrigins, " ")
	return &Pages{Options: o, policy: strings.TrimSpace(policy), zone: zone}
}

// Render writes a page.
func (p *Pages) Render(w http.ResponseWriter, status int, name Page, v View) {
	filled := p.fill(name, v)
	if name == Status {
		p.list(&filled, v)
	}
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, filled); err != nil {
		panic(err) // the template is embedded and tested
	}
	p.header(w.Header(), filled.Lang, v)
	if texts[name].reloads { // by header, which works without JavaScript and at whatever address the page stands
		w.Header().Set("Refresh", "5; url="+p.Prefix+"/return")
	}
	w.Header().Set("Content-Length", fmt.Sprint(out.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

// Summary is a page's text in one line, for scripts.
func (p *Pages) Summary(name Page, v View) string {
	f := p.fill(name, v)
	return strings.Join(append([]string{f.Title + "."}, f.Says...), " ")
}

func (p *Pages) header(h http.Header, language string, v View) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", language)
	h.Set("Content-Security-Policy", p.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Paygate-Answer", "yes")
	if v.RetryAfter > 0 {
		h.Set("Retry-After", fmt.Sprint(int(v.RetryAfter.Seconds())))
	}
}

// filled is what the template gets.
type filled struct {
	Lang, Service, Contact, Style, More string
	Title, Do, Action                   string
	Says                                []string
	Reference, Amount, Description      string
	Journey, Started, Target            string
	Test                                bool
	Items                               []filled
}

// Word is one of the small texts that pages share.
func (f filled) Word(name string) string {
	word, known := words[name]
	switch {
	case !known:
		panic("no such word: " + name)
	case f.Lang == "cy":
		return word.cy
	default:
		return word.en
	}
}

func (p *Pages) fill(name Page, v View) filled {
	page, known := texts[name]
	if !known {
		panic("no such page: " + string(name))
	}
	f := filled{
		Lang: "en", Service: p.ServiceName, Contact: p.Contact, Style: p.Prefix + "/assets/" + styleName, Test: p.TestMode,
		Reference: v.Reference, Description: v.Description, Journey: v.Journey, Target: v.Target,
	}
	said := page.en
	if v.Language == "cy" {
		f.Lang, said = "cy", page.cy
		f.Service, f.Contact = orElse(p.ServiceNameCY, f.Service), orElse(p.ContactCY, f.Contact)
	}
	if v.AmountPence > 0 {
		f.Amount = Pounds(v.AmountPence)
	}
	if page.does != "" && v.Journey != "" {
		f.Action = p.Prefix + "/" + page.does
	}
	if v.Journey != "" && name != Onward {
		f.More = p.Prefix + "/status"
	}
	f.Title, f.Do = said.Title, said.Do
	for _, paragraph := range said.Says {
		if text, whole := p.place(paragraph, f, v); whole {
			f.Says = append(f.Says, text)
		}
	}
	return f
}

// place puts the view's own into a paragraph. One that speaks of what the view has not is left out.
func (p *Pages) place(paragraph string, f filled, v View) (text string, whole bool) {
	for name, value := range map[string]string{
		"{amount}": f.Amount, "{reference}": f.Reference, "{until}": p.moment(v.Until, f.Lang), "{limit}": megabytes(v.LimitBytes),
	} {
		if !strings.Contains(paragraph, name) {
			continue
		}
		if value == "" {
			return "", false
		}
		paragraph = strings.ReplaceAll(paragraph, name, value)
	}
	return paragraph, true
}

// list makes the status page's cards.
func (p *Pages) list(f *filled, v View) {
	for _, item := range v.Items {
		item.View.Language = v.Language
		card := p.fill(item.Page, item.View)
		card.Started = p.moment(item.View.Started, f.Lang)
		if card.Target != "" && card.Do == "" {
			card.Do = card.Word("show")
		}
		f.Items = append(f.Items, card)
	}
	if len(v.Items) == 0 {
		f.Says = []string{f.Word("none")}
	}
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// Pounds writes an amount as citizens read it: £25, £25.50.
func Pounds(pence int64) string {
	if pence%100 == 0 {
		return fmt.Sprintf("£%d", pence/100)
	}
	return fmt.Sprintf("£%d.%02d", pence/100, pence%100)
}

func megabytes(n int64) string {
	switch {
	case n <= 0:
		return ""
	case n < 1<<20:
		return fmt.Sprintf("%d KB", max(1, n>>10))
	default:
		return fmt.Sprintf("%d MB", n>>20)
	}
}

var welshMonths = []string{
	"Ionawr", "Chwefror", "Mawrth", "Ebrill", "Mai", "Mehefin", "Gorffennaf", "Awst", "Medi", "Hydref", "Tachwedd", "Rhagfyr",
}

// moment writes a time as the GOV.UK style has it, as the clock on a British wall shows it.
func (p *Pages) moment(at time.Time, language string) string {
	if at.IsZero() {
		return ""
	}
	at = at.In(p.zone)
	if language == "cy" {
		return fmt.Sprintf("%s ar %d %s %d", at.Format("3:04pm"), at.Day(), welshMonths[at.Month()-1], at.Year())
	}
	return at.Format("3:04pm on 2 January 2006")
}
