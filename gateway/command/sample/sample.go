// Package sample is a small legacy service that knows nothing of Paygate: a council's fishing licences, with a session, a
// CSRF token, validation, a file upload and a file to download. The demo and the tests put Paygate in front of it.
package sample

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed sample.html
var files embed.FS

var pages = template.Must(template.ParseFS(files, "sample.html"))

// kept is how many received requests the service remembers.
const kept = 100

// Received is a request as it came.
type Received struct {
	At     time.Time   `json:"at"`
	Method string      `json:"method"`
	Target string      `json:"target"` // raw
	Host   string      `json:"host"`
	Header http.Header `json:"header"`
	Body   []byte      `json:"-"`
	SHA256 string      `json:"sha256"`
	Bytes  int         `json:"bytes"`
}

// application is one licence applied for.
type application struct {
	Number, Name, Email, Licence string
	File, FileSHA256             string
	FileBytes                    int
	Reference                    string // the payment's, as the gateway said
}

// Service is the legacy service. Safe for concurrent use.
type Service struct {
	now func() time.Time
	mux *http.ServeMux

	mu           sync.Mutex
	tokens       map[string]string // CSRF token by session
	applications []application
	received     []Received
}

// New makes the service. now is its clock.
func New(now func() time.Time) *Service {
	s := &Service{now: now, mux: http.NewServeMux(), tokens: map[string]string{}}
	s.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { s.show(w, r, http.StatusOK, page{Name: "home"}) })
	s.mux.HandleFunc("GET /licences/apply", s.form)
	s.mux.HandleFunc("POST /licences/apply", s.apply)
	s.mux.HandleFunc("GET /licences/confirmation/{number}", s.confirmation)
	s.mux.HandleFunc("POST /api/licences", s.applyByScript)
	s.mux.HandleFunc("GET /register.pdf", s.register)
	s.mux.HandleFunc("GET /free.pdf", s.register)
	s.mux.HandleFunc("GET /events", events)
	s.mux.HandleFunc("/echo", echo)
	return s
}

// ServeHTTP notes every request as it came, then serves it. What the service says of them is not noted.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/received" {
		s.showReceived(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "the request broke off", http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.note(r, body)
	s.mux.ServeHTTP(w, r)
}

func (s *Service) note(r *http.Request, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received = append(s.received, Received{
		At: s.now(), Method: r.Method, Target: r.RequestURI, Host: r.Host, Header: r.Header.Clone(), Body: body,
		SHA256: digest(body), Bytes: len(body),
	})
	s.received = s.received[max(0, len(s.received)-kept):]
}

// Received lists the last requests, oldest first.
func (s *Service) Received() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.received)
}

// Applications counts the licences applied for.
func (s *Service) Applications() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.applications)
}

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// page is what a template shows.
type page struct {
	Name        string
	Lang        string
	Token       string
	Form        map[string]string
	Errors      []string
	Application application
	Received    []Received
}

// Say is a text in the page's language.
func (p page) Say(english, welsh string) string {
	if p.Lang == "cy" {
		return welsh
	}
	return english
}

// Paid tells the headers that the gateway adds from the others.
func (p page) Paid(name string) bool { return strings.HasPrefix(name, "Paygate-") }

func (s *Service) show(w http.ResponseWriter, r *http.Request, status int, p page) {
	p.Lang = language(w, r)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'self'")
	w.WriteHeader(status)
	if err := pages.Execute(w, p); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// language is as the link says, and stays so by a cookie.
func language(w http.ResponseWriter, r *http.Request) string {
	chosen := r.URL.Query().Get("lang")
	if chosen == "cy" || chosen == "en" {
		http.SetCookie(w, &http.Cookie{Name: "lang", Value: chosen, Path: "/", SameSite: http.SameSiteLaxMode})
		return chosen
	}
	if c, err := r.Cookie("lang"); err == nil && c.Value == "cy" {
		return "cy"
	}
	return "en"
}

// session knows the browser again. The second cookie is Strict, which browsers keep back when they come from another site.
func (s *Service) session(w http.ResponseWriter, r *http.Request) (id, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, err := r.Cookie("SESSID"); err == nil && s.tokens[c.Value] != "" {
		return c.Value, s.tokens[c.Value]
	}
	id, token = rand.Text(), rand.Text()
	s.tokens[id] = token
	http.SetCookie(w, &http.Cookie{Name: "SESSID", Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.SetCookie(w, &http.Cookie{Name: "prefs", Value: "large-print", Path: "/", SameSite: http.SameSiteStrictMode})
	return id, token
}

func (s *Service) form(w http.ResponseWriter, r *http.Request) {
	_, token := s.session(w, r)
	s.show(w, r, http.StatusOK, page{Name: "form", Token: token, Form: map[string]string{}})
}

// apply is the form's other end, written as such things are: check, keep, redirect.
func (s *Service) apply(w http.ResponseWriter, r *http.Request) {
	_, token := s.session(w, r)
	if r.FormValue("token") != token {
		http.Error(w, "Your session has expired. Open the form again.", http.StatusForbidden)
		return
	}
	form := map[string]string{"name": r.FormValue("name"), "email": r.FormValue("email"), "licence": r.FormValue("licence")}
	if errors := check(form); len(errors) > 0 {
		s.show(w, r, http.StatusUnprocessableEntity, page{Name: "form", Token: token, Form: form, Errors: errors})
		return
	}
	a := application{Name: form["name"], Email: form["email"], Licence: form["licence"], Reference: r.Header.Get("Paygate-Reference")}
	if file, header, err := r.FormFile("photo"); err == nil {
		content, _ := io.ReadAll(file)
		a.File, a.FileBytes, a.FileSHA256 = header.Filename, len(content), digest(content)
	}
	a = s.keep(a)
	http.SetCookie(w, &http.Cookie{Name: "flash", Value: "received", Path: "/"})
	http.Redirect(w, r, "/licences/confirmation/"+a.Number, http.StatusSeeOther)
}

// check wants a whole name; the short names of the test are refused so that a refusal can be seen.
func check(form map[string]string) []string {
	var errors []string
	if len(strings.Fields(form["name"])) < 2 {
		errors = append(errors, "Enter your first name and your last name")
	}
	if !strings.Contains(form["email"], "@") {
		errors = append(errors, "Enter an email address")
	}
	return errors
}

func (s *Service) keep(a application) application {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.Number = fmt.Sprintf("RVM-%04d", len(s.applications)+1)
	s.applications = append(s.applications, a)
	return a
}

func (s *Service) confirmation(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	at := slices.IndexFunc(s.applications, func(a application) bool { return a.Number == r.PathValue("number") })
	var a application
	if at >= 0 {
		a = s.applications[at]
	}
	s.mu.Unlock()
	if at < 0 {
		http.NotFound(w, r)
		return
	}
	s.show(w, r, http.StatusOK, page{Name: "confirmation", Application: a})
}

// applyByScript is the same for programs.
func (s *Service) applyByScript(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Name, Licence string }
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || asked.Name == "" {
		http.Error(w, `{"error":"name is missing"}`, http.StatusUnprocessableEntity)
		return
	}
	a := s.keep(application{Name: asked.Name, Licence: asked.Licence, Reference: r.Header.Get("Paygate-Reference")})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]string{"number": a.Number})
}

// register is the public register of licences, as a file.
func (s *Service) register(w http.ResponseWriter, r *http.Request) {
	content := pdf("Rivermouth Council", "Register of fishing licences", "Printed for whoever paid for it")
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	w.Header().Set("ETag", `"`+digest(content)[:16]+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// events is a stream of three.
func events(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	for n := range 3 {
		fmt.Fprintf(w, "data: %d\n\n", n)
		_ = http.NewResponseController(w).Flush()
	}
}

// echo prints the request that it received.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "%s %s\nHost: %s\n", r.Method, r.RequestURI, r.Host)
	_ = r.Header.Write(w)
	fmt.Fprintf(w, "\n%d bytes, SHA-256 %s\n", len(body), digest(body))
}

func (s *Service) showReceived(w http.ResponseWriter, r *http.Request) {
	received := s.Received()
	slices.Reverse(received)
	if r.URL.Query().Get("format") == "json" {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(received)
		return
	}
	s.show(w, r, http.StatusOK, page{Name: "received", Received: received})
}
