package testserver

import (
	"net/http"
)

// Act is what a service does with a request.
type Act string

const (
	Accepts     Act = "accepts"
	TornOff     Act = "accepts, and its page breaks off"
	Refuses     Act = "refuses"
	Busy        Act = "says that it is busy"
	BreaksDone  Act = "accepts, and hangs up"
	BreaksStill Act = "does nothing, and hangs up"
	FailsDone   Act = "accepts, and answers 500"
	FailsStill  Act = "does nothing, and answers 500"
	HangsDone   Act = "accepts, and does not answer in time"
)

// Done tells whether the citizen has got what they paid for.
func (a Act) Done() bool {
	return a == Accepts || a == TornOff || a == BreaksDone || a == FailsDone || a == HangsDone
}

// Known tells whether the answer says what was done.
func (a Act) Known() bool { return a == Accepts || a == TornOff || a == Refuses || a == Busy }

func (a Act) Answer(w http.ResponseWriter, r *http.Request) {
	switch a {
	case Accepts:
		Confirms(w, r)
	case TornOff:
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte("<p>received"))
	case Refuses:
		w.WriteHeader(http.StatusUnprocessableEntity)
	case Busy:
		w.WriteHeader(http.StatusTooManyRequests)
	case FailsDone, FailsStill:
		w.WriteHeader(http.StatusInternalServerError)
	case HangsDone:
		<-r.Context().Done()
	default:
		panic(http.ErrAbortHandler)
	}
}

func Statuses(requests []Received) (all []string) {
	for _, r := range requests {
		all = append(all, r.Header.Get("Paygate-Status"))
	}
	return all
}
