package paysim

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fault is a fault that a test has ordered.
type Fault struct {
	// Call is one of create, get, events, cancel, capture, refund, refunds (those of one payment), search and
	// search_refunds; empty means any.
	Call string `json:"call"`
	// Kind is one of:
	//   slow              an answer after Delay; the work is done even if the client has left
	//   400 to 599        nothing is done, and the answer has this status, and Code if there is one
	//   reset             nothing is done, and the connection ends without an answer
	//   lost              everything is done, and the connection ends without an answer
	//   html, garbage, empty, huge   everything is done, and the answer is of that sort
	//   hostile_next_url  everything is done, and the next_url is at another host
	//   stale             get only: the answer is from the lagging index, as when Pay is in trouble (FACTS 3.5)
	//   missing, doubled, unordered   searches only: the last result is left out, is there twice, or comes first
	Kind  string        `json:"kind"`
	Times int           `json:"times"` // how often; 0 means until the faults are cleared
	Skip  int           `json:"skip"`  // how many calls succeed before it
	Delay time.Duration `json:"-"`     // of slow; 0 means 5 seconds

	Code    string `json:"code,omitempty"`    // of a status, such as P0941 of 403
	Account string `json:"account,omitempty"` // the only account that it befalls, first or a name; empty means any

	count int
}

var (
	faultCalls = []string{
		"", "create", "get", "events", "cancel", "capture", "refund", "refunds", "search", "search_refunds",
	}
	faultKinds = []string{
		"slow", "reset", "lost", "html", "garbage", "empty", "huge", "hostile_next_url", "stale",
		"missing", "doubled", "unordered",
	}
)

// check returns an error if there is no such fault.
func (f Fault) check() error {
	switch {
	case !slices.Contains(faultCalls, f.Call):
		return fmt.Errorf("no such call: %q", f.Call)
	case !slices.Contains(faultKinds, f.Kind) && f.status() == 0:
		return fmt.Errorf("no such kind: %q", f.Kind)
	case f.Times < 0, f.Skip < 0, f.Delay < 0:
		return fmt.Errorf("times, skip and delay must not be negative")
	case f.Code != "" && f.status() == 0:
		return fmt.Errorf("a code needs a status as its kind, not %q", f.Kind)
	default:
		return nil
	}
}

// AddFault orders a fault. It panics if the call, the kind or the account does not exist, because otherwise a test with
// a typing error would pass.
func (s *Simulator) AddFault(f Fault) {
	if err := s.orderFault(f); err != nil {
		panic("simulator: " + err.Error())
	}
}

func (s *Simulator) orderFault(f Fault) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := f.check(); err != nil {
		return err
	}
	if f.Account != "" && f.Account != firstAccount && s.options.account(f.Account).Name != f.Account {
		return fmt.Errorf("no such account: %q", f.Account)
	}
	f.Delay = cmp.Or(f.Delay, 5*time.Second)
	s.faults = append(s.faults, &f)
	return nil
}

// ClearFaults removes all faults.
func (s *Simulator) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// trouble returns the first fault for a call, or the zero Fault.
func (s *Simulator) trouble(a asked) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.Call != "" && f.Call != a.call || f.Account != "" && f.Account != cmp.Or(a.account, firstAccount) {
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
	"refunds": "P0898", "capture": "P1098", "search_refunds": "P1898",
}

func downstreamError(call string) *apiError {
	return &apiError{status: 500, Code: downstreamCodes[call], Text: "Downstream system error"}
}

// status returns the status of a fault that is one, or 0.
func (f Fault) status() int {
	status, err := strconv.Atoi(f.Kind)
	if err != nil || status < 400 || status > 599 {
		return 0
	}
	return status
}

// refuses returns the answer of a fault that prevents the work, or nil.
func (f Fault) refuses(call string) *reply {
	var answer reply
	switch status := f.status(); {
	case f.Kind == "reset":
	case status == 0:
		return nil
	case f.Code != "":
		answer = refusal(&apiError{status: status, Code: f.Code, Text: cmp.Or(refusalTexts[f.Code], "Refused")})
	case status == 429:
		answer = refusal(tooManyRequests())
	case status == 500:
		answer = refusal(downstreamError(call))
	case status == 401:
		answer = unauthorized()
	case status == 403:
		answer = refusal(&apiError{status: status, Code: "P0941", Text: refusalTexts["P0941"]})
	default: // neither a code nor JSON, as when Pay's key service is down (FACTS 1.2)
		answer = reply{status: status, body: otherBody{"text/plain", http.StatusText(status)}}
	}
	return &answer
}

// refusalTexts says why Pay refuses what a whole account asks for.
var refusalTexts = map[string]string{
	"P0930": "Access to this resource is not enabled for this account.",
	"P0940": "Account is not fully configured.",
	"P0941": "GOV.UK Pay has disabled payment and refund creation on this account.",
	"P0999": "GOV.UK Pay is unavailable.",
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
		spoilNextURL(answer.body)
	case "missing", "doubled", "unordered":
		spoilResults(answer.body, f.Kind)
	}
	if body, spoilt := answer.body.(otherBody); spoilt && answer.status == 204 && body.content != "" {
		answer.status = 200 // a 204 has no body to spoil
	}
	return answer
}

func spoilNextURL(answer any) {
	body, _ := answer.(map[string]any)
	links, _ := body["_links"].(map[string]any)
	if _, open := links["next_url"]; open {
		links["next_url"] = map[string]any{
			"href": "https://card.payments.service.gov.uk.example.com/secure/x", "method": "GET",
		}
	}
}

// spoilResults changes a page of a search as changes between two pages do. The total stays.
func spoilResults(answer any, kind string) {
	body, _ := answer.(map[string]any)
	results, _ := body["results"].([]map[string]any)
	if len(results) == 0 {
		return
	}
	rest, last := results[:len(results)-1], results[len(results)-1]
	switch kind {
	case "missing":
		results = rest
	case "doubled":
		results = append(results, last)
	case "unordered":
		results = append([]map[string]any{last}, rest...)
	}
	body["results"], body["count"] = results, len(results)
}
