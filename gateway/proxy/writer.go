package proxy

import "net/http"

// writer corrects the header of an answer at the last moment, because net/http and httputil offer no earlier one.
type writer struct {
	http.ResponseWriter
	exchange exchange
	closes   bool // the connection ends after this answer
	begun    bool // the final header is written
}

// Unwrap lets http.ResponseController flush and hijack.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// flush sends what has been written, if anything has.
func (w *writer) flush() {
	if w.begun {
		_ = http.NewResponseController(w).Flush()
	}
}

// WriteHeader cleans early hints, which httputil passes on unchanged, and drops other interim answers, because no
// browser has asked for them. An HTTP/1.0 client gets none: it would take an interim answer for the answer itself.
// httputil clears the header after each, so "close" is set here; and net/http must not guess a type for an answer
// without one.
func (w *writer) WriteHeader(status int) {
	header := w.Header()
	switch {
	case status == http.StatusEarlyHints && w.exchange.In.ProtoAtLeast(1, 1):
		w.exchange.clean(header)
		header.Del("Connection")
	case status < http.StatusOK && status != http.StatusSwitchingProtocols:
		return
	default:
		if _, typed := header["Content-Type"]; !typed {
			header["Content-Type"] = nil
		}
		if w.closes {
			header.Set("Connection", "close")
		}
		w.begun = true
	}
	w.ResponseWriter.WriteHeader(status)
}
