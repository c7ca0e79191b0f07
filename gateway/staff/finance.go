package staff

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"paygate/journey/export"
)

// The trailers of an export, against which the file can be checked. They prove that it is complete.
const (
	trailerRows     = "Paygate-Export-Rows"
	trailerAmount   = "Paygate-Export-Amount-Pence"
	trailerTaken    = "Paygate-Export-Taken-Pence"
	trailerRefunded = "Paygate-Export-Refunded-Pence"
)

// finance serves what finance staff need.
type finance struct{ *server }

// page is the page from which finance staff download their files.
func (s finance) page(w http.ResponseWriter, _ *http.Request, m member) {
	s.render(w, http.StatusOK, "finance", "Finance", m, nil)
}

// financeFile is a CSV file for finance staff.
type financeFile struct {
	name  string
	dates []export.By // by which it can be asked for; the first is the default
	write func(
		context.Context, io.Writer, export.Lister, export.Selection, export.Layout,
	) (export.Totals, error)
}

var (
	journeysFile = financeFile{"paygate", []export.By{
		export.ByStarted, export.ByPaid, export.ByCaptured, export.BySettled, export.ByRefunded,
	}, export.CSV}
	refundsFile = financeFile{"paygate-refunds", []export.By{export.ByRefunded, export.BySettled}, export.RefundsCSV}
)

// send returns a handler that streams a file. If it fails, it breaks the connection, so that an incomplete file is
// never mistaken for a complete one.
func (s finance) send(f financeFile) func(http.ResponseWriter, *http.Request, member) {
	return func(w http.ResponseWriter, r *http.Request, m member) {
		selection, name, wrong := s.selectionOf(r, f)
		layout, ok := s.layoutOf(r)
		if !ok {
			wrong = "units must be pence or pounds."
		}
		if wrong != "" {
			s.problem(w, r, http.StatusUnprocessableEntity, wrong)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
		h.Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
		h.Set("Trailer", trailerRows+", "+trailerAmount+", "+trailerTaken+", "+trailerRefunded)
		w.WriteHeader(http.StatusOK)
		totals, err := f.write(r.Context(), newSlowWriter(w), s.Store, selection, layout)
		s.Log.InfoContext(r.Context(), "exported", "by", m.By(), "file", f.name, "rows", totals.Rows,
			"done", err == nil)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		h.Set(trailerRows, strconv.Itoa(totals.Rows))
		h.Set(trailerAmount, strconv.FormatInt(totals.AmountPence, 10))
		h.Set(trailerTaken, strconv.FormatInt(totals.TakenPence, 10))
		h.Set(trailerRefunded, strconv.FormatInt(totals.RefundedPence, 10))
	}
}

// selectionOf reads what a file is to have, and returns the name of the file. If the query is not valid, wrong says
// why.
func (s finance) selectionOf(r *http.Request, f financeFile) (selection export.Selection, name, wrong string) {
	p, wrong := s.calendar.periodOf(r, "from", "to")
	by := cmp.Or(export.By(r.FormValue("by")), f.dates[0])
	if !slices.Contains(f.dates, by) {
		wrong = fmt.Sprintf("by must be one of %s.", strings.Trim(fmt.Sprint(f.dates), "[]"))
	}
	name = f.name
	if by != f.dates[0] {
		name += "-" + string(by)
	}
	return export.Selection{By: by, From: p.since, Until: p.until}, name + "-" + p.name, wrong
}

// layoutOf reads the unit of amounts. It reports false if it is not known.
func (s finance) layoutOf(r *http.Request) (layout export.Layout, ok bool) {
	units := r.FormValue("units")
	layout = export.Layout{Pounds: units == "pounds", Metadata: s.Metadata}
	return layout, slices.Contains([]string{"", "pence", "pounds"}, units)
}

// backup streams a consistent copy of the store.
func (s *server) backup(w http.ResponseWriter, r *http.Request, m member) {
	if s.Backup == nil {
		s.problem(w, r, http.StatusNotFound, "These journeys are in a database with its own backups: use pg_dump, "+
			"or the tool with which you back up the database.")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", `attachment; filename="paygate.db"`)
	h.Set("Trailer", trailerBytes)
	w.WriteHeader(http.StatusOK) // now, and not while the store is read: it stores an entry of the audit
	count := &counter{to: newSlowWriter(w)}
	err := s.Backup(r.Context(), count)
	s.Log.InfoContext(r.Context(), "backed up", "by", m.By(), "bytes", count.n, "done", err == nil)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	h.Set(trailerBytes, fmt.Sprint(count.n))
	if err := NoteDone(context.WithoutCancel(r.Context()), s.Store, DoneBackup, Done{At: s.Runner.Now()}); err != nil {
		s.Log.WarnContext(r.Context(), "the overview does not show this backup", "error", err)
	}
}

// trailerBytes ends a complete backup.
const trailerBytes = "Paygate-Backup-Bytes"

type counter struct {
	to io.Writer
	n  int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	return n, err
}

// slowWriter gives the client a minute for each part of a long answer, so that a stalled client does not keep the store
// open.
type slowWriter struct {
	to      io.Writer
	control *http.ResponseController
}

func newSlowWriter(w http.ResponseWriter) slowWriter {
	return slowWriter{w, http.NewResponseController(w)}
}

func (s slowWriter) Write(p []byte) (int, error) {
	_ = s.control.SetWriteDeadline(time.Now().Add(time.Minute)) // not supported in tests without a connection
	return s.to.Write(p)
}
