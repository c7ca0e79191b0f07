package staff

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"paygate/gateway/signin"
)

// sweepPatience is how long a person waits for a sweep before the overview tells them how far it is.
const sweepPatience = 10 * time.Second

// swept is how a sweep ended.
type swept struct {
	counts map[string]int
	err    error
}

// sweep sweeps now, to the end even if the request's sender does not wait for it.
func (s entrance) sweep(r *http.Request, m member) swept {
	counts, err := s.Sweep(context.WithoutCancel(r.Context()))
	s.Log.InfoContext(r.Context(), "staff order", "order", "mopup", "by", m.By(), "done", err == nil)
	return swept{counts, err}
}

// mopup sweeps now.
func (s entrance) mopup(w http.ResponseWriter, r *http.Request, m member) {
	if !wantsHTML(r) {
		s.answerSwept(w, r, s.sweep(r, m))
		return
	}
	ended := make(chan swept, 1)
	go func() { ended <- s.sweep(r, m) }()
	n := signin.Notice{About: "/", Done: true, Text: "The mop-up is running. This page says how far it is."}
	select {
	case e := <-ended:
		if e.err != nil && !errors.Is(e.err, context.Canceled) {
			s.fail(w, r, e.err)
			return
		}
		n = sweepNotice(e)
	case <-time.After(sweepPatience):
	}
	s.gate.KeepNotice(w, r, m, n)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s entrance) answerSwept(w http.ResponseWriter, r *http.Request, e swept) {
	switch {
	case errors.Is(e.err, context.Canceled):
		s.problem(w, r, http.StatusServiceUnavailable, stoppedSweep)
	case e.err != nil:
		s.fail(w, r, e.err)
	default:
		answerJSON(w, http.StatusOK, "application/json", e.counts)
	}
}

// sweepProgress answers with what the sweep under way has done so far.
func (s entrance) sweepProgress(w http.ResponseWriter, _ *http.Request, _ member) {
	counts, running := s.Sweeping()
	answerJSON(w, http.StatusOK, "application/json", map[string]any{"running": running, "counts": counts})
}

const stoppedSweep = "Paygate is being stopped, so the mop-up has ended early. The rest stays due."

func sweepNotice(e swept) signin.Notice {
	if e.err != nil {
		return signin.Notice{About: "/", Text: stoppedSweep}
	}
	text := fmt.Sprintf("The mop-up visited %d journeys.", e.counts["visited"])
	if n := e.counts["failed"]; n > 0 {
		text += fmt.Sprintf(" Of these, %d failed and will be visited again.", n)
	}
	return signin.Notice{About: "/", Done: e.counts["failed"] == 0, Text: text}
}
