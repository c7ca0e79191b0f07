package paysim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Fault is a fault that a test has ordered.
type Fault struct {
	Call string `json:"call"` // create, get, cancel, capture, refund, search, events, refunds; empty means any
	// Kind is one of:
	//   slow              an answer after Delay; the work is done even if the client has left
	//   429, 500, 503     nothing is done, and the answer has this status
	//   reset             nothing is done, and the connection ends without an answer
	//   lost              everything is done, and the connection ends without an answer
	//   html, garbage, empty, huge   everything is done, and the answer is of that sort
	//   hostile_next_url  everything is done, and the next_url is at another host
	//   stale             get only: the answer is from the lagging index, as when Pay is in trouble (FACTS 3.5)
	Kind  string        `json:"kind"`
	Times int           `json:"times"` // how often; 0 means until the faults are cleared
	Skip  int           `json:"skip"`  // how many calls succeed before it
	Delay time.Duration `json:"-"`     // of slow; 0 means 5 seconds

	count int
}

var (
	faultCalls = []string{"", "create", "get", "cancel", "capture", "refund", "search", "events", "refunds"}
	faultKinds = []string{
		"slow", "429", "500", "503", "reset", "lost", "html", "garbage", "empty", "huge", "hostile_next_url", "stale",
	}
)

// check returns an error if there is no such fault.
func (f Fault) check() error {
	switch {
	case !slices.Contains(faultCalls, f.Call):
		return fmt.Errorf("no such call: %q", f.Call)
	case !slices.Contains(faultKinds, f.Kind):
		return fmt.Errorf("no such kind: %q", f.Kind)
	case f.Times < 0, f.Skip < 0, f.Delay < 0:
		return fmt.Errorf("times, skip and delay must not be negative")
	default:
		return nil
	}
}

// AddFault orders a fault. It panics if the call or the kind does not exist, because otherwise a test with a typing
// error pass.
func (s *Simulator) AddFault(f Fault) {
	if err := f.check(); err != nil {
		panic("simulator: " + err.Error())
	}
	if f.Delay == 0 {
		f.Delay = 5 * time.Second
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// ClearFaults removes all faults.
func (s *Simulator) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// trouble returns the first fault for a call, or the zero Fault.
func (s *Simulator) trouble(call string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.Call != "" && f.Call != call {
			continue
		}
		f.count++
		if f.count > f.Skip && (f.Times == 0 || f.count <= f.Skip+f.Times) {
			return *f
		}
	}
	return Fault{}
}

// cuts reports whether the connection ends without an answer.
func (f Fault) cuts() bool { return f.Kind == "reset" || f.Kind == "lost" }

// downstreamCodes maps each call to the code of its 500.
var downstreamCodes = map[string]string{
	"create": "P0198", "get": "P0298", "events": "P0398", "search": "P0498", "cancel": "P0598", "refund": "P0698",
	"refunds": "P0898",
	"capture": "P1098",
}

// refuses returns the answer of a fault that prevents the work, or nil.
func (f Fault) refuses(call string) *reply {
	var answer reply
	switch f.Kind {
	case "429":
		answer = refusal(tooManyRequests())
	case "500":
		answer = refusal(&apiError{status: 500, Code: downstreamCodes[call], Text: "Downstream system error"})
	case "503":
		// Neither a code nor JSON (FACTS 1.2).
		answer = reply{status: 503, body: otherBody{"text/plain", "Service unavailable"}}
	case "reset":
	default:
		return nil
	}
	return &answer
}

// spoil changes the answer to a call whose work was done.
func (f Fault) spoil(answer reply) reply {
	switch f.Kind {
	case "html":
		answer.body = otherBody{
			"text/html", "<html><body><h1>Sorry, we are experiencing technical problems</h1></body></html>",
		}
	case "garbage":
		answer.body = otherBody{"application/json", `{"payment_id": 7, "amount": "a lot", "state": [`}
	case "empty":
		answer.body = otherBody{"application/json", ""}
	case "huge":
		answer.body = otherBody{"application/json", `{"payment_id":"` + strings.Repeat("x", 10<<20) + `"}`}
	case "hostile_next_url":
		body, _ := answer.body.(map[string]any)
		links, _ := body["_links"].(map[string]any)
		if _, open := links["next_url"]; open {
			links["next_url"] = map[string]any{
				"href": "https://card.payments.service.gov.uk.example.com/secure/x", "method": "GET",
			}
		}
	}
	if body, spoilt := answer.body.(otherBody); spoilt && answer.status == 204 && body.content != "" {
		answer.status = 200 // a 204 has no body to spoil
	}
	return answer
}
