package config

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"paygate/gateway"
	"paygate/gateway/match"
	"paygate/journey"
)

// between separates the alternatives of ACCEPT_TEXT and REFUSE_TEXT.
const between = " | "

// Types of the settings that say which answers of the service mean yes.
type (
	places []string // beginnings of a path with its query, or of an absolute URL; or *
	texts  []string // alternatives; or *
)

// acceptance returns the rule of a route, or nil if the settings have none yet.
func (v routeSettings) acceptance(kind journey.Kind) (journey.Statuses, *journey.Acceptance) {
	statuses := v.Accept
	if statuses == nil && kind == journey.KindPass {
		statuses = journey.Statuses{{From: 200, To: 299}, {From: 304, To: 304}}
	}
	if statuses == nil {
		return nil, nil
	}
	return statuses, &journey.Acceptance{Locations: v.AcceptLocation, Texts: v.AcceptText, RefuseTexts: v.RefuseText}
}

// checkAcceptance reports a submission route whose settings cannot tell yes from no.
func (c routeChecker) checkAcceptance(v routeSettings, kind journey.Kind) {
	if slices.Contains(v.RefuseText, journey.Any) {
		c.fault("REFUSE_TEXT", "* would refuse every page")
	}
	accept := c.text("ACCEPT")
	switch {
	case kind == journey.KindPass:
		return
	case accept == "":
		c.fault("ACCEPT", "is required: with which status does the service answer a form that it accepts? "+
			"Write 302,303 and ACCEPT_LOCATION if it redirects to a confirmation; "+
			"write 200, and ACCEPT_TEXT or REFUSE_TEXT, if it shows a page. "+
			"In staging, paygate probe -wrong finds the settings")
	case v.Accept.Overlap(200, 299) && c.text("ACCEPT_TEXT") == "" && c.text("REFUSE_TEXT") == "":
		c.fault("ACCEPT_TEXT", "is required with ACCEPT=%s, or REFUSE_TEXT: "+
			"many services show an invalid form again with the same status. "+
			"Write a text that is on the confirmation page and on no other page, "+
			"or in REFUSE_TEXT a text that is on every page that says what is wrong. "+
			"With ACCEPT_TEXT=* the status alone decides", accept)
	}
	if v.Accept.Overlap(302, 303) && v.AcceptLocation == nil && c.sound("ACCEPT_LOCATION") {
		c.fault("ACCEPT_LOCATION", "is required with ACCEPT=%s: "+
			"a service also redirects to its log-in, to an error and back to the form. "+
			"Write the beginning of the confirmation's address, such as /licences/confirmation. "+
			"ACCEPT_LOCATION=* accepts any redirect within the service, "+
			"except that a person decides about one that looks like a log-in or an error", accept)
	}
}

var (
	// statusWords are short forms. 3xx means only 302 and 303; other redirects mean neither yes nor no unless they are
	// named.
	statusWords   = map[string]journey.StatusRange{"2xx": {From: 200, To: 299}, "3xx": {From: 302, To: 303}}
	statusPattern = regexp.MustCompile(`^([2-5][0-9]{2})(?:-([2-5][0-9]{2}))?$`)
)

// parseStatuses accepts a list of 2xx, 3xx, 302 or 200-204.
func parseStatuses(text string) (journey.Statuses, error) {
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("names no status")
	}
	return parseEach(text, parseStatus)
}

func parseStatus(item string) (journey.StatusRange, error) {
	r, isWord := statusWords[item]
	groups := statusPattern.FindStringSubmatch(item)
	switch {
	case isWord:
		return r, nil
	case groups == nil:
		return r, fmt.Errorf("%q is not a status that can say yes; write 2xx, 3xx, 303 or 200-204", item)
	}
	r.From, _ = strconv.Atoi(groups[1])
	r.To, _ = strconv.Atoi(cmp.Or(groups[2], groups[1]))
	if r.From > r.To || r.From != r.To && r.To >= 300 && (r.From < 302 || r.To > 303) {
		return r, fmt.Errorf("%q is not a range that can say yes; write statuses one by one, such as 302,303", item)
	}
	return r, nil
}

func parsePlaces(text string) (places, error) {
	all, err := parseEach(text, func(place string) (string, error) {
		if place != journey.Any && !isPlace(place) {
			return "", fmt.Errorf("%q must be the beginning of an address without wildcards, "+
				"such as /licences/confirmation or /index.php?page=done", place)
		}
		return place, nil
	})
	if slices.Contains(all, journey.Any) && len(all) > 1 {
		err = errors.Join(err, errors.New("* accepts any redirect, so the other items have no effect"))
	}
	return all, err
}

func isPlace(place string) bool {
	u, err := url.Parse(place)
	if err != nil || u.User != nil || strings.ContainsAny(place, `#\ *{}`) {
		return false
	}
	if !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") {
		return false
	}
	dots := slices.ContainsFunc(strings.Split(u.Path, "/"), func(s string) bool { return s == "." || s == ".." })
	return !dots && (u.Host == "" && u.Scheme == "" || u.Host != "" && (u.Scheme == "https" || u.Scheme == "http"))
}

func parseTexts(text string) (texts, error) {
	all := strings.Split(text, between)
	for _, alternative := range all {
		if strings.TrimSpace(alternative) == "" {
			return nil, errors.New("has an empty text, which is in every page")
		}
	}
	if slices.Contains(all, journey.Any) && len(all) > 1 {
		return nil, errors.New("* cannot be combined with a text")
	}
	return all, nil
}

// describeAcceptance says in words how a service says yes.
func describeAcceptance(t journey.Terms) string {
	if t.Acceptance == nil {
		return "not said"
	}
	var answers []string
	for _, r := range t.Accept {
		answer := r.String()
		if r.Overlaps(200, 299) {
			answer += describeTexts(*t.Acceptance)
		}
		if r.Overlaps(301, 308) && r.From != 304 && r.From != 305 {
			answer += describePlaces(*t.Acceptance)
		}
		answers = append(answers, answer)
	}
	return strings.Join(answers, "; ")
}

func describeTexts(r journey.Acceptance) string {
	var words []string
	if len(r.Texts) > 0 && !slices.Contains(r.Texts, journey.Any) {
		words = append(words, fmt.Sprintf("with the text %s", either(r.Texts)))
	}
	if len(r.RefuseTexts) > 0 {
		words = append(words, fmt.Sprintf("without the text %s", either(r.RefuseTexts)))
	}
	if len(words) == 0 {
		return ", with any page"
	}
	return " " + strings.Join(words, " and ")
}

func describePlaces(r journey.Acceptance) string {
	if r.AnyLocation() {
		return " to any place of the service that does not look like the form, a log-in or an error"
	}
	return " to " + strings.Join(r.Locations, " or ")
}

func either(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = strconv.Quote(text)
	}
	return strings.Join(quoted, " or ")
}

// acceptanceWarnings returns warnings about rules that work but are seldom meant.
func acceptanceWarnings(r gateway.Route) []string {
	rule, setting := r.Terms.Acceptance, r.Setting
	if rule == nil {
		return nil
	}
	var found []string
	for _, place := range rule.Locations {
		covers := func(p match.Pattern) bool { return journey.PlaceCovers(place, p.Path()) }
		if slices.ContainsFunc(r.Patterns(), covers) {
			found = append(found, fmt.Sprintf("%sACCEPT_LOCATION: %s covers the form's own address, "+
				"so a redirect back to the form counts as accepted", setting, place))
		}
	}
	if (len(rule.Texts) > 0 || len(rule.RefuseTexts) > 0) && !r.Terms.Accept.Overlap(200, 299) {
		found = append(found, setting+"ACCEPT has no 2xx, so ACCEPT_TEXT and REFUSE_TEXT have no effect")
	}
	if len(rule.Locations) > 0 && !r.Terms.Accept.Overlap(301, 303) && !r.Terms.Accept.Overlap(307, 308) {
		found = append(found, setting+"ACCEPT has no redirect, so ACCEPT_LOCATION has no effect")
	}
	return found
}

// notes returns hints for the operator about settings that may be incomplete.
func notes(s Settings) []string {
	var found []string
	for _, r := range s.Routes {
		rule := r.Terms.Acceptance
		if rule == nil {
			continue
		}
		for variable, texts := range map[string][]string{"ACCEPT_TEXT": rule.Texts, "REFUSE_TEXT": rule.RefuseTexts} {
			if len(texts) == 1 && texts[0] != journey.Any {
				found = append(found, fmt.Sprintf("%s%s has only one text: "+
					"if the service has Welsh pages, add their text after %q", r.Setting, variable, between))
			}
		}
	}
	slices.Sort(found)
	return found
}
