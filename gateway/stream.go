package gateway

import (
	"errors"
	"io"
	"maps"
	"net/http"

	"paygate/gateway/headers"
	"paygate/journey"
)

// stream writes the service's answer as the service gave it.
func (h *replies) stream(w http.ResponseWriter, r *http.Request, reply *journey.Reply) {
	defer reply.Close()
	h.proxy.CleanReply(reply.Header, r, asSent(r).Path)
	w.Header().Del("Paygate-Answer")
	w.Header().Del("Cache-Control")
	w.Header()["Content-Type"] = nil // where the service gives none, net/http must not guess one
	if reply.Header.Get("Cache-Control") == "" {
		reply.Header.Set("Cache-Control", "no-cache")
	}
	headers.MakePrivate(reply.Header) // the answer of a pay route is for this browser alone
	maps.Copy(w.Header(), reply.Header)
	w.WriteHeader(reply.Status)
	if r.Method == http.MethodHead {
		return
	}
	_, err := w.Write(reply.Body)
	if reply.Broken {
		cutOff(w)
	}
	if err != nil || reply.Rest == nil {
		return
	}
	rest := &brokenRest{Reader: reply.Rest}
	if _, _ = io.Copy(w, rest); rest.err != nil {
		cutOff(w)
	}
}

// brokenRest remembers that what it reads broke off.
type brokenRest struct {
	io.Reader
	err error
}

func (b *brokenRest) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

// cutOff ends an answer that broke off: what has come is the citizen's, and to return would make it look complete.
func cutOff(w http.ResponseWriter) {
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
