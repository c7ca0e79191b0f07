package command

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"paygate/gateway"
	"paygate/gateway/command/probe"
	"paygate/gateway/config"
	"paygate/journey"
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
	fmt.Fprintf(out, "  %s.\n", p.triedInWords())
	fmt.Fprintf(out, "  %d spellings were asked for. %d reached the pay code (%s), %d are unclear, %d did not.\n",
		p.asked, counts[probe.Ran]+counts[probe.Likely], sure, counts[probe.Unclear], p.asked-len(p.reached))
	p.printTable(out)
	if leaks := p.leaks(probe.Ran, probe.Likely); len(leaks) > 0 {
		p.remedyFor(s, r, leaks).print(out)
	} else {
		fmt.Fprintln(out, "  Of those that reached it, Paygate lets none through.")
	}
	p.printUntried(out, r)
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

// triedInWords counts what was tried, by kind.
func (p probed) triedInWords() string {
	var words []string
	for _, kind := range []probe.Kind{probe.KindPath, probe.KindQuery, probe.KindMethod, probe.KindField} {
		if n := p.tried[kind]; n > 0 {
			words = append(words, fmt.Sprintf("%d of the %s", n, kind))
		}
	}
	return "Tried, as other ways to write the request: " + strings.Join(words, ", ")
}

// printUntried says what the result says nothing about.
func (p probed) printUntried(out io.Writer, r gateway.Route) {
	if r.When != nil && p.tried[probe.KindField] == 0 {
		fmt.Fprintf(out, "  Not tried: other names and places of the field %s, which WHEN names; give a urlencoded -form.\n", r.When.Field)
	}
	if r.Terms.Kind == journey.KindSubmission && p.form == "" && r.When == nil {
		fmt.Fprintln(out, "  Not tried: the form in the body or the query of GET, HEAD and OPTIONS; give it by -form.")
	}
	if r.PriceField != "" {
		fmt.Fprintf(out, "  Not tried: whether the service uses another %s than the one that is paid for.\n", r.PriceField)
	}
}
