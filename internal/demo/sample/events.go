package sample

import (
	"fmt"
	"io"
	"net/http"
)

// events is a stream of three server-sent events, each flushed by itself. Then it ends.
func events(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	for n := range 3 {
		fmt.Fprintf(w, "event: tick\ndata: %d\n\n", n+1)
		_ = http.NewResponseController(w).Flush()
	}
}

// firstBytes is how much of a body echo prints.
const firstBytes = 64

// echo prints the request that it received, whatever its method.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	fmt.Fprintf(w, "%s %s\nHost: %s\n", r.Method, r.RequestURI, r.Host)
	_ = r.Header.Write(w)
	fmt.Fprintf(w, "\n%d bytes, SHA-256 %s\n%q\n", len(body), digest(body), body[:min(len(body), firstBytes)])
}
