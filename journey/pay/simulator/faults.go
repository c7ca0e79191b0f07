package simulator

import (
	"net/http"
	"strings"
	"time"
)

// Fault is trouble to order.
type Fault struct {
	Call string `json:"call"` // create, get, cancel, capture, refund, search, events; empty means any
	// Kind is slow (an answer after Delay), 429, 500, reset (nothing done, no answer), lost (all done, no answer), html,
	// garbage, empty, huge or hostile_next_url.
	Kind  string        `json:"kind"`
	Times int           `json:"times"` // how often; 0 means until the faults are cleared
	Skip  int           `json:"skip"`  // how many calls go well before
	Delay time.Duration `json:"-"`

	count int
}

// AddFault orders trouble.
func (s *Simulator) AddFault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// ClearFaults ends all trouble.
func (s *Simulator) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// trouble is the fault that hits one request, or none.
type trouble struct {
	fault   *Fault
	stopped <-chan struct{}
}

// trouble takes the first fault that concerns the call.
func (s *Simulator) trouble(call string) trouble {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.Call != "" && f.Call != call {
			continue
		}
		f.count++
		if f.count > f.Skip && (f.Times == 0 || f.count <= f.Skip+f.Times) {
			return trouble{fault: f, stopped: s.closed}
		}
	}
	return trouble{stopped: s.closed}
}

func (t trouble) kind() string {
	if t.fault == nil {
		return ""
	}
	return t.fault.Kind
}

// before is trouble that comes before any work: waiting, or a connection that ends.
func (t trouble) before(r *http.Request) {
	switch t.kind() {
	case "slow":
		select {
		case <-time.After(t.fault.Delay):
		case <-r.Context().Done():
		case <-t.stopped:
		}
	case "reset":
		panic(http.ErrAbortHandler)
	}
}

// refuses is trouble instead of work.
func (t trouble) refuses() *reply {
	switch t.kind() {
	case "429":
		answer := fault(&apiError{429, "P0900", "", "Too many requests"})
		return &answer
	case "500":
		answer := fault(&apiError{500, "P0198", "", "Downstream system error"})
		return &answer
	}
	return nil
}

// after is trouble after the work: an answer that is lost or spoilt. True when it has been given.
func (t trouble) after(w http.ResponseWriter, answer reply) bool {
	spoil := func(kind, body string) bool {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(answer.status)
		_, _ = w.Write([]byte(body))
		return true
	}
	switch t.kind() {
	case "lost":
		panic(http.ErrAbortHandler)
	case "html":
		return spoil("text/html", "<html><body><h1>Sorry, we are experiencing technical problems</h1></body></html>")
	case "garbage":
		return spoil("application/json", `{"payment_id": 7, "amount": "a lot", "state": [`)
	case "empty":
		return spoil("application/json", "")
	case "huge":
		return spoil("application/json", `{"payment_id":"`+strings.Repeat("x", 10<<20)+`"}`)
	case "hostile_next_url":
		body, _ := answer.body.(map[string]any)
		links, _ := body["_links"].(map[string]any)
		if _, open := links["next_url"]; open {
			links["next_url"] = map[string]any{"href": "https://card.payments.service.gov.uk.example.com/secure/x", "method": "GET"}
		}
	}
	return false
}
