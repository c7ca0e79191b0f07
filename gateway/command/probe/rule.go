package probe

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"paygate/journey"
)

// rule says which answers mean yes, in the words of the settings of a route.
type rule struct {
	accept   string
	location string // ACCEPT_LOCATION
	text     string // ACCEPT_TEXT
	refuse   string // REFUSE_TEXT
}

// terms returns the terms that the rule's settings make.
func (r rule) terms() journey.Terms {
	status, _ := strconv.Atoi(r.accept)
	return journey.Terms{
		Kind: journey.KindSubmission, Accept: journey.Statuses{{From: status, To: status}},
		Acceptance: &journey.Acceptance{Locations: only(r.location), Texts: only(r.text), RefuseTexts: only(r.refuse)},
	}
}

func only(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// question is what a service answered to a right form and to wrong ones.
type question struct {
	held   *url.URL // the address of the form, as citizens know it
	right  submission
	wrong  []submission
	fields []string // what was typed into the right form, which does not belong in a rule
}

// answer returns a submission as the terms of a route see it.
func (q question) answer(s submission) journey.Answer {
	return journey.Answer{
		Status: s.status, Body: []byte(s.body), Whole: true,
		Redirect: journey.Redirect{Location: s.leads, Held: q.held},
	}
}

// rule returns the most reliable rule that accepts the right form and refuses the wrong ones. It reports false if there
// is none.
func (q question) rule() (rule, bool) {
	anywhere := rule{accept: strconv.Itoa(q.right.status), location: journey.Any}
	if _, reason := anywhere.terms().Verdict(q.answer(q.right)); reason == journey.ReasonTrouble {
		return rule{}, false // it looks like a log-in or an error
	}
	rules := q.candidates()
	at := slices.IndexFunc(rules, q.isRight)
	if at < 0 {
		return rule{}, false
	}
	return rules[at], true
}

func (q question) isRight(r rule) bool {
	terms := r.terms()
	if verdict, _ := terms.Verdict(q.answer(q.right)); verdict != journey.VerdictAccepted {
		return false
	}
	for _, wrong := range q.wrong {
		if verdict, _ := terms.Verdict(q.answer(wrong)); verdict != journey.VerdictRefused {
			return false
		}
	}
	return true
}

// candidates returns rules that may tell the forms apart, the most reliable first.
func (q question) candidates() []rule {
	accept := strconv.Itoa(q.right.status)
	var rules []rule
	if q.right.leads != "" {
		for _, place := range places(q.right.leads) {
			rules = append(rules, rule{accept: accept, location: place})
		}
		return rules
	}
	if q.right.status < 200 || q.right.status > 299 {
		return nil
	}
	for _, text := range q.right.texts(q.fields) {
		rules = append(rules, rule{accept: accept, text: text})
	}
	for _, wrong := range q.wrong {
		for _, text := range wrong.texts(q.fields) {
			rules = append(rules, rule{accept: accept, refuse: text})
		}
	}
	return append(rules, rule{accept: accept, text: journey.Any})
}

var (
	originOf = regexp.MustCompile(`^https?://[^/]*`)
	// changingTail matches the end of a path from the first segment with a number.
	changingTail = regexp.MustCompile(`/[^/]*[0-9][^/]*(/.*)?$`)
)

// places returns beginnings of where a redirect leads, without what changes from one redirect to the next; the shortest
// first.
func places(leads string) []string {
	path, query, _ := strings.Cut(leads, "?")
	origin := originOf.FindString(path)
	path = strings.TrimPrefix(path, origin)
	var found []string
	general := changingTail.ReplaceAllString(path, "")
	if general != "" {
		found = append(found, origin+general)
	}
	if general == path && query != "" {
		place, separator := origin+path, "?"
		for pair := range strings.SplitSeq(query, "&") {
			if changing.MatchString(pair) {
				break
			}
			place, separator = place+separator+pair, "&"
			found = append(found, place)
		}
	}
	return slices.DeleteFunc(found, func(place string) bool { return strings.Contains(place, ",") })
}
