package doctor

import (
	"slices"
	"strings"

	"paygate/gateway"
	"paygate/gateway/match"
)

// lack is a setting of a route that does not declare a step of a page.
type lack struct {
	setting  string
	patterns []match.Pattern // that the setting should have
	pages    []string        // that have the step
	code     string          // that the step leads to, if the setting is right
}

// checkDeclared prints the settings that declare the steps which Paygate would refuse.
func (e *examination) checkDeclared(steps []step) {
	var lacks []lack
	for _, s := range steps {
		if outcome(e.Settings, e.Settings.Routes, s.method, s.to.RequestURI()) != gateway.OutcomeRefused {
			continue
		}
		l, ok := e.lackOf(s)
		if !ok {
			e.report(warning, "forms", "%s leads to %s %s, which Paygate refuses, "+
				"and no setting of a route can declare it", s.page, s.method, s.to.EscapedPath())
			continue
		}
		pattern := l.patterns[len(l.patterns)-1]
		at := slices.IndexFunc(lacks, func(o lack) bool { return o.setting == l.setting })
		if at < 0 {
			lacks = append(lacks, l)
		} else if same := &lacks[at]; !slices.ContainsFunc(same.patterns, pattern.Equal) {
			same.patterns, same.pages = append(same.patterns, pattern), append(same.pages, s.page)
		}
	}
	for _, l := range lacks {
		var texts []string
		for _, p := range l.patterns {
			texts = append(texts, p.String())
		}
		e.report(warning, "forms", "Paygate would refuse a form or link on %s; if it leads to %s, set\n%s=%s",
			list(l.pages), l.code, l.setting, strings.Join(texts, ","))
	}
}

// lackOf returns the setting that would declare a step. It reports false if there is none.
func (e *examination) lackOf(s step) (lack, bool) {
	pattern, err := match.ParsePattern(s.method + " " + withoutNumbers(s.to.EscapedPath()))
	if err != nil || strings.Contains(pattern.String(), ",") {
		return lack{}, false
	}
	for i, r := range e.Settings.Routes {
		allowed, aliased := slices.Clone(e.Settings.Routes), slices.Clone(e.Settings.Routes)
		allowed[i].Allow = append(slices.Clone(r.Allow), pattern)
		aliased[i].Aliases = append(slices.Clone(r.Aliases), pattern)
		mayAllow := outcome(e.Settings, allowed, s.method, s.to.RequestURI()) == gateway.OutcomeForwarded
		mayAlias := gateway.KindOf(s.method) == r.Terms.Kind &&
			outcome(e.Settings, aliased, s.method, s.to.RequestURI()) == gateway.OutcomeHeld
		switch {
		case mayAllow && !(mayAlias && isSpelling(pattern, r.Match)):
			return lack{r.Setting + "ALLOW", allowed[i].Allow, []string{s.page}, "other code"}, true
		case mayAlias:
			return lack{r.Setting + "ALIASES", aliased[i].Aliases, []string{s.page}, "the pay code"}, true
		}
	}
	return lack{}, false
}

// isSpelling reports whether a pattern looks like another way to write the pay path, rather than a page near it: it has
// as many segments, or ends in the pay path.
func isSpelling(p, route match.Pattern) bool {
	path, pay := strings.ToLower(p.Path()), strings.ToLower(route.Path())
	return strings.Count(path, "/") == strings.Count(pay, "/") || strings.HasSuffix(path, pay)
}

// withoutNumbers replaces each segment that is a number by a wildcard, because the number of one application does not
// belong in a setting.
func withoutNumbers(path string) string {
	segments, names := strings.Split(path, "/"), []string{"{id}", "{id2}", "{id3}"}
	for i, segment := range segments {
		if isNumber := segment != "" && strings.Trim(segment, "0123456789") == ""; isNumber && len(names) > 0 {
			segments[i], names = names[0], names[1:]
		}
	}
	return strings.Join(segments, "/")
}
