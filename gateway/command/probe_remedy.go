package command

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"paygate/gateway"
	"paygate/gateway/command/probe"
	"paygate/gateway/config"
	"paygate/gateway/reading"
)

// remedy is what an operator can do about spellings that Paygate lets through.
type remedy struct {
	settings config.Settings
	route    gateway.Route // as it is set
	changed  gateway.Route // as it should be set
	lines    []closing
	left     []probe.Spelling // no setting declares them
}

// closing is a setting, and the spellings that it closes.
type closing struct {
	setting string
	closes  []probe.Spelling
}

// change is a change of settings that closes spellings of some kind.
type change struct {
	setting string
	apply   func(*remedy)
}

// changes returns what to try before declaring a spelling, the simplest first.
func changes(r gateway.Route) []change {
	all := []change{
		{r.Setting + "STRICT=on", func(m *remedy) { m.changed.Strict = true }},
		{r.Setting + "GET_QUERY=lang", func(m *remedy) { m.changed.GetQuery = []string{"lang"} }},
		{"PAYGATE_NEXT_ACTIONS=refuse", func(m *remedy) { m.settings.RefuseActions = true }},
	}
	if r.When != nil {
		all = append(all, change{r.Setting + "WHEN=form:" + r.When.Field, func(m *remedy) {
			m.changed.When = &gateway.Condition{Field: r.When.Field, AnyValue: true}
		}})
	}
	return all
}

// remedyFor looks for a few settings with which Paygate no longer lets the spellings through.
func (p probed) remedyFor(s config.Settings, route gateway.Route, leaks []probe.Spelling) remedy {
	m := remedy{settings: s, route: route, changed: route}
	for _, c := range changes(route) {
		m.tryChange(c, leaks)
	}
	for _, leak := range leaks {
		if m.stops(leak) {
			continue
		}
		more := m
		alias, ok := aliasFor(s, route, p.filled, leak)
		more.changed.Aliases = append(slices.Clone(m.changed.Aliases), alias)
		if ok && more.stops(leak) {
			m = more
		} else {
			m.left = append(m.left, leak)
		}
	}
	return m
}

// tryChange keeps a change if it closes something that is open without it.
func (m *remedy) tryChange(c change, leaks []probe.Spelling) {
	with := *m
	c.apply(&with)
	closes := slices.DeleteFunc(slices.Clone(leaks), func(leak probe.Spelling) bool { return m.stops(leak) || !with.stops(leak) })
	if len(closes) > 0 {
		with.lines = append(slices.Clone(m.lines), closing{c.setting, closes})
		*m = with
	}
}

// stops reports whether a spelling is no longer let through, or no longer unchanged.
func (m remedy) stops(leak probe.Spelling) bool {
	routes := slices.Clone(m.settings.Routes)
	routes[slices.IndexFunc(routes, func(r gateway.Route) bool { return r.Name == m.route.Name })] = m.changed
	return judgeOf(m.settings, routes).Fate(triedOf(leak)) != gateway.FateForwarded
}

// aliasFor returns the pattern that may declare a spelling, if there is one that does not clash with another route.
func aliasFor(s config.Settings, route gateway.Route, filled map[string]string, leak probe.Spelling) (reading.Pattern, bool) {
	target, query, _ := strings.Cut(leak.Target, "?")
	path, found := general(target, route.Match, filled)
	isAddress := leak.Kind == probe.KindPath || leak.Kind == probe.KindQuery
	if !found || !isAddress || leak.Class == probe.EndlessRule { // one of as many as there are words
		return reading.Pattern{}, false
	}
	if build, rest, isData := strings.Cut(strings.TrimPrefix(path, "/_next/data/"), "/"); isData && strings.HasPrefix(path, "/_next/data/"+build) {
		path = "/_next/data/{build}/" + rest // it changes with every release
	}
	text := leak.Method + " " + path
	if query != "" {
		text += "?" + query
	}
	if query != "" && !strings.Contains(query, "=") {
		text += "=" // a name without a value
	}
	alias, err := reading.ParsePattern(text)
	return alias, err == nil && !strings.Contains(text, ",") && !clashes(s, route, alias)
}

// general puts the wildcards of the route back into a path, in place of their values, which must be in it. A pattern
// that works at an address that does not exist works at every address.
func general(path string, match reading.Pattern, filled map[string]string) (string, bool) {
	if path == probe.Nowhere && len(filled) == 0 {
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

func clashes(s config.Settings, route gateway.Route, alias reading.Pattern) bool {
	return slices.ContainsFunc(s.Routes, func(other gateway.Route) bool {
		return other.Name != route.Name && slices.ContainsFunc(append([]reading.Pattern{other.Match}, other.Aliases...), alias.Clashes)
	})
}

func (m remedy) print(out io.Writer) {
	if len(m.lines) > 0 || len(m.changed.Aliases) > len(m.route.Aliases) {
		fmt.Fprintln(out, "  Settings to paste; then probe again:")
	}
	for _, line := range m.lines {
		fmt.Fprintf(out, "%s\n  closes %s\n", line.setting, several(line.closes))
		if strings.HasSuffix(line.setting, "GET_QUERY=lang") {
			fmt.Fprintln(out, "  List the parameters that the page itself needs in its address; lang is an example.")
		}
	}
	if len(m.changed.Aliases) > len(m.route.Aliases) {
		var texts []string
		for _, alias := range m.changed.Aliases {
			texts = append(texts, alias.String())
		}
		fmt.Fprintf(out, "%sALIASES=%s\n", m.route.Setting, strings.Join(texts, ","))
	}
	m.printLeft(out)
}

// several returns the first of some spellings, and how many more there are.
func several(spellings []probe.Spelling) string {
	text := describe(spellings[0])
	if more := len(spellings) - 1; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func (m remedy) printLeft(out io.Writer) {
	if len(m.left) == 0 {
		return
	}
	fmt.Fprintln(out, "  No setting of this route declares these. A second gate in the service's own web server closes them (docs/headers.md):")
	printSpellings(out, m.left)
	if slices.ContainsFunc(m.left, func(s probe.Spelling) bool { return s.Class == probe.EndlessRule }) {
		fmt.Fprintln(out, "  The rule that leads to the pay code says how a path begins, and not where it ends: end it (nginx: location =; elsewhere: ^…$).")
	}
	if slices.ContainsFunc(m.left, func(s probe.Spelling) bool {
		return s.Method == http.MethodGet && m.route.Match.Method() != http.MethodGet
	}) {
		fmt.Fprintln(out, "  The pay code runs on GET too. If the form is at another address, another route whose MATCH is that GET also closes it.")
	}
}

func judgeOf(s config.Settings, routes []gateway.Route) *gateway.Judge {
	return gateway.NewJudge(gateway.Options{
		Origins: s.Origins, Prefix: s.Prefix, Methods: s.Methods, Routes: routes, RefuseActions: s.RefuseActions,
	})
}
