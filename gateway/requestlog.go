package gateway

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"time"

	"paygate/gateway/match"
	"paygate/gateway/proxy"
)

// observed is the writer of an answer. It remembers what the log and the metrics say about it.
type observed struct {
	http.ResponseWriter
	began  time.Time
	status int
	bytes  int64
	traced func(kind, method, route string, status int) // nil: it is not traced
}

func observe(w http.ResponseWriter) *observed { return &observed{ResponseWriter: w, began: time.Now()} }

// WriteHeader notes the first status that is not interim.
func (o *observed) WriteHeader(status int) {
	if o.status < http.StatusOK {
		o.status = status
	}
	o.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes of the body.
func (o *observed) Write(p []byte) (int, error) {
	if o.status < http.StatusOK {
		o.status = http.StatusOK
	}
	n, err := o.ResponseWriter.Write(p)
	o.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController flush and hijack.
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

const requestIDHeader = "X-Request-Id"

var requestID = regexp.MustCompile(`^[A-Za-z0-9._:/+=@-]{1,128}$`)

// identify gives a request the id that the log and the service know it by: that of a trusted proxy, or a new one.
func identify(r *http.Request, clients proxy.Clients) {
	given := r.Header[requestIDHeader]
	if len(given) == 1 && requestID.MatchString(given[0]) && clients.Of(r).Trusted {
		return
	}
	r.Header[requestIDHeader] = []string{rand.Text()}
}

// kindOf returns the name of a decision in the metrics.
func kindOf(d match.Decision) string {
	switch d.Action {
	case match.Own:
		return "own"
	case match.Pay:
		return "pay"
	case match.Refuse, match.Redirect:
		return "refused"
	default:
		return "pass_through"
	}
}

// finish counts and logs a request that was answered. What passes through is logged for debugging only.
func (h *handlers) finish(o *observed, r *http.Request, d match.Decision) {
	kind, took := kindOf(d), time.Since(o.began)
	if h.ended != nil {
		h.ended(kind, o.status, took)
	}
	route := ""
	if d.Route != nil {
		route = d.Route.Name
	}
	if o.traced != nil {
		o.traced(kind, h.methodName(r), route, o.status)
	}
	level := slog.LevelInfo
	if d.Action == match.Forward {
		level = slog.LevelDebug
	}
	ctx := context.WithoutCancel(r.Context())
	if !h.log.Enabled(ctx, level) {
		return
	}
	line := []slog.Attr{
		slog.String("request_id", r.Header.Get(requestIDHeader)), slog.String("kind", kind),
		slog.String("method", h.methodName(r)), slog.String("route", route), slog.Int("status", o.status),
		slog.Int64("bytes", o.bytes), slog.Float64("duration_ms", float64(took.Microseconds())/1000),
		slog.String("client", networkOf(h.clients.Of(r).Address)),
	}
	if h.log.Enabled(ctx, slog.LevelDebug) {
		line = append(line, slog.String("path", d.Target.Path))
	}
	h.log.LogAttrs(ctx, level, "request", line...)
}

// networkOf returns the network of an address, which many people share.
func networkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	ip = ip.Unmap().WithZone("")
	bits := 64
	if ip.Is4() {
		bits = 24
	}
	network, _ := ip.Prefix(bits)
	return network.String()
}
