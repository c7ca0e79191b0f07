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

	Message, MessageCY string // what staff say to citizens; either language may be empty
}

// Item is one journey on the status page: the content of its own page, in the language of the status page.
type Item struct {
	Page Page
	View View
}

// filled is the data of the template.
type filled struct {
	Lang, Service, Contact, Style string
	Title, Do, Action             string
	Says                          []string
	Message                       message
	Reference, Amount, For        string
	Journey, Started, Target      string
	Address                       string
	Check, More                   string // our own addresses
	Fragment                      string // the id of the element, if this is not a whole page
	Test, Done, OnlyOnce, Leaves  bool
	Button, Framed                bool // the link is the main action; the page is in a frame
	Items                         []filled
}

// Word returns one of the short texts that pages share.
func (f filled) Word(name string) string {
	word, known := words[name]
	if !known {
		panic("no such word: " + name)
	}
	return word.in(f.Lang)
}

// fill returns the template's data for a page and a view.
func (p *Pages) fill(name Page, v View) filled {
	page, known := texts[name]
	if !known {
		panic("no such page: " + string(name))
	}
	f := p.fillFrame(v)
	f.Framed = v.Framed
	f.Title, f.Do = page.title.in(f.Lang), page.do.in(f.Lang)
	f.Done, f.OnlyOnce, f.Leaves = page.done, page.onlyOnce, name == Onward || name == LookingUp || name == PassReady
	f.Button = slices.Contains([]Page{ToPay, Prefetched, Refused, WrongHost, PassReady}, name)
	f.Says, f.Message = p.paragraphs(page, f, v), messageIn(f.Lang, v)
	if page.does != "" && v.Journey != "" {
		f.Action = p.Prefix + "/" + page.does
	}
	if page.reloads > 0 {
		f.Check = p.Prefix + "/return"
	}
	if v.Journey != "" && name != Onward {
		f.More = p.Prefix + "/status"
	}
	return f
}

// message is what staff say to citizens. Lang is empty if it is the language of the page.
type message struct{ Text, Lang string }

// messageIn returns the message in a language, or else in the other one.
func messageIn(language string, v View) message {
	texts := map[string]string{"en": v.Message, "cy": v.MessageCY}
	if texts[language] != "" {
		return message{Text: texts[language]}
	}
	other := map[string]string{"en": "cy", "cy": "en"}[language]
	return message{texts[other], other}
}

// fillFrame returns the data that all pages share.
func (p *Pages) fillFrame(v View) filled {
	f := filled{
		Lang: "en", Service: p.ServiceName, Contact: p.Contact, Style: p.Prefix + "/assets/" + styleName,
		Test:      p.TestMode,
		Reference: v.Reference, For: v.Description, Journey: v.Journey, Started: p.moment(v.Started, v.Language),
		Address: v.Address,
	}
	if v.Language == "cy" {
		f.Lang, f.Service, f.Contact = "cy", cmp.Or(p.ServiceNameCY, f.Service), cmp.Or(p.ContactCY, f.Contact)
	}
	if v.AmountPence > 0 {
		f.Amount = Pounds(v.AmountPence)
	}
	if isLink(v.Target) {
		f.Target = v.Target
	}
	return f
}

// paragraphs returns the page's paragraphs with the view's data.
func (p *Pages) paragraphs(said page, f filled, v View) []string {
	places := map[string]string{
		"{amount}": f.Amount, "{until}": p.moment(v.Until, f.Lang), "{limit}": megabytes(v.LimitBytes),
		"{otherwise}": f.Word("returned"),
	}
	if v.LeftToStaff {
		places["{otherwise}"] = f.Word("left")
	}
	all := said.says
	if v.Journey != "" {
		all = append(all[:len(all):len(all)], said.withJourney...)
	}
	var out []string
	for _, paragraph := range all {
		if text, complete := place(paragraph.in(f.Lang), places); complete {
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
		item.View.Language = v.Language
		card := p.fill(item.Page, item.View)
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
