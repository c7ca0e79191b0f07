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
)

// needsPerson: something is let through that reaches the code, or may.
func (p probed) needsPerson() bool {
	return slices.ContainsFunc(p.found, func(r reaching) bool { return r.fate == gateway.FateForwarded })
}

// leaks are the spellings with a verdict that Paygate would let through.
func (p probed) leaks(verdicts ...probe.Verdict) []probe.Spelling {
	var leaks []probe.Spelling
	for _, r := range p.found {
		if r.fate == gateway.FateForwarded && slices.Contains(verdicts, r.verdict) {
			leaks = append(leaks, r.Spelling)
		}
	}
	return leaks
}

func (p probed) print(out io.Writer, s config.Settings, r gateway.Route) {
	fmt.Fprintf(out, "route %s: %s\n", r.Name, r.Match)
	if p.gated {
		fmt.Fprintln(out, "  The service refuses the plain address unpaid: a second gate is there. These are the spellings that get past it.")
	}
	counts := map[probe.Verdict]int{}
	for _, f := range p.found {
		counts[f.verdict]++
	}
	reached, how := counts[probe.Ran], "certain, by the text of -expect"
	if !p.certain {
		reached, how = counts[probe.Likely], "likely and not certain, by status, type and words of the answers; -expect TEXT makes it certain"
	}
	fmt.Fprintf(out, "  %d spellings were asked for. %d reached the pay code (%s), %d are unclear, %d did not.\n",
		p.asked, reached, how, counts[probe.Unclear], p.asked-len(p.found))
	p.printTable(out)
	if leaks := p.leaks(probe.Ran, probe.Likely); len(leaks) > 0 {
		remedyFor(s, r, leaks).print(out, r)
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
		for _, f := range p.found {
			if f.verdict == probe.Unclear || (f.fate == gateway.FateForwarded) != letThrough {
				continue
			}
			fate := string(f.fate)
			if letThrough {
				fate = strings.ToUpper(fate)
			}
			fmt.Fprintf(table, "  %s\t%s\t%s %s%s\n", fate, f.Class, f.Method, f.Target, formOf(f.Spelling))
		}
	}
	_ = table.Flush()
}

func printSpellings(out io.Writer, spellings []probe.Spelling) {
	for _, s := range spellings {
		fmt.Fprintf(out, "    %s %s%s\n", s.Method, s.Target, formOf(s))
	}
}

func formOf(s probe.Spelling) string {
	if s.Form == "" {
		return ""
	}
	return ", with " + s.Form + " in the form"
}

// remedy is what an operator can do about spellings that Paygate lets through.
type remedy struct {
	strict  bool // STRICT=on refuses some
	aliases []gateway.Pattern
	left    []probe.Spelling // no setting declares them
}

// remedyFor looks for the fewest settings with which the judge no longer lets the spellings through.
func remedyFor(s config.Settings, route gateway.Route, leaks []probe.Spelling) remedy {
	var found remedy
	with := func(strict bool, aliases []gateway.Pattern) *gateway.Judge {
		routes := slices.Clone(s.Routes)
		for i := range routes {
			if routes[i].Name == route.Name {
				routes[i].Strict = routes[i].Strict || strict
				routes[i].Aliases = slices.Concat(route.Aliases, aliases)
			}
		}
		return judgeOf(s, routes)
	}
	stops := func(j *gateway.Judge, spelling probe.Spelling) bool {
		return j.Fate(spelling.Method, spelling.Target) != gateway.FateForwarded
	}
	if !route.Strict {
		found.strict = slices.ContainsFunc(leaks, func(l probe.Spelling) bool { return stops(with(true, nil), l) })
	}
	for _, leak := range leaks {
		if stops(with(found.strict, found.aliases), leak) {
			continue
		}
		i := -1
		patterns := aliasesFor(s, route, leak)
		i = slices.IndexFunc(patterns, func(p gateway.Pattern) bool {
			return stops(with(found.strict, append(slices.Clone(found.aliases), p)), leak)
		})
		if i < 0 {
			found.left = append(found.left, leak)
			continue
		}
		found.aliases = append(found.aliases, patterns[i])
	}
	return found
}

// aliasesFor are patterns that may declare a spelling, none of which clashes with another route. What works at an address that
// nobody has, works at every address.
func aliasesFor(s config.Settings, route gateway.Route, leak probe.Spelling) []gateway.Pattern {
	if leak.Method != route.Match.Method() || leak.Form != "" {
		return nil
	}
	path, query, routed := strings.Cut(leak.Target, "?")
	if routed && !strings.Contains(query, "=") {
		query += "=" // a name without a value
	}
	if path == probe.Nowhere {
		path = "/{path...}"
	}
	text := route.Match.Method() + " " + withQuery(path, query)
	pattern, err := gateway.ParsePattern(text)
	if err != nil || strings.Contains(text, ",") || clashes(s, route, pattern) {
		return nil
	}
	return []gateway.Pattern{pattern}
}

func clashes(s config.Settings, route gateway.Route, pattern gateway.Pattern) bool {
	return slices.ContainsFunc(s.Routes, func(other gateway.Route) bool {
		return other.Name != route.Name && slices.ContainsFunc(append([]gateway.Pattern{other.Match}, other.Aliases...), pattern.Clashes)
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
		for _, p := range slices.Concat(r.Aliases, m.aliases) {
			texts = append(texts, p.String())
		}
		fmt.Fprintf(out, "%sALIASES=%s\n", r.Setting, strings.Join(texts, ","))
	}
	if len(m.left) == 0 {
		return
	}
	fmt.Fprintln(out, "  No setting of this route declares these. A second gate in the service's own web server closes them (docs/headers.md):")
	printSpellings(out, m.left)
	if slices.ContainsFunc(m.left, func(s probe.Spelling) bool { return s.Method == http.MethodGet && r.Match.Method() != http.MethodGet }) {
		fmt.Fprintln(out, "  The pay code runs on GET too: where the form is at another address, a further route whose MATCH is that GET closes it as well.")
	}
	if slices.ContainsFunc(m.left, func(s probe.Spelling) bool { return s.Form != "" }) {
		fmt.Fprintf(out, "  The service takes its conditions from the form too: so does a further route with MATCH=%s %s and WHEN=form:NAME=VALUE.\n", r.Match.Method(), r.Match.Path())
	}
}
