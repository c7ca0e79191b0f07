package probe

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"paygate/gateway"
	"paygate/gateway/config"
	"paygate/gateway/form"
	"paygate/gateway/match"
)

// remedy is what an operator can do about spellings that Paygate lets through.
type remedy struct {
	settings config.Settings
	route    gateway.Route // as it should be set
	closing  []closing
	aliases  []match.Pattern // that the route lacks
	open     []Spelling      // no setting closes them
}

// closing is a setting, and the spellings that it closes.
type closing struct {
	setting string
	closes  []Spelling
}

// remedy looks for a few settings with which Paygate no longer lets the spellings through: first some that close many
// spellings, then aliases.
func (a *attempt) remedy(leaks []Spelling) remedy {
	m := remedy{settings: a.Settings, route: a.route}
	setting := a.route.Setting
	m.try(leaks, setting+"STRICT=on", func(m *remedy) { m.route.Strict = true })
	m.try(leaks, setting+"GET_QUERY=lang", func(m *remedy) { m.route.GetQuery = []string{"lang"} })
	m.try(leaks, "PAYGATE_NEXT_ACTIONS=refuse", func(m *remedy) { m.settings.RefuseActions = true })
	if when := a.route.When; when != nil {
		m.try(leaks, setting+"WHEN=form:"+when.Field, func(m *remedy) {
			m.route.When = &form.Condition{Field: when.Field, AnyValue: true}
		})
	}
	for _, leak := range leaks {
		if m.stops(leak) {
			continue
		}
		with := m
		alias, ok := a.aliasFor(leak)
		with.aliases = append(slices.Clone(m.aliases), alias)
		if ok && with.stops(leak) {
			m = with
		} else {
			m.open = append(m.open, leak)
		}
	}
	return m
}

// try makes a change if it closes something that is open without it.
func (m *remedy) try(leaks []Spelling, setting string, change func(*remedy)) {
	with := *m
	change(&with)
	var closes []Spelling
	for _, leak := range leaks {
		if !m.stops(leak) && with.stops(leak) {
			closes = append(closes, leak)
		}
	}
	if len(closes) > 0 {
		with.closing = append(m.closing, closing{setting, closes})
		*m = with
	}
}

// stops reports whether a spelling is no longer let through, or no longer unchanged.
func (m remedy) stops(leak Spelling) bool {
	changed := m.route
	changed.Aliases = slices.Concat(m.route.Aliases, m.aliases)
	routes := slices.Clone(m.settings.Routes)
	routes[slices.IndexFunc(routes, func(r gateway.Route) bool { return r.Name == changed.Name })] = changed
	return dryRun(m.settings, routes).Outcome(leak.tried()) != gateway.OutcomeForwarded
}

// aliasFor returns the pattern that may declare a spelling. It reports false if there is none, or if it clashes with
// another route.
func (a *attempt) aliasFor(leak Spelling) (match.Pattern, bool) {
	path, query, _ := strings.Cut(leak.Target, "?")
	path, found := generalise(path, a.route.Match, a.filling(a.route))
	isAddress := leak.Kind == KindPath || leak.Kind == KindQuery
	if !found || !isAddress || leak.Class == EndlessRule { // one of as many as there are words
		return match.Pattern{}, false
	}
	if data, isData := strings.CutPrefix(path, "/_next/data/"); isData {
		if _, page, found := strings.Cut(data, "/"); found {
			path = "/_next/data/{build}/" + page // the build changes with every release
		}
	}
	text := leak.Method + " " + path
	if query != "" {
		text += "?" + query
		if !strings.Contains(query, "=") {
			text += "=" // a name without a value
		}
	}
	alias, err := match.ParsePattern(text)
	return alias, err == nil && !strings.Contains(text, ",") && !a.clashes(alias)
}

// generalise puts the wildcards of the route back into a path, in place of their values, which must be in it. A pattern
// that works at an address that does not exist works at every address.
func generalise(path string, match match.Pattern, filled map[string]string) (string, bool) {
	if path == Nowhere && len(filled) == 0 {
		return "/{path...}", true
	}
	segments := strings.Split(path, "/")
	for _, name := range match.Names() {
		i := slices.Index(segments, filled[name])
		if i < 0 {
			return "", false
		}
		segments[i] = "{" + name + "}"
		if rest := "{" + name + "...}"; strings.HasSuffix(match.Path(), rest) {
			segments[i] = rest
		}
	}
	return strings.Join(segments, "/"), true
}

func (a *attempt) clashes(alias match.Pattern) bool {
	return slices.ContainsFunc(a.Settings.Routes, func(other gateway.Route) bool {
		return other.Name != a.route.Name && slices.ContainsFunc(other.Patterns(), alias.Clashes)
	})
}

func (a *attempt) printRemedy(m remedy) {
	if len(m.closing)+len(m.aliases) > 0 {
		fmt.Fprintln(a.Out, "  Settings to paste; then probe again:")
	}
	for _, c := range m.closing {
		fmt.Fprintf(a.Out, "%s\n  closes %s", c.setting, describe(c.closes[0]))
		if more := len(c.closes) - 1; more > 0 {
			fmt.Fprintf(a.Out, " and %d more", more)
		}
		fmt.Fprintln(a.Out)
		if strings.HasSuffix(c.setting, "GET_QUERY=lang") {
			fmt.Fprintln(a.Out, "  List the parameters that the page itself needs in its address; lang is an example.")
		}
	}
	if len(m.aliases) > 0 {
		var texts []string
		for _, alias := range slices.Concat(a.route.Aliases, m.aliases) {
			texts = append(texts, alias.String())
		}
		fmt.Fprintf(a.Out, "%sALIASES=%s\n", a.route.Setting, strings.Join(texts, ","))
	}
	a.printOpen(m.open)
}

func (a *attempt) printOpen(open []Spelling) {
	if len(open) == 0 {
		return
	}
	fmt.Fprintln(a.Out, "  No setting of this route declares these. "+
		"A second gate in the service's own web server closes them (docs/reference/headers.md):")
	a.printSpellings(open)
	if slices.ContainsFunc(open, func(s Spelling) bool { return s.Class == EndlessRule }) {
		fmt.Fprintln(a.Out, "  The rule that leads to the pay code says how a path begins, but not where it ends: "+
			"end it (nginx: location =; others: ^…$).")
	}
	isGet := func(s Spelling) bool { return s.Method == http.MethodGet }
	if a.route.Match.Method() != http.MethodGet && slices.ContainsFunc(open, isGet) {
		fmt.Fprintln(a.Out, "  The pay code runs on GET too. If the form is at another address, "+
			"another route whose MATCH is that GET also closes it.")
	}
}
