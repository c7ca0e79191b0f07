package staff

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"paygate/journey/export"
)

// The trailers of an export: what the file can be checked against, and the proof that it is whole.
const (
	trailerRows     = "Paygate-Export-Rows"
	trailerAmount   = "Paygate-Export-Amount-Pence"
	trailerTaken    = "Paygate-Export-Taken-Pence"
	trailerRefunded = "Paygate-Export-Refunded-Pence"
)

// export streams the journeys started in a range. Where it breaks off, the connection does too, so that nobody takes a part
// for the whole.
func (d *door) export(w http.ResponseWriter, r *http.Request, m member) {
	from, err1 := momentOf(r.FormValue("from"))
	until, err2 := momentOf(r.FormValue("to"))
	if err1 != nil || err2 != nil || !until.IsZero() && until.Before(from) {
		d.problem(w, r, http.StatusUnprocessableEntity, "from and to must be dates such as 2026-11-22 or times such as 2026-11-22T10:41:07Z, from before to.")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	h.Set("Content-Disposition", `attachment; filename="paygate-`+span(from, until)+`.csv"`)
	h.Set("Trailer", trailerRows+", "+trailerAmount+", "+trailerTaken+", "+trailerRefunded)
	w.WriteHeader(http.StatusOK)
	totals, err := export.CSV(r.Context(), unhurried{w, http.NewResponseController(w)}, d.Store, from, until)
	d.Log.InfoContext(r.Context(), "exported", "by", m.by(), "rows", totals.Rows, "done", err == nil)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	h.Set(trailerRows, strconv.Itoa(totals.Rows))
	h.Set(trailerAmount, strconv.FormatInt(totals.AmountPence, 10))
	h.Set(trailerTaken, strconv.FormatInt(totals.TakenPence, 10))
	h.Set(trailerRefunded, strconv.FormatInt(totals.RefundedPence, 10))
}

func span(from, until time.Time) string {
	name := "all"
	if !from.IsZero() {
		name = from.Format(time.DateOnly)
	}
	if !until.IsZero() {
		name += "-to-" + until.Format(time.DateOnly)
	}
	return name
}

// backup streams a consistent copy of the store.
func (d *door) backup(w http.ResponseWriter, r *http.Request, m member) {
	if d.Backup == nil {
		d.problem(w, r, http.StatusNotFound, "These journeys are in a database that has backups of its own: use pg_dump, or whatever the database is backed up with.")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", `attachment; filename="paygate.db"`)
	h.Set("Trailer", trailerBytes)
	count := &counter{to: unhurried{w, http.NewResponseController(w)}}
	err := d.Backup(r.Context(), count)
	d.Log.InfoContext(r.Context(), "backed up", "by", m.by(), "bytes", count.n, "done", err == nil)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	h.Set(trailerBytes, fmt.Sprint(count.n))
}

// trailerBytes ends a backup that is whole.
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

// unhurried gives each part of a long answer a minute to be taken: a reader that stands still keeps nothing open.
type unhurried struct {
	to      io.Writer
	control *http.ResponseController
}

func (u unhurried) Write(p []byte) (int, error) {
	_ = u.control.SetWriteDeadline(time.Now().Add(time.Minute)) // where it cannot be set, nothing stands still either
	return u.to.Write(p)
}
