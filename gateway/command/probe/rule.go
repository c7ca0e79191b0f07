package probe

import (
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"paygate/journey"
)

// Rule is how a service says yes, in the words of the settings of its route.
type Rule struct {
	Accept   string
	Location string // ACCEPT_LOCATION
	Text     string // ACCEPT_TEXT
	Refuse   string // REFUSE_TEXT
}

// terms are the conditions that the rule's settings make.
func (r Rule) terms() journey.Terms {
	status, _ := strconv.Atoi(r.Accept)
	return journey.Terms{
		Kind: journey.KindSubmission, Accept: journey.Statuses{{From: status, To: status}},
		Acceptance: &journey.Acceptance{Locations: only(r.Location), Texts: only(r.Text), RefuseTexts: only(r.Refuse)},
	}
}

// only returns a list of one text, or an empty list.
func only(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// Question is what a service answered to a right form and to wrong ones.
type Question struct {
	Held   *url.URL // the address of the form, as citizens know it
	Right  Submitted
	Wrong  []Submitted
	Fields []string // what was typed into the right form, and is no part of a rule
}

// Judge returns what an answer means under some terms.
func (q Question) Judge(terms journey.Terms, s Submitted) journey.Verdict {
	verdict, _ := terms.Verdict(journey.Answer{
		Status: s.Status, Body: []byte(s.Body), Whole: true,
		Redirect: journey.Redirect{Location: s.Leads, Held: q.Held},
	})
	return verdict
}

// tellsApart reports whether the rule accepts the right form and refuses the wrong ones.
func (q Question) tellsApart(r Rule) bool {
	terms := r.terms()
	passes := func(wrong Submitted) bool { return q.Judge(terms, wrong) != journey.VerdictRefused }
	return q.Judge(terms, q.Right) == journey.VerdictAccepted && !slices.ContainsFunc(q.Wrong, passes)
}

// Answer returns a rule that tells the right form from the wrong ones. It reports false if there is none.
func (q Question) Answer() (Rule, bool) {
	if q.rightWasStopped() {
		return Rule{}, false
	}
	for _, rule := range q.candidates() {
		if q.tellsApart(rule) {
			return rule, true
		}
	}
	return Rule{}, false
}

// rightWasStopped reports whether the right form leads to what looks like a log-in or an error.
func (q Question) rightWasStopped() bool {
	anywhere := Rule{Accept: strconv.Itoa(q.Right.Status), Location: journey.Any}.terms()
	redirect := journey.Redirect{Location: q.Right.Leads, Held: q.Held}
	_, reason := anywhere.Verdict(journey.Answer{Status: q.Right.Status, Redirect: redirect})
	return reason == journey.ReasonTrouble
}

// candidates returns rules that may tell the forms apart, the most reliable first.
func (q Question) candidates() []Rule {
	accept := strconv.Itoa(q.Right.Status)
	if q.Right.Leads != "" {
		var rules []Rule
		for _, place := range places(q.Right.Leads) {
			rules = append(rules, Rule{Accept: accept, Location: place})
		}
		return rules
	}
	if q.Right.Status < 200 || q.Right.Status > 299 {
		return nil
	}
	var rules []Rule
	for _, text := range q.texts(q.Right.Answer) {
		rules = append(rules, Rule{Accept: accept, Text: text})
	}
	for _, text := range q.refusals() {
		rules = append(rules, Rule{Accept: accept, Refuse: text})
	}
	return append(rules, Rule{Accept: accept, Text: journey.Any})
}

// refusals are texts of the wrong forms' pages.
func (q Question) refusals() []string {
	var texts []string
	for _, wrong := range q.Wrong {
		texts = append(texts, q.texts(wrong.Answer)...)
	}
	return texts
}

// places returns beginnings of where a redirect leads, without what changes from one redirect to the next; the shortest
// first.
func places(leads string) []string {
	path, query, _ := strings.Cut(leads, "?")
	var found []string
	origin := originOf.FindString(path)
	path = strings.TrimPrefix(path, origin)
	general := changingTail.ReplaceAllString(path, "")
	if general == path && query != "" {
		var fixed []string
		for pair := range strings.SplitSeq(query, "&") {
			if changing.MatchString(pair) {
				break
			}
			fixed = append(fixed, pair)
			found = append(found, origin+path+"?"+strings.Join(fixed, "&"))
		}
	}
	if general != "" {
		found = slices.Insert(found, 0, origin+general)
	}
	return slices.DeleteFunc(found, func(place string) bool { return strings.Contains(place, ",") })
}

var originOf = regexp.MustCompile(`^https?://[^/]*`)

// changingTail matches the end of a path from the first segment with a number.
var changingTail = regexp.MustCompile(`/[^/]*[0-9][^/]*(/.*)?$`)

// texts returns pieces of a page that may say what happened to a form, those that people read first. They contain no
// numbers and nothing that was typed.
func (q Question) texts(a Answer) []string {
	kind, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	var texts []string
	switch {
	case strings.Contains(kind, "html"):
		texts = htmlTexts(a.Body)
	case strings.Contains(kind, "json"):
		texts = jsonWords.FindAllString(a.Body, -1)
	default:
		texts = strings.Split(a.Body, "\n")
	}
	return slices.DeleteFunc(texts, func(text string) bool {
		return !telling(text) || slices.ContainsFunc(q.Fields, func(field string) bool {
			return len(field) > 2 && strings.Contains(text, field)
		})
	})
}

var jsonWords = regexp.MustCompile(`"[A-Za-z_-]+" ?: ?(true|false|null|"[A-Za-z _-]+")?`)

// telling reports whether a text can be used in a setting.
func telling(text string) bool {
	return len(text) >= 4 && len(text) <= 100 && text == strings.TrimSpace(text) && !strings.Contains(text, "|") &&
		!strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || unicode.IsDigit(r) }) &&
		strings.ContainsFunc(text, unicode.IsLetter)
}

// htmlTexts are the texts of a page byte for byte: its headings, its title, then the rest.
func htmlTexts(page string) []string {
	byRank := make([][]string, 4)
	tokens := html.NewTokenizer(strings.NewReader(page))
	var within []atom.Atom
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return slices.Concat(byRank...)
		case html.StartTagToken:
			name, _ := tokens.TagName()
			within = append(within, atom.Lookup(name))
		case html.EndTagToken:
			name, _ := tokens.TagName()
			if at := lastIndex(within, atom.Lookup(name)); at >= 0 {
				within = within[:at]
			}
		case html.TextToken:
			if rank, ok := rankOf(within); ok {
				byRank[rank] = append(byRank[rank], strings.TrimSpace(string(tokens.Raw())))
			}
		}
	}
}

func lastIndex(all []atom.Atom, wanted atom.Atom) int {
	for i := len(all) - 1; i >= 0; i-- {
		if all[i] == wanted {
			return i
		}
	}
	return -1
}

// rankOf returns how soon people read a text within these elements. It reports false if they do not read it.
func rankOf(within []atom.Atom) (rank int, ok bool) {
	rank = 3
	for _, element := range within {
		switch element {
		case atom.Script, atom.Style, atom.Template, atom.Textarea, atom.Option:
			return 0, false
		case atom.H1:
			rank = min(rank, 0)
		case atom.Title:
			rank = min(rank, 1)
		case atom.H2, atom.H3:
			rank = min(rank, 2)
		}
	}
	return rank, true
}

// Says returns the first thing that a page says to people; empty if that is not known.
func (a Answer) Says() string {
	if texts := (Question{}).texts(a); len(texts) > 0 {
		return texts[0]
	}
	return ""
}
