// Package staff is the staff door: a second listener that never faces the public. It says whether the process lives and
// whether it is ready for work.
package staff

import (
	"context"
	"io"
	"net/http"
	"time"
)

// Options are what the staff door is made of.
type Options struct {
	// Ready says what keeps the process from taking work, nil when nothing does.
	Ready func(context.Context) error
}

// New makes the staff door.
func New(o Options) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET /readyz", o.readiness)
	return mux
}

// readiness answers 503 with the reason in words, for the load balancer and the person behind it.
func (o Options) readiness(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	if err := o.Ready(ctx); err != nil {
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
