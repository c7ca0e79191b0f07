package pages

import (
	"slices"
	"strings"
	"time"
)

// View is what one page is about. Fields that are zero are left out of the page.
type View struct {
	Language    string // "cy"; anything else is English
	Reference   string
	AmountPence int64
	Description string
	Journey     string    // the public id, for the page's button
	Started     time.Time // shown on the status page
	Until       time.Time // until when the citizen can do something
	LeftToStaff bool      // a person decides what happens if the citizen does nothing; else the money goes back
	LimitBytes  int64     // the most that a request may weigh
	Address     string    // what the page's button asks for, where that is no journey
	Target      string    // where the page leads; only http, https and addresses of this origin are followed
	Items       []Item    // of the status page, in its order
	RetryAfter  time.Duration
	Framed      bool // the page is shown in a frame of the service, and leads out of it
}

// Item is one journey on the status page: what its own page would say. The list's language is that of the list's view.
type Item struct {
	Page Page
	View View
}

// filled is what the template gets.
type filled struct {
	Lang, Service, Contact, Style string
	Title, Do, Action             string
	Says                          []string
	Reference, Amount, For        string
	Journey, Started, Target      string
	Address                       string
	Check, More                   string // addresses of ours
	Fragment                      string // the id of the element that is the answer, where it is not a whole page
	Test, Done, OnlyOnce, Leaves  bool
	Button, Framed                bool // the link is what the page is for; the page is in a frame
	Items                         []filled
}

// Word is one of the small texts that pages share.
func (f filled) Word(name string) string {
	word, known := words[name]
	if !known {
		panic("no such word: " + name)
	}
	return word.in(f.Lang)
}

// fill makes of a page and a view what the template gets.
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
	f.Says = p.paragraphs(page, f, v)
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

// fillFrame fills in what does not depend on which page it is.
func (p *Pages) fillFrame(v View) filled {
	f := filled{
		Lang: "en", Service: p.ServiceName, Contact: p.Contact, Style: p.Prefix + "/assets/" + styleName, Test: p.TestMode,
		Reference: v.Reference, For: v.Description, Journey: v.Journey, Started: p.moment(v.Started, v.Language),
		Address: v.Address,
	}
	if v.Language == "cy" {
		f.Lang, f.Service, f.Contact = "cy", orElse(p.ServiceNameCY, f.Service), orElse(p.ContactCY, f.Contact)
	}
	if v.AmountPence > 0 {
		f.Amount = Pounds(v.AmountPence)
	}
	if mayLeadTo(v.Target) {
		f.Target = v.Target
	}
	return f
}

// paragraphs puts the view's own into what the page says.
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
		all = append(all[:len(all):len(all)], said.kept...)
	}
	var out []string
	for _, paragraph := range all {
		if text, whole := place(paragraph.in(f.Lang), places); whole {
			out = append(out, text)
		}
	}
	return out
}

// place fills the places of one paragraph; not whole, when there is nothing to put into one of them.
func place(paragraph string, places map[string]string) (text string, whole bool) {
	for name, value := range places {
		if value == "" && strings.Contains(paragraph, name) {
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
		card.Do = orElse(card.Do, card.Word("show"))
		f.Items = append(f.Items, card)
	}
	if len(v.Items) == 0 {
		f.Says = []string{f.Word("none")}
	}
}

// mayLeadTo tells addresses that a browser opens from those that it runs (javascript:) or hands on to another program.
func mayLeadTo(target string) bool {
	scheme, _, found := strings.Cut(target, ":")
	if !found || strings.ContainsAny(scheme, "/?#") {
		return true
	}
	return strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
