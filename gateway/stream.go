package gateway

import (
	"io"
	"maps"
	"net/http"

	"paygate/gateway/headers"
	"paygate/journey"
)

// stream writes the service's answer to the browser.
func (h *replies) stream(w http.ResponseWriter, r *http.Request, reply *journey.Reply) {
	defer reply.Close()
	h.proxy.CleanReply(reply.Header, r, asSent(r).Path)
	w.Header().Del("Paygate-Answer")
	w.Header().Del("Cache-Control")
	w.Header()["Content-Type"] = nil // net/http must not guess a type if the service gives none
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
	if _, err = io.Copy(w, reply.Rest); err != nil {
		cutOff(w)
	}
}

// cutOff sends what there is of an answer that broke off, and aborts it, so that it does not look complete.
func cutOff(w http.ResponseWriter) {
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
