package command

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"

	"paygate/gateway/staff"
	"paygate/journey"
	"paygate/journey/export"
)

// describe prints one journey in sentences, and its history as a table.
func (e Env) describe(w export.Whole) error {
	fmt.Fprintf(e.Stdout, "%s: %s (%s)\n", printable(w.Reference), staff.StateWord(w.State), w.State)
	fmt.Fprintf(e.Stdout, "%s, %s, begun %s. Journey %s on the route %s.\n",
		printable(w.Description), journey.Pounds(w.AmountPence), inLondon(w.StartedAt), w.ID, w.Route)
	for _, line := range append(moneyLines(w), otherLines(w)...) {
		fmt.Fprintln(e.Stdout, printable(line))
	}
	return printHistory(e.Stdout, w.History)
}

// moneyLines say where the money is.
func moneyLines(w export.Whole) (lines []string) {
	for _, p := range w.Payments {
		line := "Payment " + p.ID + ": " + staff.StatusWord(p.Status, p.Code)
		if p.Code != "" {
			line += " (" + p.Code + ")"
		}
		lines = append(lines, line+".")
	}
	if w.ReservedPence > 0 {
		line := "Reserved " + journey.Pounds(w.ReservedPence)
		if w.ReservedUntil != nil {
			line += ", until " + inLondon(*w.ReservedUntil)
		}
		lines = append(lines, line+".")
	}
	if w.TakenPence > 0 {
		lines = append(lines, "Taken "+journey.Pounds(w.TakenPence)+".")
	}
	if w.RefundedPence > 0 {
		lines = append(lines, "Refunded "+journey.Pounds(w.RefundedPence)+".")
	}
	return lines
}

// otherLines say what a person has to know besides.
func otherLines(w export.Whole) (lines []string) {
	if w.DecideBy != nil {
		lines = append(lines, "Decide by "+inLondon(*w.DecideBy)+".")
	}
	if w.Note != "" {
		lines = append(lines, "Note: "+w.Note)
	}
	if a := w.Approval; a != nil {
		what := a.What
		if a.AmountPence > 0 {
			what += " of " + journey.Pounds(a.AmountPence)
		}
		lines = append(lines, fmt.Sprintf("A %s waits for a second person until %s. %s asked: %s",
			what, inLondon(a.Until), strings.TrimPrefix(string(a.By), "staff:"), a.Reason))
	}
	for _, m := range w.Messages {
		lines = append(lines, fmt.Sprintf("The %s has not been told: %s, %s.", m.To, m.What,
			journey.Pounds(m.AmountPence)))
	}
	return lines
}

func printHistory(out io.Writer, history []export.Event) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nWHEN\tWHAT\tBY\tDETAIL")
	for _, e := range history {
		said, who := staff.EventWords(e)
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", inLondon(e.At), said, who, printable(e.Detail))
	}
	return table.Flush()
}

// printable keeps a text from others on its line, and from controlling the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, text)
}
