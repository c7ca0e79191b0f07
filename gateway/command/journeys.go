package command

import (
	"context"
	"encoding/csv"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"

	"paygate/journey/export"
)

// journeyList is a page of the staff listener's list.
type journeyList struct {
	Journeys []export.Record `json:"journeys"`
	Next     string          `json:"next"`
}

// journeys lists journeys, newest first.
func journeys(ctx context.Context, e Env, args []string) error {
	query, format, since := url.Values{}, "", ""
	_, err := e.flags("journeys", "[flags]", args, 0, func(set *flag.FlagSet) {
		set.Func("state", "only journeys in this `state`", parameter(query, "state"))
		set.Func("route", "only journeys of this `route`", parameter(query, "route"))
		set.Func("reference", "only journeys with this `reference`", parameter(query, "reference"))
		set.Func("find", "only journeys with this `text`: part of a reference, or what the citizen typed",
			parameter(query, "find"))
		set.Func("payment", "only the journey of this `payment`", parameter(query, "payment"))
		set.StringVar(&since, "since", "",
			"only journeys begun since this `time`: a date, a time, or a duration such as 24h")
		set.StringVar(&format, "format", "table", "table, json or csv")
	})
	if err != nil {
		return err
	}
	print, known := map[string]func([]export.Record) error{
		"table": e.printTable, "csv": e.printCSV,
		"json": func(all []export.Record) error { return e.printJSON(all) },
	}[format]
	if !known {
		return e.wrongUse("journeys", "-format must be table, json or csv")
	}
	since = fromNow(since, -1)
	if since != "" {
		query.Set("since", since)
	}
	all, err := e.listJourneys(ctx, query)
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

// listJourneys reads every page of the list.
func (e Env) listJourneys(ctx context.Context, query url.Values) ([]export.Record, error) {
	query.Set("limit", "500")
	all := []export.Record{}
	for {
		var page journeyList
		if err := e.read(ctx, http.MethodGet, "journeys", query, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Journeys...)
		if page.Next == "" {
			return all, nil
		}
		query.Set("after", page.Next)
	}
}

func (e Env) printTable(all []export.Record) error {
	table := tabwriter.NewWriter(e.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tSTATE\tREFERENCE\tPENCE\tBEGUN\tNOTE")
	for _, r := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%s\n",
			r.ID, r.State, r.Reference, r.AmountPence, r.StartedAt.Format(time.RFC3339), r.Note)
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
