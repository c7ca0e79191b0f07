package probe

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"paygate/gateway"
	"paygate/journey"
)

// print prints the results for a route's spellings.
func (a *attempt) print() {
	if a.yardstick.gated {
		fmt.Fprintln(a.Out, "  The service refuses the plain address unpaid: a second gate is there. "+
			"These are the spellings that get past it.")
	}
	a.printCounts()
	a.printTable()
	if leaks := a.leaks(ran, likely); len(leaks) > 0 {
		a.printRemedy(a.remedy(leaks))
	} else {
		fmt.Fprintln(a.Out, "  Of those that reached it, Paygate lets none through.")
	}
	a.printUntried()
	if unclear := a.leaks(unclear); len(unclear) > 0 {
		fmt.Fprintln(a.Out, "  Paygate would let these through, and their answers do not tell whether the code ran: "+
			"look yourself, or give -expect TEXT.")
		a.printSpellings(unclear)
	}
	fmt.Fprintln(a.Out)
}

func (a *attempt) printCounts() {
	var words []string
	asked := 0
	for _, kind := range []Kind{KindPath, KindQuery, KindMethod, KindField} {
		if n := a.asked[kind]; n > 0 {
			asked, words = asked+n, append(words, fmt.Sprintf("%d of the %s", n, kind))
		}
	}
	counts := map[effect]int{}
	for _, h := range a.hits {
		counts[h.effect]++
	}
	sure := "certain, by the text of -expect"
	if a.Expect == "" {
		sure = "likely but not certain, by status, type and words of the answers; -expect TEXT makes it certain"
	}
	fmt.Fprintf(a.Out, "  Tried other ways to write the request: %s.\n", strings.Join(words, ", "))
	fmt.Fprintf(a.Out, "  %d spellings were asked for. %d reached the pay code (%s), %d are unclear, %d did not.\n",
		asked, counts[ran]+counts[likely], sure, counts[unclear], asked-len(a.hits))
}

// printTable lists what reached the code, what is let through first.
func (a *attempt) printTable() {
	table := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	for _, letThrough := range []bool{true, false} {
		for _, h := range a.hits {
			if h.effect == unclear || (h.outcome == gateway.OutcomeForwarded) != letThrough {
				continue
			}
			outcome := string(h.outcome)
			if letThrough {
				outcome = strings.ToUpper(outcome)
			}
			fmt.Fprintf(table, "  %s\t%s\t%s\n", outcome, h.Class, describe(h.Spelling))
		}
	}
	_ = table.Flush()
}

func (a *attempt) printSpellings(spellings []Spelling) {
	for _, s := range spellings {
		fmt.Fprintf(a.Out, "    %s\n", describe(s))
	}
}

func describe(s Spelling) string {
	text := s.Method + " " + s.Target
	if len(s.Header) > 0 {
		text += ", with the header " + strings.Join(s.Header, " and ")
	}
	if s.Body != "" && (s.Kind == KindMethod || s.Kind == KindField) {
		text += fmt.Sprintf(", with the body %.120q", s.Body)
	}
	return text
}

// printUntried prints what was not tried.
func (a *attempt) printUntried() {
	r := a.route
	if r.When != nil && a.asked[KindField] == 0 {
		fmt.Fprintf(a.Out, "  Not tried: other names and places of the field %s, which WHEN names; "+
			"give a urlencoded -form.\n", r.When.Field)
	}
	if r.Terms.Kind == journey.KindSubmission && a.Form == "" && r.When == nil {
		fmt.Fprintln(a.Out, "  Not tried: the form in the body or the query of GET, HEAD and OPTIONS; "+
			"give it with -form.")
	}
	if r.PriceField != "" {
		fmt.Fprintf(a.Out, "  Not tried: whether the service uses another %s than the one that was paid for.\n",
			r.PriceField)
	}
}
