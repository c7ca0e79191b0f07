package command

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"

	"paygate/journey/export"
)

// listed is the staff door's list.
type listed struct {
	Journeys []json.RawMessage `json:"journeys"`
	Next     string            `json:"next"`
}

// journeys lists journeys, newest first.
func journeys(ctx context.Context, w Env, args []string) error {
	query, format := url.Values{}, "table"
	since := ""
	_, err := w.flags("journeys", "[flags]", args, 0, func(set *flag.FlagSet) {
		set.Func("state", "only journeys in this `state`", func(s string) error { query.Set("state", s); return nil })
		set.Func("route", "only journeys of this `route`", func(s string) error { query.Set("route", s); return nil })
		set.Func("reference", "only journeys with this `reference`", func(s string) error { query.Set("reference", s); return nil })
		set.Func("payment", "only the journey of this `payment`", func(s string) error { query.Set("payment", s); return nil })
		set.StringVar(&since, "since", "", "only journeys begun since this `time`: a date, a time, or a duration such as 24h")
		set.StringVar(&format, "format", "table", "table, json or csv")
	})
	if err != nil {
		return err
	}
	print, known := map[string]func(Env, []json.RawMessage) error{"table": printTable, "json": printList, "csv": printCSV}[format]
	if !known {
		fmt.Fprintln(w.Stderr, "paygate journeys: -format must be table, json or csv")
		return errUsage
	}
	if ago, err := time.ParseDuration(since); err == nil {
		since = time.Now().UTC().Add(-ago).Format(time.RFC3339)
	}
	if since != "" {
		query.Set("since", since)
	}
	door, err := w.door()
	if err != nil {
		return err
	}
	query.Set("limit", "500")
	all := []json.RawMessage{}
	for {
		var page listed
		if err := door.read(ctx, http.MethodGet, "journeys", query, nil, &page); err != nil {
			return err
		}
		all = append(all, page.Journeys...)
		if page.Next == "" {
			return print(w, all)
		}
		query.Set("after", page.Next)
	}
}

func printList(w Env, all []json.RawMessage) error { return w.printJSON(all) }

func printTable(w Env, all []json.RawMessage) error {
	table := tabwriter.NewWriter(w.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tSTATE\tREFERENCE\tPENCE\tBEGUN\tNOTE")
	for _, text := range all {
		var r export.Record
		if err := json.Unmarshal(text, &r); err != nil {
			return err
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%s\n", r.ID, r.State, r.Reference, r.AmountPence, r.StartedAt.Format(time.RFC3339), r.Note)
	}
	return table.Flush()
}

func printCSV(w Env, all []json.RawMessage) error {
	out := csv.NewWriter(w.Stdout)
	if err := out.Write(export.Columns()); err != nil {
		return err
	}
	for _, text := range all {
		var r export.Record
		if err := json.Unmarshal(text, &r); err != nil {
			return err
		}
		if err := out.Write(r.Row()); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// show prints one journey with its whole history.
func show(ctx context.Context, w Env, args []string) error {
	rest, err := w.flags("show", "ID", args, 1, nil)
	if err != nil {
		return err
	}
	id, err := w.journeyID("show", rest)
	if err != nil {
		return err
	}
	return w.order(ctx, http.MethodGet, "journeys/"+id, nil)
}

// order asks for one journey, or that something be done to it, and prints the journey as it then is.
func (w Env) order(ctx context.Context, method, path string, body any) error {
	door, err := w.door()
	if err != nil {
		return err
	}
	var whole export.Whole
	if err := door.read(ctx, method, path, nil, body, &whole); err != nil {
		return err
	}
	return w.printJSON(whole)
}
