package export

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Layout says how records become rows of a file.
type Layout struct {
	Pounds   bool     // amounts are pounds, as 25.50, and not pence
	Metadata []string // the names of the metadata that have a column each
}

// cell is a column's name and its text in one row.
type cell struct{ column, text string }

// Header returns the names of the columns of journeys.
func (l Layout) Header() []string { return columns(l.cells(Record{})) }

// Row returns the cells of a journey. No spreadsheet runs any of them as a formula.
func (l Layout) Row(r Record) []string { return texts(l.cells(r)) }

func columns(cells []cell) (names []string) {
	for _, c := range cells {
		names = append(names, c.column)
	}
	return names
}

func texts(cells []cell) (row []string) {
	for _, c := range cells {
		row = append(row, c.text)
	}
	return row
}

func (l Layout) cells(r Record) []cell {
	return append([]cell{
		{"id", string(r.ID)},
		{"route", text(r.Route)},
		{"kind", string(r.Kind)},
		{"state", string(r.State)},
		{"reference", text(r.Reference)},
		l.money("amount", &r.AmountPence), l.money("total", r.TotalPence),
		{"description", text(r.Description)},
		{"payment_id", text(r.PaymentID)},
		{"payment_status", text(r.PaymentStatus)},
		{"payment_code", text(r.PaymentCode)},
		moment("started_at", &r.StartedAt), moment("due_at", r.DueAt), moment("released_at", r.ReleasedAt),
		{"note", text(r.Note)},
		{"attempts", strconv.Itoa(r.Attempts)},
		l.money("refunded", &r.RefundedPence),
		{"metadata", text(object(r.Metadata))},
		l.money("fee", r.FeePence), l.money("net", r.NetPence),
		{"captured_at", text(r.CapturedAt)},
		{"settled_at", text(r.SettledAt)},
		{"account", text(r.Account)},
		{"payment_provider", text(r.PaymentProvider)},
		{"provider_id", text(r.ProviderID)},
		moment("paid_at", r.PaidAt), l.money("reserved", &r.ReservedPence),
		l.money("taken", &r.TakenPence), l.money("returned", &r.ReturnedPence),
		moment("reserved_until", r.ReservedUntil), moment("decide_by", r.DecideBy),
	}, l.metadata(r.Metadata)...)
}

// metadata returns the columns of their own that metadata have.
func (l Layout) metadata(values map[string]string) (cells []cell) {
	for _, name := range l.Metadata {
		cells = append(cells, cell{"metadata_" + name, text(values[name])})
	}
	return cells
}

// money returns the column of an amount. Its name ends in the unit.
func (l Layout) money(name string, pence *int64) cell {
	if l.Pounds {
		return cell{name + "_pounds", pounds(pence)}
	}
	if pence == nil {
		return cell{name + "_pence", ""}
	}
	return cell{name + "_pence", strconv.FormatInt(*pence, 10)}
}

// pounds writes an amount as a number that spreadsheets can add up.
func pounds(pence *int64) string {
	if pence == nil {
		return ""
	}
	sign, n := "", *pence
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
}

func object(values map[string]string) string {
	if len(values) == 0 {
		return ""
	}
	text, _ := json.Marshal(values) // strings only, sorted by name
	return string(text)
}

func moment(name string, at *time.Time) cell {
	if at == nil {
		return cell{name, ""}
	}
	return cell{name, at.Format(time.RFC3339)}
}

// Cell returns a text as a cell of a CSV file.
func Cell(s string) string { return text(s) }

// text puts an apostrophe before anything that a spreadsheet would run as a formula.
func text(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n|%＝＋－＠", []rune(s)[0]) {
		return "'" + s
	}
	return s
}
