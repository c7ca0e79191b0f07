// Package staff is the handler of the staff listener, which never faces the public. Staff look up journeys with their
// whole history in words, and may check, release, refund and settle them. Finance staff download their file. Machines
// read health and metrics. The same addresses answer with HTML for people and JSON for programs, depending on the
// Accept header.
//
// Every order goes through [journey.Runner] with a reason and the name of the token's owner, which stay in the history.
package staff

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"paygate/gateway/modes"
	"paygate/gateway/pages"
	"paygate/gateway/signin"
	"paygate/journey"
	"paygate/journey/reconcile"
)

// Store is what the staff listener reads from a store.
type Store interface {
	journey.Store
	// CountOpen counts the journeys that are not at rest, by state.
	CountOpen(context.Context) (map[journey.State]int, error)
	// Tallies lists the sums of the hours since a time, in their order.
	Tallies(ctx context.Context, since time.Time) ([]journey.Tally, error)
	// Damaged lists the journeys that were set aside because they are damaged.
	Damaged(context.Context) ([]journey.ID, error)
	// PutAudit stores an entry, or replaces it. It deletes some entries from before keepFrom.
	PutAudit(ctx context.Context, e journey.AuditEntry, keepFrom time.Time) error
	// Audits lists at most limit entries after an id, the oldest first.
	Audits(ctx context.Context, after journey.ID, limit int) ([]journey.AuditEntry, error)
	// Value returns a named value, or journey.ErrNotFound.
	Value(ctx context.Context, name string) ([]byte, error)
	// UpdateValue changes a named value in one transaction, and returns the new value.
	UpdateValue(ctx context.Context, name string, change func(old []byte) ([]byte, error)) ([]byte, error)
}

// Options configure the staff listener.
type Options struct {
	// Ready returns why the process cannot accept work, or nil if it can.
	Ready func(context.Context) error
	// Metrics serves Prometheus.
	Metrics http.Handler

	// SignIn says how staff sign in. If they cannot, only health and metrics are served.
	SignIn signin.Options
	Store  Store
	Runner *journey.Runner
	// KeepAudit is how long it is kept what staff did and looked at.
	KeepAudit time.Duration
	// Sweep runs the mop-up now and returns its counts.
	Sweep func(context.Context) (map[string]int, error)
	// Sweeping returns the counts of the sweep that this process is making, and false if it makes none.
	Sweeping func() (map[string]int, bool)
	// Paused returns the routes whose deliveries pause, with the end of each pause.
	Paused func() map[string]time.Time
	// Reconciler compares GOV.UK Pay's lists with the store. Tests of other pages have none.
	Reconciler *reconcile.Reconciler
	// Modes knows and changes what the pay routes do. Tests of other pages have none.
	Modes *modes.Modes
	// Backup writes a copy of the store while it is in use. It is nil if the database has backups of its own.
	Backup func(context.Context, io.Writer) error
	// Metadata are the names of the routes' metadata, which have columns in the finance files.
	Metadata []string
	// Routes are the names of the pay routes.
	Routes []string
	// PayTool is the address of GOV.UK Pay's own admin tool.
	PayTool     string
	ServiceName string
	TestMode    bool
	Log         *slog.Logger
}

// server is the handler with what it needs besides its options.
type server struct {
	Options
	calendar calendar
	locks    *locks
}

// New returns the handler of the staff listener.
func New(o Options) http.Handler {
	o.Store = newSparing(o.Store)
	s := &server{Options: o, calendar: newCalendar(), locks: newLocks()}
	mux := http.NewServeMux()
	for _, address := range []string{"/livez", "/healthz"} {
		mux.HandleFunc("GET "+address, func(w http.ResponseWriter, _ *http.Request) {
			answerText(w, http.StatusOK, "alive")
		})
	}
	mux.HandleFunc("GET /readyz", s.readiness)
	if o.Metrics != nil {
		mux.Handle("GET /metrics", o.Metrics)
	}
	if o.SignIn.IsOpen() {
		entrance{s, signin.NewGate(o.SignIn)}.addStaffPages(mux)
	}
	return mux
}

// addStaffPages adds what only staff may see. It refuses requests that another site made a browser send.
func (s entrance) addStaffPages(mux *http.ServeMux) {
	protect := http.NewCrossOriginProtection()
	protect.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.problem(w, r, http.StatusForbidden, "This request came from another site.")
	}))
	add := func(pattern string, handler http.HandlerFunc) {
		mux.Handle(pattern, protect.Handler(withHeaders(handler)))
	}
	add("GET /login", s.loginPage)
	add("POST /login", s.login)
	add("POST /logout", s.logout)
	if s.gate.OIDC != nil {
		add("GET /login/start", s.startSignIn)
		add("GET "+signin.CallbackPath, s.finishSignIn)
	}
	add("GET /assets/{name}", s.asset)
	for _, a := range s.addresses() {
		add(a.pattern, s.admit(a))
	}
}

// withHeaders sets the headers of every answer to staff, and limits the size of requests.
func withHeaders(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; "+
			"base-uri 'none'; frame-ancestors 'none'")
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		next(w, r)
	}
}

func (s *server) asset(w http.ResponseWriter, r *http.Request) {
	if !pages.Asset(w, r.PathValue("name")) {
		s.problem(w, r, http.StatusNotFound, "There is nothing at this address.")
	}
}

// readiness says whether pay routes work. If not, it answers 503 with the reason in words, for operators.
func (s *server) readiness(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	if err := s.Ready(ctx); err != nil {
		answerText(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	answerText(w, http.StatusOK, "ready")
}

func answerText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n")
}
