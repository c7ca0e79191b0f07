package disaster

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"paygate/internal/testserver"
)

// changeService changes what the service will do with the next requests.
func (w *simulation) changeService() {
	if w.down || w.random.IntN(4) == 0 {
		w.setServiceUp(w.down)
		return
	}
	acts := []testserver.Act{
		testserver.Refuse, testserver.Refuse, testserver.AcceptHangUp, testserver.HangUp,
		testserver.AcceptError, testserver.ServerError, testserver.Busy, testserver.AcceptTruncated,
	}
	if w.random.IntN(10) == 0 {
		acts = []testserver.Act{testserver.AcceptTimeout}
	}
	next := []testserver.Act{}
	for range 1 + w.random.IntN(3) {
		next = append(next, pick(w.random, acts...))
	}
	w.logf("the service's next acts: %v", next)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.nextActs = next
}

// setServiceUp starts or stops the service.
func (w *simulation) setServiceUp(up bool) {
	if up != w.down {
		return
	}
	w.down = !up
	w.logf("the service is down: %t", w.down)
	if up {
		w.service.Restart(w.t)
	} else {
		w.service.Server.Close()
	}
}

// serve is the code of the service. It checks each request against Pay, and records it.
func (w *simulation) serve(answer http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Paygate-Status") == "none" {
		testserver.Plain(answer, r)
		return
	}
	if r.Header.Get("Paygate-Status") == "event" {
		w.hear(answer, r)
		return
	}
	_ = r.ParseForm()
	line := testserver.NewLedgerEntry(r, r.PostForm.Encode())
	line.Act = w.nextAct(r, line)
	w.checkDelivery(r, line)
	w.ledger.Add(line)
	line.Act.Answer(answer, r)
}

// nextAct decides what the service does. The idempotent route does not refuse what it accepted before.
func (w *simulation) nextAct(r *http.Request, line testserver.LedgerEntry) testserver.Act {
	w.mu.Lock()
	next := testserver.Accept
	if len(w.nextActs) > 0 {
		next, w.nextActs = w.nextActs[0], w.nextActs[1:]
	}
	w.mu.Unlock()
	if r.URL.Path != "/safe" || next != testserver.Refuse {
		return next
	}
	for _, before := range w.ledger.Submission(line.Journey, line.Submission) {
		if before.Act.Accepted() {
			return testserver.Accept
		}
	}
	return next
}

// checkDelivery compares a request at the service with Pay, and with earlier requests.
func (w *simulation) checkDelivery(r *http.Request, line testserver.LedgerEntry) {
	name := r.PostForm.Get("case")
	if line.Pass {
		name = r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	}
	if problem := w.paymentProblem(r, name, line); problem != "" {
		w.addViolation("%s %s for %s: %s", r.Method, r.URL.Path, name, problem)
	}
	before := w.ledger.Submission(line.Journey, line.Submission)
	if line.Pass || len(before) == 0 {
		return
	}
	last := before[len(before)-1]
	if last.Body != line.Body {
		w.addViolation("one submission, two bodies: %q and %q", last.Body, line.Body)
	}
	w.mu.Lock()
	ordered := w.repeatAllowed[line.Journey]
	delete(w.repeatAllowed, line.Journey)
	w.mu.Unlock()
	if last.Act != testserver.Busy && !ordered && r.URL.Path != "/safe" {
		w.addViolation("delivered twice: %+v, and before: %+v", line, before)
	}
}

// paymentProblem returns what is wrong with the payment of a request.
func (w *simulation) paymentProblem(r *http.Request, name string, line testserver.LedgerEntry) string {
	for _, p := range w.pay.Payments() {
		switch {
		case p.ID != line.Payment:
		case p.Reference != name || r.Header.Get("Paygate-Reference") != name:
			return "the payment of another person, " + p.Reference
		case r.Header.Get("Paygate-Amount") != fmt.Sprint(p.Amount):
			return "another amount"
		case p.Status == "capturable", p.Status == "success" && (p.Refunded < p.Total || line.Pass):
			return ""
		case line.Pass && w.isUncollected(p.ID, 0), w.isUncollected(p.ID, 10*time.Minute):
			return "" // Paygate learns this when it asks again
		case p.Status == "submitted" && r.URL.Path == "/trust" && r.Header.Get("Paygate-Status") == "pending":
			return ""
		default:
			return "not paid: " + p.Status
		}
	}
	return "no payment"
}
