package command

import (
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"paygate/journey"
	"paygate/journey/export"
	"paygate/journey/reconcile"
)

// comparisonFlags are the flags of the command reconcile.
type comparisonFlags struct {
	order  map[string]any // for the staff listener
	adopt  []string
	reason string
	format string
}

// reconcileNow compares GOV.UK Pay's list with the store, or adopts payments that only GOV.UK Pay knows.
func reconcileNow(ctx context.Context, e Env, args []string) error {
	f, err := e.comparisonFlags(args)
	if err != nil {
		return err
	}
	if len(f.adopt) > 0 {
		return e.adopt(ctx, f)
	}
	print, known := map[string]func(reconcile.Report) error{
		"table": e.printDifferences, "csv": e.printDifferencesCSV,
		"json": func(r reconcile.Report) error { return e.printJSON(r) },
	}[f.format]
	if !known {
		return e.wrongUse("reconcile", "-format must be table, json or csv")
	}
	report := reconcile.Report{Differences: []reconcile.Difference{}}
	if err := e.read(ctx, http.MethodPost, "reconcile", nil, f.order, &report); err != nil {
		return err
	}
	if err := print(report); err != nil {
		return err
	}
	if len(report.Differences) > 0 {
		return errNeedsPerson
	}
	return nil
}

// comparisonFlags reads the flags. Ids after -adopt may follow each other, and flags may follow them.
func (e Env) comparisonFlags(args []string) (comparisonFlags, error) {
	f := comparisonFlags{order: map[string]any{}, format: "table", reason: "found by the comparison with GOV.UK Pay"}
	order := func(name string) func(string) error {
		return func(value string) error {
			f.order[name] = value
			return nil
		}
	}
	define := func(set *flag.FlagSet) {
		set.Func("from", "payments made on or after this `date` or time; the default is the last 8 days", order("from"))
		set.Func("to", "and before this `date` or time; the date of -from means that day", order("to"))
		set.Func("account", "only the `account` with this name", order("account"))
		set.Func("adopt", "begin a journey, for a person to settle, for the payments with these `IDs`",
			func(ids string) error {
				f.adopt = append(f.adopt, strings.Split(ids, ",")...)
				return nil
			})
		set.StringVar(&f.reason, "reason", f.reason, "why they are adopted; it stays in the history, with your name")
		set.StringVar(&f.format, "format", f.format, "table, json or csv")
	}
	for {
		rest, err := e.flags("reconcile", "[flags]", args, len(args), define)
		switch {
		case err != nil || len(rest) == 0:
			return f, err
		case len(f.adopt) == 0:
			return f, e.wrongUse("reconcile", "too many arguments")
		}
		f.adopt, args = append(f.adopt, rest[0]), rest[1:]
	}
}

// adopt adopts one payment after the other, and fails at the end if any cannot be.
func (e Env) adopt(ctx context.Context, f comparisonFlags) error {
	var failed []error
	all := []export.Whole{}
	for _, id := range f.adopt {
		order := map[string]any{"payment_id": id, "reason": f.reason}
		if account, given := f.order["account"]; given {
			order["account"] = account
		}
		var adopted export.Whole
		if err := e.read(ctx, http.MethodPost, "reconcile/adopt", nil, order, &adopted); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", id, err))
			continue
		}
		all = append(all, adopted)
		if f.format != "json" {
			fmt.Fprintf(e.Stdout, "%s is now the journey %s, which waits for a person: "+
				"paygate settle -as released|reversed -reason TEXT %[2]s\n", id, adopted.ID)
		}
	}
	if f.format == "json" {
		failed = append(failed, e.printJSON(all))
	}
	return errors.Join(failed...)
}

func (e Env) printDifferences(r reconcile.Report) error {
	fmt.Fprintf(e.Stdout, "%d payments made from %s to %s were compared: %d differences\n", r.Checked,
		inLondon(r.From), inLondon(r.To), len(r.Differences)+r.More)
	if len(r.Differences) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(e.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KIND\tACCOUNT\tPAYMENT\tJOURNEY\tREFERENCE\tPRICE\tHERE\tAT PAY\tRESERVED UNTIL")
	for _, d := range r.Differences {
		here, atPay := d.Words()
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", d.Kind, journey.AccountWord(d.Account), d.PaymentID,
			d.JourneyID, d.Reference, journey.Pounds(d.AmountPence), here, atPay, reservedUntil(d, inLondon))
	}
	return table.Flush()
}

func (e Env) printDifferencesCSV(r reconcile.Report) error {
	rows := [][]string{{
		"kind", "account", "payment_id", "journey_id", "reference", "amount_pence", "here", "at_pay", "reserved_until",
	}}
	inUTC := func(at time.Time) string { return at.Format(time.RFC3339) }
	for _, d := range r.Differences {
		rows = append(rows, []string{
			string(d.Kind), d.Account, d.PaymentID, string(d.JourneyID), export.Cell(d.Reference),
			strconv.FormatInt(d.AmountPence, 10), export.Cell(d.Here), export.Cell(d.AtPay), reservedUntil(d, inUTC),
		})
	}
	return csv.NewWriter(e.Stdout).WriteAll(rows)
}

func reservedUntil(d reconcile.Difference, write func(time.Time) string) string {
	if d.ReservedUntil == nil {
		return ""
	}
	return write(*d.ReservedUntil)
}
