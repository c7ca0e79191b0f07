package command

import (
	"context"
	"encoding/csv"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"text/tabwriter"

	"paygate/journey"
	"paygate/journey/export"
)

// journeyList is a page of the staff listener's list.
type journeyList struct {
	Journeys []export.Record `json:"journeys"`
	Next     string          `json:"next"`
}

// journeys lists journeys, newest first.
func journeys(ctx context.Context, e Env, args []string) error {
	query, format, limit := url.Values{}, "", 0
	_, err := e.flags("journeys", "[flags]", args, 0, func(set *flag.FlagSet) {
		set.Func("state", "only journeys in this `state`", parameter(query, "state"))
		set.Func("route", "only journeys of this `route`", parameter(query, "route"))
		set.Func("reference", "only journeys with this `reference`", parameter(query, "reference"))
		set.Func("find", "only journeys with this `text`: part of a reference, or what the citizen typed",
			parameter(query, "find"))
		set.Func("payment", "only the journey of this `payment`", parameter(query, "payment"))
		set.Func("approval", "`waiting`: only journeys with an order that waits for a second person",
			parameter(query, "approval"))
		set.Func("since", "only journeys begun since this `time`: a date, a time, or a duration such as 24h",
			moment(query, "since"))
		set.Func("until", "only journeys begun before this `time`: a date, a time, or a duration such as 24h",
			moment(query, "until"))
		set.IntVar(&limit, "limit", 0, "at most this many; 0 means all")
		set.StringVar(&format, "format", "table", "table, json or csv")
	})
	if err != nil {
		return err
	}
	print, known := map[string]func([]export.Record) error{
		"table": e.printTable, "csv": e.printCSV,
		"json": func(all []export.Record) error { return e.printJSON(all) },
	}[format]
	switch {
	case !known:
		return e.wrongUse("journeys", "-format must be table, json or csv")
	case limit < 0:
		return e.wrongUse("journeys", "-limit must not be negative")
	}
	all, err := e.listJourneys(ctx, query, limit)
	if err != nil {
		return err
	}
	return print(all)
}

// parameter returns a flag's function that sets a parameter of a query.
func parameter(query url.Values, name string) func(string) error {
	return func(value string) error {
		query.Set(name, value)
		return nil
	}
}

// moment returns a flag's function that sets a time, or one that was a while ago.
func moment(query url.Values, name string) func(string) error {
	return func(value string) error {
		query.Set(name, fromNow(value, -1))
		return nil
	}
}

// listJourneys reads the pages of the list until it has as many journeys as the limit says; 0 means all.
func (e Env) listJourneys(ctx context.Context, query url.Values, limit int) ([]export.Record, error) {
	const maxPage = 500
	all := []export.Record{}
	for {
		size := maxPage
		if limit > 0 {
			size = min(maxPage, limit-len(all))
		}
		query.Set("limit", strconv.Itoa(size))
		var page journeyList
		if err := e.read(ctx, http.MethodGet, "journeys", query, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Journeys...)
		if page.Next == "" || limit > 0 && len(all) >= limit {
			return all, nil
		}
		query.Set("after", page.Next)
	}
}

func (e Env) printTable(all []export.Record) error {
	table := tabwriter.NewWriter(e.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tSTATE\tREFERENCE\tPRICE\tBEGUN\tNOTE")
	for _, r := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n",
			r.ID, r.State, printable(r.Reference), journey.Pounds(r.AmountPence), inLondon(r.StartedAt),
			printable(r.Note))
	}
	return table.Flush()
}

func (e Env) printCSV(all []export.Record) error {
	out := csv.NewWriter(e.Stdout)
	rows := [][]string{export.Layout{}.Header()}
	for _, r := range all {
		rows = append(rows, export.Layout{}.Row(r))
	}
	return out.WriteAll(rows)
}
