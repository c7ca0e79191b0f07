package staff

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
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

// export streams the journeys started in a range. If it fails, it breaks the connection, so that an incomplete file is
// never mistaken for a complete one.
func (s *server) export(w http.ResponseWriter, r *http.Request, m member) {
	begun, wrong := s.periodOf(r, "from", "to")
	if wrong != "" {
		s.problem(w, r, http.StatusUnprocessableEntity, wrong)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	h.Set("Content-Disposition", `attachment; filename="paygate-`+begun.name+`.csv"`)
	h.Set("Trailer", trailerRows+", "+trailerAmount+", "+trailerTaken+", "+trailerRefunded)
	w.WriteHeader(http.StatusOK)
	totals, err := export.CSV(r.Context(), newSlowWriter(w), s.Store, begun.since, begun.until)
	s.Log.InfoContext(r.Context(), "exported", "by", m.by(), "rows", totals.Rows, "done", err == nil)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	h.Set(trailerRows, strconv.Itoa(totals.Rows))
	h.Set(trailerAmount, strconv.FormatInt(totals.AmountPence, 10))
	h.Set(trailerTaken, strconv.FormatInt(totals.TakenPence, 10))
	h.Set(trailerRefunded, strconv.FormatInt(totals.RefundedPence, 10))
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
	count := &counter{to: newSlowWriter(w)}
	err := s.Backup(r.Context(), count)
	s.Log.InfoContext(r.Context(), "backed up", "by", m.by(), "bytes", count.n, "done", err == nil)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	h.Set(trailerBytes, fmt.Sprint(count.n))
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
