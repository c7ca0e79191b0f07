package notifysim

import (
	"net/http"
	"slices"
	"time"

	"paygate/gateway/notify"
)

// The faults that can be ordered.
const (
	FaultNone     = ""         // it works
	FaultDown     = "down"     // every call is answered 500, and nothing is sent
	FaultSlow     = "slow"     // the answer comes after some seconds
	FaultLost     = "lost"     // the e-mail is sent, and the connection ends without an answer
	FaultLimit    = "limit"    // 429: the limit of e-mails a day
	FaultKey      = "key"      // 403: the key was revoked
	FaultTemplate = "template" // 400: one template does not exist
)

// Faults lists the faults that can be ordered.
func Faults() []string {
	return []string{FaultNone, FaultDown, FaultSlow, FaultLost, FaultLimit, FaultKey, FaultTemplate}
}

// Break orders a fault, until the next one. template is for [FaultTemplate].
func (s *Simulator) Break(fault string, template notify.Template) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault, s.refuses = fault, ""
	if fault == FaultTemplate {
		s.refuses = template
	}
}

// order orders a fault from the page.
func (s *Simulator) order(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	fault := r.PostFormValue("fault")
	if !slices.Contains(Faults(), fault) {
		http.Error(w, "there is no such fault", http.StatusBadRequest)
		return
	}
	s.Break(fault, notify.Template(r.PostFormValue("template")))
	http.Redirect(w, r, "/inbox", http.StatusSeeOther)
}

// trouble returns the answer of a fault that prevents a call. Some faults delay it, or drop its answer.
func (s *Simulator) trouble(r *http.Request) (answer reply, faulty bool) {
	s.mu.Lock()
	fault, slow := s.fault, s.slow
	s.mu.Unlock()
	switch fault {
	case FaultDown:
		return refused(http.StatusInternalServerError, "Exception", "Internal server error"), true
	case FaultLimit:
		return refused(http.StatusTooManyRequests, "TooManyRequestsError", "Exceeded send limits (50) for today"), true
	case FaultKey:
		return refused(http.StatusForbidden, auth, "Invalid token: API key revoked"), true
	case FaultLost:
		if r.Method == http.MethodPost {
			s.authorised(r, s.send)
			panic(http.ErrAbortHandler)
		}
	case FaultSlow:
		select {
		case <-time.After(slow):
		case <-r.Context().Done():
		}
	}
	return reply{}, false
}
