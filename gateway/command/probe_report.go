package command

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"

	"paygate/gateway"
	"paygate/gateway/config"
	"paygate/gateway/probe"
	"paygate/gateway/reading"
)

// needsPerson: something is let through that reaches the code, or may.
func (p probed) needsPerson() bool {
	return slices.ContainsFunc(p.reached, func(r reaching) bool { return r.fate == gateway.FateForwarded })
}

// leaks are the spellings with one of the verdicts that Paygate would let through.
func (p probed) leaks(verdicts ...probe.Verdict) []probe.Spelling {
	var leaks []probe.Spelling
	for _, r := range p.reached {
		if r.fate == gateway.FateForwarded && slices.Contains(verdicts, r.verdict) {
			leaks = append(leaks, r.Spelling)
		}
	}
	return leaks
}

func (p probed) print(out io.Writer, s config.Settings, r gateway.Route) {
	if p.measure.Gated {
		fmt.Fprintln(out, "  The service refuses the plain address unpaid: a second gate is there. These are the spellings that get past it.")
	}
	counts := map[probe.Verdict]int{}
	for _, r := range p.reached {
		counts[r.verdict]++
	}
	sure := "certain, by the text of -expect"
	if p.measure.Expect == "" {
		sure = "likely and not certain, by status, type and words of the answers; -expect TEXT makes it certain"
	}
	fmt.Fprintf(out, "  %d spellings were asked for. %d reached the pay code (%s), %d are unclear, %d did not.\n",
		p.asked, counts[probe.Ran]+counts[probe.Likely], sure, counts[probe.Unclear], p.asked-len(p.reached))
	p.printTable(out)
	if leaks := p.leaks(probe.Ran, probe.Likely); len(leaks) > 0 {
		remedyFor(s, r, p.filled, leaks).print(out, r)
	} else {
		fmt.Fprintln(out, "  Of those that reached it, Paygate lets none through.")
	}
	if unclear := p.leaks(probe.Unclear); len(unclear) > 0 {
		fmt.Fprintln(out, "  Paygate would let these through, and their answers are like neither: look yourself, or give -expect TEXT.")
		printSpellings(out, unclear)
	}
	fmt.Fprintln(out)
}

// printTable lists what reached the code, what is let through first.
func (p probed) printTable(out io.Writer) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, letThrough := range []bool{true, false} {
		for _, r := range p.reached {
			if r.verdict == probe.Unclear || (r.fate == gateway.FateForwarded) != letThrough {
				continue
			}
			fate := string(r.fate)
			if letThrough {
				fate = strings.ToUpper(fate)
			}
			fmt.Fprintf(table, "  %s\t%s\t%s\n", fate, r.Class, describe(r.Spelling))
		}
	}
	_ = table.Flush()
}

func printSpellings(out io.Writer, spellings []probe.Spelling) {
	for _, s := range spellings {
		fmt.Fprintf(out, "    %s\n", describe(s))
	}
}

func describe(s probe.Spelling) string {
	text := s.Method + " " + s.Target
	if len(s.Header) > 0 {
		text += ", with the header " + strings.Join(s.Header, " and ")
	}
	if s.Body != "" && (s.Kind == probe.KindMethod || s.Kind == probe.KindField) {
		text += fmt.Sprintf(", with the body %.120q", s.Body)
	}
	return text
}

// remedy is what an operator can do about spellings that Paygate lets through.
type remedy struct {
	strict  bool // STRICT=on refuses some
	aliases []reading.Pattern
	left    []probe.Spelling // no setting of the route declares them
}

// remedyFor looks for few settings with which the door no longer lets the spellings through.
func remedyFor(s config.Settings, route gateway.Route, filled map[string]string, leaks []probe.Spelling) remedy {
	stops := func(m remedy, leak probe.Spelling) bool {
		return judgeOf(s, m.applied(s.Routes, route)).Fate(triedOf(leak)) != gateway.FateForwarded
	}
	var m remedy
	if strict := (remedy{strict: true}); !route.Strict {
		m.strict = slices.ContainsFunc(leaks, func(leak probe.Spelling) bool { return stops(strict, leak) })
	}
	for _, leak := range leaks {
		if stops(m, leak) {
			continue
		}
		more := m
		alias, ok := aliasFor(s, route, filled, leak)
		more.aliases = append(slices.Clone(m.aliases), alias)
		if ok && stops(more, leak) {
			m = more
		} else {
			m.left = append(m.left, leak)
		}
	}
	return m
}

// applied are the routes with the remedy's settings in one of them.
func (m remedy) applied(routes []gateway.Route, route gateway.Route) []gateway.Route {
	route.Strict = route.Strict || m.strict
	route.Aliases = slices.Concat(route.Aliases, m.aliases)
	routes = slices.Clone(routes)
	routes[slices.IndexFunc(routes, func(r gateway.Route) bool { return r.Name == route.Name })] = route
	return routes
}

// aliasFor is the pattern that may declare a spelling, if there is one. A pattern that clashes with another route would be refused
// as a setting.
func aliasFor(s config.Settings, route gateway.Route, filled map[string]string, leak probe.Spelling) (reading.Pattern, bool) {
	target, query, _ := strings.Cut(leak.Target, "?")
	path, found := general(target, route.Match, filled)
	if !found || leak.Method != route.Match.Method() || leak.Kind == probe.KindMethod || leak.Kind == probe.KindField || leak.Class == probe.EndlessRule { // one of as many as there are words
		return reading.Pattern{}, false
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

// general is a path with the wildcards of the route in the place of what they were filled with; they have to be found in it. What
// works at an address that nobody has, works at every address.
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

func (m remedy) print(out io.Writer, r gateway.Route) {
	if m.strict || len(m.aliases) > 0 {
		fmt.Fprintln(out, "  Settings to paste; then probe again:")
	}
	if m.strict {
		fmt.Fprintf(out, "%sSTRICT=on\n", r.Setting)
	}
	if len(m.aliases) > 0 {
		var texts []string
		for _, alias := range slices.Concat(r.Aliases, m.aliases) {
			texts = append(texts, alias.String())
		}
		fmt.Fprintf(out, "%sALIASES=%s\n", r.Setting, strings.Join(texts, ","))
	}
	if len(m.left) == 0 {
		return
	}
	fmt.Fprintln(out, "  No setting of this route declares these. A second gate in the service's own web server closes them (docs/headers.md):")
	printSpellings(out, m.left)
	if slices.ContainsFunc(m.left, func(s probe.Spelling) bool { return s.Class == probe.EndlessRule }) {
		fmt.Fprintln(out, "  The rule that leads to the pay code says how a path begins, and not where it ends: end it (nginx: location =; elsewhere: ^…$).")
	}
	if slices.ContainsFunc(m.left, func(s probe.Spelling) bool { return s.Method == http.MethodGet && r.Match.Method() != http.MethodGet }) {
		fmt.Fprintln(out, "  The pay code runs on GET too: where the form is at another address, a further route whose MATCH is that GET closes it as well.")
	}
}
