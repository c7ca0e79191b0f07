// Package proxy passes requests to the legacy service, and its answers back to the browser. Method, raw
// target and body are unchanged. Headers that only Paygate may set are removed and set afresh.
package proxy

import (
	"crypto/tls"
	"log"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"
)

// Options configure a Proxy.
type Options struct {
	Upstream    *url.URL
	Socket      string        // the service is reached by this Unix socket instead of the address; may be empty
	Host        string        // sent as Host instead of the citizen's; may be empty
	TLS         *tls.Config   // may be nil
	Timeout     time.Duration // for the header of an answer
	WebSockets  bool
	Clients     Clients
	CardOrigins []string // where Pay's card pages live
	// Trace wraps the transport to the service; may be nil.
	Trace func(http.RoundTripper) http.RoundTripper

	// OnError answers a request if no answer of the service can go to the browser.
	OnError func(w http.ResponseWriter, r *http.Request, err error)
	Log     *slog.Logger
}

// Proxy passes requests through. It is safe for concurrent use.
type Proxy struct {
	Options
	transport http.RoundTripper
	buffers   *buffers
	errorLog  *log.Logger
}

// New returns a Proxy.
func New(o Options) *Proxy {
	lent := newBuffers()
	var transport http.RoundTripper = newTransports(o, lent)
	if o.Trace != nil {
		transport = o.Trace(transport)
	}
	return &Proxy{o, transport, lent, log.New(brokenAnswers{o.Log}, "", 0)}
}

// Request is a request to pass through.
type Request struct {
	In       *http.Request // as it came
	Path     string        // raw; begins with exactly one slash
	Query    string        // raw
	HasQuery bool          // a bare "?" is not the same as none

	// Paid is the header that says what was paid for a pass; nil for any other request.
	Paid http.Header
	// Free means that the request is for a pay route, and chooses something that costs nothing.
	Free bool
	// OnPrice, if set, makes this a request for a price. If the service answers 402, OnPrice is called with the
	// header of the answer and those Set-Cookie lines that may go to the browser, and nothing is written.
	OnPrice func(answer http.Header, cookies []string)
}

func (r Request) onPayRoute() bool { return r.Paid != nil || r.OnPrice != nil || r.Free }

// Serve passes a request through, and writes the answer. If the answer breaks off, Serve panics with
// http.ErrAbortHandler, because returning would make it look complete.
func (p *Proxy) Serve(w http.ResponseWriter, r Request) {
	if !p.WebSockets || !isWebSocket(r.In) || r.onPayRoute() {
		r.In.Header.Del("Upgrade") // an h2c tunnel would carry pay routes past us unseen
	}
	x := exchange{p, r, p.Clients.Of(r.In)}
	answer := &writer{ResponseWriter: w, exchange: x, closes: w.Header().Get("Connection") == "close"}
	defer func() {
		if cause := recover(); cause != nil { // httputil panics if an answer breaks off
			answer.flush()
			panic(cause)
		}
	}()
	reverse := httputil.ReverseProxy{
		Rewrite: x.rewrite, ModifyResponse: x.modifyResponse, ErrorHandler: x.failed,
		Transport: p.transport, BufferPool: p.buffers, ErrorLog: p.errorLog,
		FlushInterval: 100 * time.Millisecond, // shows what has arrived when an answer pauses
	}
	reverse.ServeHTTP(answer, r.In)
}

func isWebSocket(r *http.Request) bool {
	return r.Method == http.MethodGet && r.ProtoAtLeast(1, 1) && len(r.Header["Upgrade"]) == 1 &&
		strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// brokenAnswers logs that an answer broke off, without httputil's text.
type brokenAnswers struct{ log *slog.Logger }

// Write drops the text.
func (b brokenAnswers) Write(text []byte) (int, error) {
	b.log.Debug("an answer of the service broke off")
	return len(text), nil
}
