package pages

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// View is the data of one page. Zero fields are left out of the page.
type View struct {
	Language    string // "cy"; anything else is English
	Reference   string
	AmountPence int64
	Refunded    int64  // pence of it
	Unconfirmed bool   // the request was sent before GOV.UK Pay confirmed the payment
	Route       string // may be empty
	Description string
	Journey     string    // the public id, for the page's button
	Started     time.Time // shown on the status page
	Until       time.Time // the time until which the citizen can act
	LeftToStaff bool      // if the citizen does nothing, a person decides; else the money goes back
	LimitBytes  int64     // the maximum size of a request
	Address     string    // what the page's button asks for, if not a journey
	Target      string    // where the page leads; ignored unless http, https or an address of this origin
	Items       []Item    // of the status page, in order
	RetryAfter  time.Duration
	Framed      bool // the page is shown in a frame of the service, and its links lead out of it

	Chosen bool   // the citizen has chosen the language on a page of ours, so our own addresses carry it
	Checks int    // how often the page has reloaded by itself
	Here   string // our own address at which a GET shows this page; empty: there is none

	Message, MessageCY string // what staff say to citizens; either language may be empty
}

// Item is one journey on the status page: the content of its own page, in the language of the status page.
type Item struct {
	Page Page
	View View
}

// filled is the data of the template.
type filled struct {
	Lang, Style                  string
	Service, Contact, For        wording
	Title, Do, Action            string
	Message                      wording  // of staff
	Says, After                  []string // paragraphs before and after the button
	Reference, Amount            string
	Journey, Started, Target     string
	Address                      string
	Check, Reloads, More         string // Check and More are our own addresses
	Fragment                     string // the id of the element, if this is not a whole page
	Test, Done, OnlyOnce, Leaves bool
	Framed, Hidden               bool // Hidden: until the citizen chooses its language
	Items                        []filled
	Footer                       []Link
	FooterLang                   string  // if the links are in another language
	Switch                       string  // leads to the page in the other language
	Main                         string  // the id of the main element
	Other                        *filled // the page in the other language, unless Switch leads to another page

	wait time.Duration // until the page reloads; 0: it does not
}

// Word returns one of the short texts that pages share.
func (f filled) Word(name string) string {
	word, known := words[name]
	if !known {
		panic("no such word: " + name)
	}
	return word.in(f.Lang)
}

// OtherLang returns the language that the page is not in.
func (f filled) OtherLang() string { return otherThan(f.Lang) }

// fill returns the template's data for a page and a view.
func (p *Pages) fill(name Page, v View) filled {
	page, known := texts[name]
	if !known {
		panic("no such page: " + string(name))
	}
	f := p.fillFrame(v)
	places := p.places(f, v)
	f.Title, _ = place(page.title.in(f.Lang), places)
	f.Do, f.Done, f.OnlyOnce = page.do.in(f.Lang), page.done, page.onlyOnce
	f.Leaves = name == Onward || name == LookingUp || name == PassReady
	f.Says, f.Message = page.paragraphs(f.Lang, v.Journey != "", places), messageIn(f.Lang, v)
	p.fillLinks(&f, page, v)
	if v.Journey != "" && name != Onward {
		f.More = p.address("status", v, 0)
	}
	if name == Status {
		p.list(&f, v)
	}
	return f
}

// fillLinks fills in where a page leads. Its button follows the second paragraph, so that it is on the first screen of
// a telephone.
func (p *Pages) fillLinks(f *filled, page page, v View) {
	if page.does != "" && v.Journey != "" {
		f.Action = p.address(page.does, v, 0)
	}
	if f.Action != "" || f.Target != "" {
		before := min(2, len(f.Says))
		f.Says, f.After = f.Says[:before], f.Says[before:]
	}
	if page.reloads {
		f.Check, f.wait = p.address("return", v, 0), waitAfter(v.Checks)
		f.Reloads = f.reloading()
	}
}

// fillFrame returns the data that all pages share.
func (p *Pages) fillFrame(v View) filled {
	f := filled{
		Lang: "en", Style: p.Prefix + "/assets/" + styleName, Test: p.TestMode, Framed: v.Framed, Main: "main-content",
		Reference: v.Reference, Journey: v.Journey, Started: p.moment(v.Started, v.Language), Address: v.Address,
	}
	if v.Language == "cy" {
		f.Lang = "cy"
	}
	f.Service = wordingIn(f.Lang, p.ServiceName, p.ServiceNameCY)
	f.Contact = wordingIn(f.Lang, p.Contact, p.ContactCY)
	f.For = p.description(f.Lang, v)
	f.Footer, f.FooterLang = p.footer(f.Lang)
	if v.AmountPence > 0 {
		f.Amount = Pounds(v.AmountPence)
	}
	if isLink(v.Target) {
		f.Target = v.Target
	}
	return f
}

// places returns the values of the placeholders.
func (p *Pages) places(f filled, v View) map[string]string {
	places := map[string]string{
		"{amount}": f.Amount, "{paid}": f.Amount, "{unconfirmed}": "", "{refunded}": "",
		"{until}": p.moment(v.Until, f.Lang), "{limit}": megabytes(v.LimitBytes),
		"{otherwise}": f.Word("returned"), "{noun}": p.noun(f.Lang, v.Route),
	}
	if v.Refunded > 0 {
		places["{refunded}"] = Pounds(v.Refunded)
	}
	if v.Unconfirmed {
		places["{paid}"], places["{unconfirmed}"], places["{otherwise}"] = "", f.Amount, f.Word("if paid")
	}
	if v.LeftToStaff {
		places["{otherwise}"] = f.Word("left")
	}
	return places
}

// paragraphs returns the page's paragraphs.
func (p page) paragraphs(language string, withJourney bool, places map[string]string) (out []string) {
	all := p.says
	if withJourney {
		all = append(all[:len(all):len(all)], p.withJourney...)
	}
	for _, paragraph := range all {
		if text, complete := place(paragraph.in(language), places); complete {
			out = append(out, text)
		}
	}
	return out
}

// place fills the placeholders of one paragraph. It reports false if the value of one is missing.
func place(paragraph string, places map[string]string) (text string, complete bool) {
	for name, value := range places {
		if value == "" && strings.Contains(paragraph, name) {
			return "", false
		}
		paragraph = strings.ReplaceAll(paragraph, name, value)
	}
	return paragraph, true
}

// list fills in the cards of the status page.
func (p *Pages) list(f *filled, v View) {
	for _, item := range v.Items {
		item.View.Language, item.View.Chosen = v.Language, v.Chosen
		card := p.fill(item.Page, item.View)
		card.Says, card.After = slices.Concat(card.Says, card.After), nil
		card.Do = cmp.Or(card.Do, card.Word("show"))
		f.Items = append(f.Items, card)
	}
	if len(v.Items) == 0 {
		f.Says = []string{f.Word("none")}
	}
}

// isLink reports whether a browser opens the address, rather than run it (javascript:) or pass it to another program.
func isLink(target string) bool {
	scheme, _, found := strings.Cut(target, ":")
	if !found || strings.ContainsAny(scheme, "/?#") {
		return true
	}
	return strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")
}
