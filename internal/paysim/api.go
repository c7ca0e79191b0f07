package paysim

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxBodyBytes limits how much of a request is read.
const maxBodyBytes = 1 << 20

// reply is the answer to a call.
type reply struct {
	status   int
	body     any    // nil: no body
	location string // a header, if set
}

// otherBody is a body that is not JSON.
type otherBody struct{ kind, content string }

// apiError is an error in Pay's form.
type apiError struct {
	status int
	Code   string `json:"code"`
	Field  string `json:"field,omitempty"`
	Header string `json:"header,omitempty"`
	Text   string `json:"description"`
}

func refusal(e *apiError) reply { return reply{status: e.status, body: e} }

// apiRoutes registers the calls of Pay's API that a service with card pages needs.
func (s *Simulator) apiRoutes() {
	for pattern, route := range map[string]struct {
		call  string
		serve serveFunc
	}{
		"POST /v1/payments":                      {"create", s.create},
		"GET /v1/payments":                       {"search", s.search},
		"GET /v1/payments/{id}":                  {"get", s.of("P0200", s.get)},
		"GET /v1/payments/{id}/events":           {"events", s.of("P0300", s.getEvents)},
		"POST /v1/payments/{id}/cancel":          {"cancel", s.of("P0500", s.cancel)},
		"POST /v1/payments/{id}/capture":         {"capture", s.of("P1000", s.capture)},
		"POST /v1/payments/{id}/refunds":         {"refund", s.refund},
		"GET /v1/payments/{id}/refunds":          {"refunds", s.of("P0800", s.getRefunds)},
		"GET /v1/payments/{id}/refunds/{refund}": {"refunds", s.of("P0700", s.getRefund)},
		"GET /v1/refunds":                        {"search_refunds", s.searchRefunds},
		"/v1/":                                   {"other", s.other},
	} {
		s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.api(w, r, route.call, route.serve) })
	}
	s.mux.HandleFunc("GET /healthcheck", healthcheck)
	for _, path := range leftOutPaths {
		s.mux.HandleFunc(path, leftOut)
	}
}

// asked is a request to the API.
type asked struct {
	*http.Request
	call    string
	body    []byte
	account string // the name of the key's account
	known   bool   // whether the key belongs to an account
}

// serveFunc does the work of a call, with the lock held.
type serveFunc = func(asked) reply

// api handles every API request in this order: fault, firewall, key, rate limit, work, answer.
func (s *Simulator) api(w http.ResponseWriter, r *http.Request, call string, serve serveFunc) {
	a := s.read(r, call)
	trouble := s.trouble(a)
	if trouble.Kind == "slow" {
		s.after(r.Context(), trouble.Delay)
	}
	answer := s.answer(a, trouble, serve)
	if trouble.cuts() {
		panic(http.ErrAbortHandler) // ends the connection without an answer
	}
	trouble.spoil(answer).write(w)
}

func (s *Simulator) read(r *http.Request, call string) asked {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxBodyBytes))
	s.mu.Lock()
	defer s.mu.Unlock()
	account, known := s.options.accountOf(r.Header.Get("Authorization"))
	return asked{r, call, body, account, known}
}

// answer does the work unless it must be refused, and records the request.
func (s *Simulator) answer(a asked, trouble Fault, serve serveFunc) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := s.refuses(a, trouble)
	if answer == nil {
		if trouble.Kind == "stale" && a.call == "get" {
			serve = s.of("P0200", s.getFromIndex)
		}
		done := serve(a)
		answer = &done
	}
	s.note(a, answer.status, trouble.Kind)
	return *answer
}

// refuses returns the reason why the work must not be done, or nil.
func (s *Simulator) refuses(a asked, trouble Fault) *reply {
	var answer reply
	switch {
	case s.blocks(a):
		answer = refusal(&apiError{
			status: 400, Code: "P0920",
			Text: "Request blocked by security rules. Please consult API documentation for more information.",
		})
	case !a.known:
		answer = unauthorized()
	case !s.allows(a):
		answer = refusal(tooManyRequests())
	default:
		return trouble.refuses(a.call)
	}
	return &answer
}

// unauthorized has neither a code nor JSON (FACTS 1.2).
func unauthorized() reply {
	return reply{status: 401, body: otherBody{"text/plain", "Credentials are required to access this resource."}}
}

func tooManyRequests() *apiError {
	return &apiError{status: 429, Code: "P0900", Text: "Too many requests"}
}

func (a reply) write(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
	if a.location != "" {
		w.Header().Set("Location", a.location)
	}
	switch body := a.body.(type) {
	case nil:
		w.WriteHeader(a.status)
	case otherBody:
		w.Header().Set("Content-Type", body.kind)
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, body.content)
	default:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(a.status)
		_ = json.NewEncoder(w).Encode(body)
	}
}

// maxRequests limits how many requests are recorded.
const maxRequests = 10_000

// Request is a request that the API received.
type Request struct {
	At      time.Time `json:"at"`
	Account string    `json:"account,omitempty"`
	Call    string    `json:"call"`
	Method  string    `json:"method"`
	Path    string    `json:"path"` // with its query
	Body    string    `json:"body,omitempty"`
	Key     string    `json:"key"`    // its beginning
	Status  int       `json:"status"` // 0: the connection ended and nothing was done
	Faulted string    `json:"faulted,omitempty"`
}

// Requests returns the requests that the API received, oldest first. It drops the oldest of very many.
func (s *Simulator) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request{}, s.requests...)
}

func (s *Simulator) note(a asked, status int, faulted string) {
	if len(s.requests) >= maxRequests {
		s.requests = append([]Request{}, s.requests[maxRequests/10:]...)
	}
	key := strings.TrimPrefix(a.Header.Get("Authorization"), "Bearer ")
	s.requests = append(s.requests, Request{
		At: s.now(), Account: a.account, Call: a.call, Method: a.Method, Path: a.URL.RequestURI(), Body: string(a.body),
		Key: key[:min(9, len(key))], Status: status, Faulted: faulted,
	})
	s.log.Debug("request", "call", a.call, "status", status, "faulted", faulted)
}
