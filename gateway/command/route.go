package command

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"
)

// routeState is a route as the staff listener describes it.
type routeState struct {
	Route     string     `json:"route"`
	Setting   string     `json:"setting"`
	Mode      string     `json:"mode"`
	Until     *time.Time `json:"until,omitempty"`
	Reason    string     `json:"reason,omitempty"`
	Message   string     `json:"message,omitempty"`
	MessageCY string     `json:"message_cy,omitempty"`
	By        string     `json:"by,omitempty"`
	At        *time.Time `json:"at,omitempty"`
}

// route shows what the routes do, or changes one.
func route(ctx context.Context, e Env, args []string) error {
	order, format := map[string]string{}, "table"
	named, err := e.flagsAnywhere("route", "[NAME [on|closed|free|shadow]] [flags]", args, 2, func(set *flag.FlagSet) {
		set.StringVar(&format, "format", format, "table or json")
		for name, usage := range map[string]string{
			"until":      "the `time` at which the change ends: a date, a time, or a duration such as 24h",
			"reason":     "why, for staff: a `text`",
			"message":    "a `text` for citizens, while the route is closed",
			"message-cy": "the message in Welsh: a `text`",
		} {
			set.Func(name, usage, func(value string) error {
				order[strings.ReplaceAll(name, "-", "_")] = value
				return nil
			})
		}
	})
	switch {
	case err != nil:
		return err
	case format != "table" && format != "json":
		return e.wrongUse("route", "-format must be table or json")
	case len(named) < 2 && len(order) > 0:
		return e.wrongUse("route", "name the route, and what it is to do: on, closed, free or shadow")
	case len(named) < 2:
		return aboutRoutes{e, format}.show(ctx, named)
	}
	order["mode"], order["until"] = named[1], fromNow(order["until"], 1)
	return aboutRoutes{e, format}.change(ctx, named[0], order)
}

// aboutRoutes asks about routes, and prints the answer in a format.
type aboutRoutes struct {
	Env
	format string
}

func (e aboutRoutes) change(ctx context.Context, name string, order map[string]string) error {
	var changed routeState
	if err := e.read(ctx, http.MethodPost, "routes/"+url.PathEscape(name), nil, order, &changed); err != nil {
		return err
	}
	return e.print([]routeState{changed})
}

// show prints the route that is named, or all of them.
func (e aboutRoutes) show(ctx context.Context, named []string) error {
	var answer struct {
		Routes []routeState `json:"routes"`
	}
	if err := e.read(ctx, http.MethodGet, "routes", nil, nil, &answer); err != nil {
		return err
	}
	if len(named) == 0 {
		return e.print(answer.Routes)
	}
	for _, r := range answer.Routes {
		if r.Route == named[0] {
			return e.print([]routeState{r})
		}
	}
	return e.wrongUse("route", "there is no route %q", named[0])
}

func (e aboutRoutes) print(all []routeState) error {
	if e.format == "json" {
		return e.printJSON(all)
	}
	table := tabwriter.NewWriter(e.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ROUTE\tMODE\tSETTING\tUNTIL\tCHANGED BY\tREASON")
	for _, r := range all {
		until := ""
		if r.Until != nil {
			until = inLondon(*r.Until)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Route, r.Mode, r.Setting, until, r.By, r.Reason)
	}
	return table.Flush()
}
