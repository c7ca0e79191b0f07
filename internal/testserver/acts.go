package testserver

import (
	"net/http"
)

// Act is what a service does with a paid request.
type Act string

// What a service can do.
const (
	Accept          Act = "accepts"
	AcceptTruncated Act = "accepts, and its page breaks off"
	Refuse          Act = "refuses"
	Busy            Act = "says that it is busy"
	AcceptHangUp    Act = "accepts, and hangs up"
	HangUp          Act = "does nothing, and hangs up"
	AcceptError     Act = "accepts, and answers 500"
	ServerError     Act = "does nothing, and answers 500"
	AcceptTimeout   Act = "accepts, and does not answer in time"
)

// Accepted reports whether the citizen has got what they paid for.
func (a Act) Accepted() bool {
	return a == Accept || a == AcceptTruncated || a == AcceptHangUp || a == AcceptError || a == AcceptTimeout
}

// Conclusive reports whether the answer says what was done.
func (a Act) Conclusive() bool {
	return a == Accept || a == AcceptTruncated || a == Refuse || a == Busy
}

// Answer writes the response that belongs to the act.
func (a Act) Answer(w http.ResponseWriter, r *http.Request) {
	switch a {
	case Accept:
		Confirm(w, r)
	case AcceptTruncated:
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte("<p>received"))
	case Refuse:
		w.WriteHeader(http.StatusUnprocessableEntity)
	case Busy:
		w.WriteHeader(http.StatusTooManyRequests)
	case AcceptError, ServerError:
		w.WriteHeader(http.StatusInternalServerError)
	case AcceptTimeout:
		<-r.Context().Done()
	default:
		panic(http.ErrAbortHandler)
	}
}
