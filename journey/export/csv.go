package export

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"paygate/journey"
)

// pageSize is how many journeys are in memory at a time.
const pageSize = 500

// Lister finds journeys, newest first, as [journey.Store] does.
type Lister interface {
	List(context.Context, journey.Filter) ([]journey.Journey, error)
}

// Totals let a reader check the file.
type Totals struct {
	Rows          int
	AmountPence   int64 // of all rows, paid or not
	TakenPence    int64 // on payments that succeeded, before refunds
	RefundedPence int64
}

func (t *Totals) add(j journey.Journey, r Record) {
	t.Rows++
	t.AmountPence += r.AmountPence
	t.RefundedPence += r.RefundedPence
	for _, p := range j.Payments {
		if p.Status == journey.StatusSuccess {
			t.TakenPence += p.Total
		}
	}
}

// Columns lists the names of the columns, in the order of [Record.Row].
func Columns() []string { return slices.Clone(columns) }

var columns = []string{
	"id", "route", "kind", "state", "reference", "amount_pence", "total_pence", "description", "payment_id",
	"payment_status", "payment_code", "started_at", "due_at", "released_at", "note", "attempts", "refunded_pence",
	"metadata", "fee_pence", "net_pence", "captured_date", "settled_date",
}

// CSV writes the names of the columns and a row for each journey that started at or after from and before until, newest
// first (RFC 4180). Journeys that are added or changed meanwhile do not move other rows. The use of memory does not
// grow with the rows. After an error the file is incomplete.
func CSV(ctx context.Context, out io.Writer, journeys Lister, from, until time.Time) (Totals, error) {
	var totals Totals
	w := csv.NewWriter(out)
	if err := w.Write(columns); err != nil {
		return totals, err
	}
	filter := journey.Filter{Since: from, Until: until, Limit: pageSize}
	for {
		page, err := journeys.List(ctx, filter)
		if err != nil {
			return totals, fmt.Errorf("reading journeys: %w", err)
		}
		for _, j := range page {
			record := Of(j)
			if err := w.Write(record.Row()); err != nil {
				return totals, err
			}
			totals.add(j, record)
		}
		w.Flush()
		if err := w.Error(); err != nil || len(page) < pageSize {
			return totals, err
		}
		filter.After = page[len(page)-1].ID
	}
}

// Row returns the cells of a row. No spreadsheet runs any of them as a formula.
func (r Record) Row() []string {
	metadata := ""
	if len(r.Metadata) > 0 {
		text, _ := json.Marshal(r.Metadata) // strings only, sorted by name
		metadata = string(text)
	}
	return []string{
		string(r.ID), text(r.Route), string(r.Kind), string(r.State), text(r.Reference),
		number(&r.AmountPence), number(r.TotalPence), text(r.Description), text(r.PaymentID),
		text(r.PaymentStatus), text(r.PaymentCode), r.StartedAt.Format(time.RFC3339),
		moment(r.DueAt), moment(r.ReleasedAt), text(r.Note), strconv.Itoa(r.Attempts), number(&r.RefundedPence),
		text(metadata), number(r.FeePence), number(r.NetPence), text(r.CapturedDate), text(r.SettledDate),
	}
}

// text puts an apostrophe before anything that a spreadsheet would run as a formula.
func text(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n|%＝＋－＠", []rune(s)[0]) {
		return "'" + s
	}
	return s
}

func number(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}

func moment(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339)
}
