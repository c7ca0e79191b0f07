package simulator

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// Request is one request that the API received.
type Request struct {
	At      time.Time `json:"at"`
	Call    string    `json:"call"`
	Method  string    `json:"method"`
	Path    string    `json:"path"` // with its query
	Body    string    `json:"body,omitempty"`
	Key     string    `json:"key"` // the beginning of it
	Status  int       `json:"status"`
	Faulted string    `json:"faulted,omitempty"`
}

// Requests lists what the API received, oldest first.
func (s *Simulator) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request{}, s.requests...)
}

// reply is what a call answers.
type reply struct {
	status int
	body   any // nil: none
}

func fault(e *apiError) reply { return reply{e.status, e} }

func (s *Simulator) apiRoutes() {
	for pattern, route := range map[string]struct {
		call  string
		serve func(*http.Request, []byte) reply
	}{
		"POST /v1/payments":                       {"create", s.create},
		"GET /v1/payments":                        {"search", s.search},
		"GET /v1/payments/{id}":                   {"get", s.get},
		"GET /v1/payments/{id}/events":            {"events", s.getEvents},
		"POST /v1/payments/{id}/cancel":           {"cancel", s.cancel},
		"POST /v1/payments/{id}/capture":          {"capture", s.capture},
		"POST /v1/payments/{id}/refunds":          {"refund", s.refund},
		"GET /v1/payments/{id}/refunds":           {"refunds", s.getRefunds},
		"GET /v1/payments/{id}/refunds/{refunds}": {"refunds", s.getRefund},
	} {
		s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.api(w, r, route.call, route.serve) })
	}
}

// api is the way of every API request: key, firewall, allowance, faults, work, answer.
func (s *Simulator) api(w http.ResponseWriter, r *http.Request, call string, serve func(*http.Request, []byte) reply) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	trouble := s.trouble(call)
	trouble.before(r)
	answer := s.answer(r, call, body, trouble, serve)
	s.note(r, call, body, answer.status, trouble)
	if trouble.after(w, answer) {
		return
	}
	write(w, answer)
}

func (s *Simulator) answer(r *http.Request, call string, body []byte, trouble trouble, serve func(*http.Request, []byte) reply) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !keyPattern.MatchString(r.Header.Get("Authorization")):
		return reply{401, text("Credentials are required to access this resource.")}
	case firewall(r, body) != nil:
		return fault(firewall(r, body))
	case !s.allow(r, call):
		return fault(&apiError{429, "P0900", "", "Too many requests"})
	case trouble.refuses() != nil:
		return *trouble.refuses()
	}
	return serve(r, body)
}

// text is a body that is no JSON.
type text string

var keyPattern = regexp.MustCompile(`^Bearer \S{8,67}$`)

// firewall refuses what the one in front of Pay refuses (FACTS 1.4).
func firewall(r *http.Request, body []byte) *apiError {
	denied := &apiError{400, "P0920", "", "Request blocked by the firewall"}
	if accept := r.Header.Get("Accept"); accept != "" && accept != "application/json" && accept != "*/*" {
		return denied
	}
	if r.Method != http.MethodPost {
		return nil
	}
	var fields map[string]any
	_ = json.Unmarshal(body, &fields)
	for _, name := range []string{"reference", "description"} {
		if value, _ := fields[name].(string); strings.ContainsAny(value, `"\`) {
			return denied
		}
	}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") || len(body) == 0 {
		return denied
	}
	return nil
}

// allow counts the call against its allowance of the running second (FACTS 1.3).
func (s *Simulator) allow(r *http.Request, call string) bool {
	limit := s.options.PostLimit
	bucket := "other"
	switch {
	case r.Method == http.MethodGet:
		limit, bucket = limit*5, "get"
	case call == "create" || call == "capture":
		bucket = call
	}
	if s.options.PostLimit < 0 {
		return true
	}
	key := bucket + s.now().Format(time.RFC3339)
	if len(s.used) > 1000 {
		clear(s.used)
	}
	s.used[key]++
	return s.used[key] <= limit
}

func (s *Simulator) note(r *http.Request, call string, body []byte, status int, trouble trouble) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.requests = append(s.requests, Request{
		At: s.now(), Call: call, Method: r.Method, Path: r.URL.RequestURI(), Body: string(body), Key: key[:min(9, len(key))],
		Status: status, Faulted: trouble.kind(),
	})
}

func write(w http.ResponseWriter, answer reply) {
	w.Header().Set("Cache-Control", "no-store")
	if plain, isText := answer.body.(text); isText {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(answer.status)
		_, _ = io.WriteString(w, string(plain))
		return
	}
	if answer.body == nil {
		w.WriteHeader(answer.status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(answer.status)
	_ = json.NewEncoder(w).Encode(answer.body)
}

func (s *Simulator) create(_ *http.Request, body []byte) reply {
	request, wrong := parseCreate(body, s.options.Live)
	if wrong != nil {
		return fault(wrong)
	}
	if request.Moto {
		return fault(&apiError{422, "P0196", "moto", "MOTO payments are not enabled"})
	}
	p := &payment{id: newID(), request: request, created: s.now(), touched: s.now(), status: "created"}
	p.events = []event{{"created", "", s.now()}}
	s.payments[p.id] = p
	s.list = append(s.list, p)
	return reply{201, s.full(p)}
}

// find answers 404 with the call's own code.
func (s *Simulator) find(r *http.Request, code string) (*payment, *apiError) {
	p := s.payments[r.PathValue("id")]
	if p == nil {
		return nil, &apiError{404, code, "", "Not found"}
	}
	return p, nil
}

func (s *Simulator) get(r *http.Request, _ []byte) reply {
	p, wrong := s.find(r, "P0200")
	if wrong != nil {
		return fault(wrong)
	}
	return reply{200, s.full(p)}
}

// getEvents mixes the refunds' states in without a mark, as Pay does (FACTS 3.6).
func (s *Simulator) getEvents(r *http.Request, _ []byte) reply {
	p, wrong := s.find(r, "P0300")
	if wrong != nil {
		return fault(wrong)
	}
	list := []map[string]any{}
	for _, e := range p.events {
		list = append(list, map[string]any{"payment_id": p.id, "state": stateOf(e.status, e.code), "updated": milliseconds(e.at)})
	}
	return reply{200, map[string]any{
		"payment_id": p.id, "events": list, "_links": map[string]any{"self": s.link("GET", "/v1/payments/"+p.id+"/events")},
	}}
}

// cancel is not repeatable: the second time it cannot be cancelled (FACTS 3.6).
func (s *Simulator) cancel(r *http.Request, _ []byte) reply {
	p, wrong := s.find(r, "P0500")
	switch {
	case wrong != nil:
		return fault(wrong)
	case finished(p.status):
		return fault(&apiError{400, "P0501", "", "Cancellation of payment failed"})
	}
	s.to(p, "cancelled", "P0040")
	return reply{204, nil}
}

// capture is repeatable (FACTS 3.6).
func (s *Simulator) capture(r *http.Request, _ []byte) reply {
	p, wrong := s.find(r, "P1000")
	switch {
	case wrong != nil:
		return fault(wrong)
	case p.status == "success":
		return reply{204, nil}
	case p.status != "capturable":
		return fault(&apiError{409, "P1003", "", "Payment cannot be captured"})
	}
	s.take(p)
	return reply{204, nil}
}

func (s *Simulator) refund(r *http.Request, body []byte) reply {
	p, wrong := s.find(r, "P0600")
	if wrong != nil {
		return fault(wrong)
	}
	var asked struct {
		Amount    json.Number `json:"amount"`
		Available *int64      `json:"refund_amount_available"`
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return fault(&apiError{400, "P0697", "", "Unable to parse JSON"})
		}
		return fault(&apiError{400, "P0602", "amount", "Invalid attribute value: amount"})
	}
	amount, err := asked.Amount.Int64()
	left := p.total() - p.refunded()
	switch status := s.refundStatus(p); {
	case asked.Amount == "":
		return fault(&apiError{400, "P0601", "amount", "Missing mandatory attribute: amount"})
	case err != nil:
		return fault(&apiError{400, "P0602", "amount", "Invalid attribute value: amount"})
	case amount < 1 || amount > 10_000_000:
		return fault(&apiError{422, "P0602", "amount", "Invalid attribute value: amount"})
	case status != "available":
		return fault(&apiError{400, "P0603", "", "The payment is not available for refund. Payment refund status: " + status})
	case asked.Available != nil && *asked.Available != left:
		return fault(&apiError{412, "P0604", "", "Refund amount available mismatch"})
	case amount > left:
		return fault(&apiError{400, "P0603", "", "The payment is not available for refund. Payment refund status: amount_not_available"})
	}
	made := &refund{id: newID(), amount: amount, status: "success", created: s.now()}
	p.refunds = append(p.refunds, made)
	p.events = append(p.events, event{"submitted", "", s.now()}, event{"success", "", s.now()})
	s.notify(p, "card_payment_refunded")
	return reply{202, s.refundJSON(p, made)}
}

func (s *Simulator) refundJSON(p *payment, made *refund) map[string]any {
	return map[string]any{
		"refund_id": made.id, "amount": made.amount, "created_date": milliseconds(made.created), "status": made.status,
		"settlement_summary": map[string]any{},
		"_links": map[string]any{
			"self": s.link("GET", "/v1/payments/"+p.id+"/refunds/"+made.id), "payment": s.link("GET", "/v1/payments/"+p.id),
		},
	}
}

func (s *Simulator) getRefunds(r *http.Request, _ []byte) reply {
	p, wrong := s.find(r, "P0800")
	if wrong != nil {
		return fault(wrong)
	}
	list := []map[string]any{}
	for _, made := range p.refunds {
		list = append(list, s.refundJSON(p, made))
	}
	return reply{200, map[string]any{
		"payment_id": p.id, "_embedded": map[string]any{"refunds": list},
		"_links": map[string]any{"self": s.link("GET", "/v1/payments/"+p.id+"/refunds"), "payment": s.link("GET", "/v1/payments/"+p.id)},
	}}
}

func (s *Simulator) getRefund(r *http.Request, _ []byte) reply {
	p := s.payments[r.PathValue("id")]
	if p != nil {
		for _, made := range p.refunds {
			if made.id == r.PathValue("refunds") {
				return reply{200, s.refundJSON(p, made)}
			}
		}
	}
	return fault(&apiError{404, "P0700", "", "Not found"})
}
