package pages

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

// wording is a text of the settings. Lang is its language if that is not the page's, so that screen readers read it
// well.
type wording struct{ Text, Lang string }

// wordingIn returns a text in a language, or the English one if there is no Welsh.
func wordingIn(language, english, welsh string) wording {
	switch {
	case language != "cy":
		return wording{Text: english}
	case welsh == "":
		return wording{english, "en"}
	default:
		return wording{Text: welsh}
	}
}

func otherThan(language string) string {
	if language == "cy" {
		return "en"
	}
	return "cy"
}

// description returns what the citizen pays for. A text of the service's own, which came with its price, has no other
// language.
func (p *Pages) description(language string, v View) wording {
	route := p.Routes[v.Route]
	if v.Description == route.Description || v.Description == route.DescriptionCY {
		return wordingIn(language, route.Description, route.DescriptionCY)
	}
	return wording{Text: v.Description}
}

// messageIn returns what staff say to citizens, in a language or else in the other one.
func messageIn(language string, v View) wording {
	said, other := bilingual{v.Message, v.MessageCY}, otherThan(language)
	if text := said.in(language); text != "" {
		return wording{Text: text}
	}
	return wording{said.in(other), other}
}

// noun returns what the citizen sends on a route. Without a Welsh noun it is a form, because an English word would
// break the sentence.
func (p *Pages) noun(language, route string) string {
	own := bilingual{p.Routes[route].Noun, p.Routes[route].NounCY}
	return cmp.Or(own.in(language), words["noun"].in(language))
}

// footer returns the links at the foot of a page, and their language if it is not the page's.
func (p *Pages) footer(language string) (links []Link, other string) {
	switch {
	case language != "cy":
		return p.FooterLinks, ""
	case len(p.FooterLinksCY) > 0:
		return p.FooterLinksCY, ""
	default:
		return p.FooterLinks, "en"
	}
}

// inBoth returns the template's data with a way to the other language. An answer to a form has no address that would
// show it again, so such a page contains both languages, of which one is hidden.
func (p *Pages) inBoth(name Page, v View) filled {
	f := p.fill(name, v)
	v.Language, v.Chosen = f.OtherLang(), true
	switch {
	case v.Here != "":
		f.Switch = withQuery(v.Here, v, 0)
	case f.Check != "":
		f.Switch = p.address("return", v, 0)
	default:
		other := p.fill(name, v)
		other.Main, other.Hidden = f.Main+"-"+other.Lang, true
		f.Switch, other.Switch, f.Other = "#"+other.Main, "#"+f.Main, &other
	}
	return f
}

// address returns one of our own addresses. It carries how often the page has reloaded by itself, and the language if
// the citizen has chosen it.
func (p *Pages) address(name string, v View, checks int) string {
	return withQuery(p.Prefix+"/"+name, v, checks)
}

func withQuery(address string, v View, checks int) string {
	var query []string
	if checks > 0 {
		query = append(query, "checks="+strconv.Itoa(checks))
	}
	if v.Chosen {
		query = append(query, "lang="+cmp.Or(v.Language, "en"))
	}
	if len(query) == 0 {
		return address
	}
	return address + "?" + strings.Join(query, "&")
}

// waitAfter returns how long a page waits until it reloads, or 0 if it has done so often enough.
func waitAfter(checks int) time.Duration {
	waits := []time.Duration{5 * time.Second, 10 * time.Second, 30 * time.Second}
	if checks < 0 || checks >= len(waits) {
		return 0
	}
	return waits[checks]
}

// reloading says when the page reloads by itself.
func (f filled) reloading() string {
	if f.wait == 0 {
		return f.Word("rests")
	}
	return strings.ReplaceAll(f.Word("reloads"), "{seconds}", strconv.Itoa(wholeSeconds(f.wait)))
}
