package command

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"paygate/journey"
	"paygate/journey/export"
)

// personData is what the staff listener says is held about one person.
type personData struct {
	Journeys []personJourney `json:"journeys"`
	Kept     []keptData      `json:"kept"`
}

type personJourney struct {
	export.Whole
	Typed       map[string]string `json:"typed"`
	Email       string            `json:"email"`
	RequestKept bool              `json:"request_kept"`
	ReplyKept   bool              `json:"reply_kept"`
	Left        string            `json:"left"`
}

type keptData struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// erased is what became of the journeys that were to be erased.
type erased struct {
	Erased []journey.ID `json:"erased"`
	Left   []struct {
		ID  journey.ID `json:"id"`
		Why string     `json:"why"`
	} `json:"left"`
	Kept []keptData `json:"kept"`
}

// person lists what is held about one person, or erases it.
func person(ctx context.Context, e Env, args []string) error {
	query, reason, format, erases := "", "", "text", false
	var ids []string
	more, err := e.flagsAnywhere("person", "[-q TEXT] | -erase ID… -reason TEXT", args, len(args),
		func(set *flag.FlagSet) {
			set.StringVar(&query, "q", query, "a whole reference, or a whole value that the citizen typed; "+
				"if it is left out, it is read from the standard input")
			set.Func("erase", "erase what came from the citizen in the journeys with these `IDs`",
				func(text string) error {
					ids, erases = append(ids, strings.Split(text, ",")...), true
					return nil
				})
			set.StringVar(&reason, "reason", reason, "why; it stays in the history, with your name")
			set.StringVar(&format, "format", format, "text or json")
		})
	switch {
	case err != nil:
		return err
	case format != "text" && format != "json":
		return e.wrongUse("person", "-format must be text or json")
	case !erases && len(more) > 0:
		return e.wrongUse("person", "too many arguments")
	case erases && query != "":
		return e.wrongUse("person", "-erase needs the IDs of journeys; nothing is erased by -q")
	case erases && strings.TrimSpace(reason) == "":
		return e.wrongUse("person", "-reason is needed")
	case erases:
		return aboutPerson{e, format}.erase(ctx, append(ids, more...), reason)
	}
	return aboutPerson{e, format}.show(ctx, query)
}

// aboutPerson asks about one person, and prints the answer in a format.
type aboutPerson struct {
	Env
	format string
}

// show prints what is held about one person.
func (e aboutPerson) show(ctx context.Context, query string) error {
	if query == "" {
		line, _ := bufio.NewReader(e.Stdin).ReadString('\n')
		query = strings.TrimSpace(line)
	}
	var held personData
	if err := e.read(ctx, http.MethodPost, "person", nil, map[string]any{"q": query}, &held); err != nil {
		return err
	}
	if e.format == "json" {
		return e.printJSON(held)
	}
	fmt.Fprintf(e.Stdout, "Journeys: %d\n", len(held.Journeys))
	for _, j := range held.Journeys {
		fmt.Fprintln(e.Stdout)
		if err := e.describe(j.Whole); err != nil {
			return err
		}
		for _, line := range j.personal() {
			fmt.Fprintln(e.Stdout, printable(line))
		}
	}
	e.printKept(held.Kept)
	return nil
}

// personal says what a journey holds of its citizen.
func (j personJourney) personal() (lines []string) {
	for _, name := range slices.Sorted(maps.Keys(j.Typed)) {
		lines = append(lines, "Typed "+name+": "+j.Typed[name])
	}
	for _, name := range slices.Sorted(maps.Keys(j.Metadata)) {
		lines = append(lines, "Metadata "+name+": "+j.Metadata[name])
	}
	if j.Email != "" {
		lines = append(lines, "E-mail address: "+j.Email)
	}
	if j.RequestKept {
		lines = append(lines, "The request that was sent is kept.")
	}
	if j.ReplyKept {
		lines = append(lines, "The service's answer is kept.")
	}
	if j.Left != "" {
		lines = append(lines, "This cannot be erased yet. "+j.Left)
	}
	return lines
}

// erase erases what came from the citizen, and says what is left.
func (e aboutPerson) erase(ctx context.Context, ids []string, reason string) error {
	for i, id := range ids {
		ids[i] = strings.ToUpper(strings.TrimSpace(id))
	}
	var done erased
	order := map[string]any{"journeys": ids, "reason": reason}
	if err := e.read(ctx, http.MethodPost, "person/erase", nil, order, &done); err != nil {
		return err
	}
	if e.format == "json" {
		return e.printJSON(done)
	}
	for _, id := range done.Erased {
		fmt.Fprintf(e.Stdout, "%s: what came from the citizen is erased\n", id)
	}
	for _, left := range done.Left {
		fmt.Fprintf(e.Stdout, "%s: left as it is. %s\n", left.ID, left.Why)
	}
	e.printKept(done.Kept)
	return nil
}

func (e aboutPerson) printKept(kept []keptData) {
	fmt.Fprintln(e.Stdout, "\nWhat is kept:")
	for _, k := range kept {
		fmt.Fprintf(e.Stdout, "  %s. %s\n", k.What, k.Why)
	}
}
