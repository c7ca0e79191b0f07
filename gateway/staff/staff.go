// Package staff is the staff door: a second listener that never faces the public. Staff look up journeys, see their whole
// story in words, and may check, release, refund and settle; finance takes its file; machines read health and metrics. The
// same addresses answer in HTML for people and in JSON for programs, by the request's Accept.
//
// Every order goes through [journey.Runner], with a reason and the name behind the token, which stay in the history.
package staff

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/gorilla/securecookie"

	"paygate/gateway/pages"
	"paygate/journey"
)

// Store is what the staff door reads of a store besides journeys.
type Store interface {
	journey.Store
	// CountOpen counts the journeys that are not at rest, by state.
	CountOpen(context.Context) (map[journey.State]int, error)
	// Damaged lists what was set aside because it is not what was written.
	Damaged(context.Context) ([]journey.ID, error)
}

// Options are what the staff door is made of.
type Options struct {
	// Ready says what keeps the process from taking work, nil when nothing does.
	Ready func(context.Context) error
	// Metrics are for Prometheus.
	Metrics http.Handler

	// Tokens open the door, by the name of who holds them. Without any it serves health and metrics alone.
	Tokens map[string]string
	// Store and Runner are the journeys and the one who moves them.
	Store  Store
	Runner *journey.Runner
	// Sweep runs the mop-up now and counts what it did.
	Sweep func(context.Context) (map[string]int, error)
	// Backup writes a copy of the store while it is in use; nil where that is the database's business.
	Backup func(context.Context, io.Writer) error
	// HashKey (64 bytes) and BlockKey (32 bytes) protect the cookie of those who log in.
	HashKey, BlockKey []byte

	ServiceName string
	TestMode    bool
	Log         *slog.Logger
}

// door is the staff door with what it needs beside its options.
type door struct {
	Options
	cookies *securecookie.SecureCookie
	zone    *time.Location
}

// New makes the staff door.
func New(o Options) http.Handler {
	d := &door{Options: o, zone: time.UTC}
	if zone, err := time.LoadLocation("Europe/London"); err == nil {
		d.zone = zone
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET /readyz", d.readiness)
	if o.Metrics != nil {
		mux.Handle("GET /metrics", o.Metrics)
	}
	if len(o.Tokens) > 0 {
		d.cookies = securecookie.New(o.HashKey, o.BlockKey).MaxAge(int(loginFor.Seconds()))
		d.cookies.SetSerializer(securecookie.JSONEncoder{})
		d.openTo(mux)
	}
	return mux
}

// openTo adds what staff alone may see. Requests that another site made a browser send are refused throughout.
func (d *door) openTo(mux *http.ServeMux) {
	protect := http.NewCrossOriginProtection()
	protect.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.problem(w, r, http.StatusForbidden, "This request came from another site.")
	}))
	add := func(pattern string, handler http.HandlerFunc) { mux.Handle(pattern, protect.Handler(guarded(handler))) }
	staff := func(pattern string, handler func(http.ResponseWriter, *http.Request, member)) {
		add(pattern, d.only(handler))
	}
	add("GET /login", d.loginPage)
	add("POST /login", d.login)
	add("POST /logout", d.logout)
	add("GET /assets/{name}", d.asset)
	staff("GET /{$}", d.overview)
	staff("GET /journeys", d.list)
	staff("GET /journeys/{id}", d.show)
	staff("POST /journeys/{id}/check", d.check)
	staff("POST /journeys/{id}/release", d.release)
	staff("POST /journeys/{id}/refund", d.refund)
	staff("POST /journeys/{id}/settle", d.settle)
	staff("POST /mopup", d.mopup)
	staff("GET /export.csv", d.export)
	staff("GET /backup", d.backup)
	staff("/", func(w http.ResponseWriter, r *http.Request, _ member) {
		d.problem(w, r, http.StatusNotFound, "There is nothing at this address.")
	})
}

// guarded sets what every answer to staff has, and bounds what they may send.
func guarded(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		next(w, r)
	}
}

func (d *door) asset(w http.ResponseWriter, r *http.Request) {
	if !pages.Asset(w, r.PathValue("name")) {
		d.problem(w, r, http.StatusNotFound, "There is nothing at this address.")
	}
}

// readiness answers 503 with the reason in words, for the load balancer and the person behind it.
func (d *door) readiness(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	if err := d.Ready(ctx); err != nil {
		say(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	say(w, http.StatusOK, "ready")
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n")
}
