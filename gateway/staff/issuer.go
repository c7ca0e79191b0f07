package staff

import (
	"errors"
	"net/http"

	"paygate/gateway/signin"
)

// startSignIn sends a person to the issuer, which signs them in. A link leads here: with a form, browsers would apply
// form-action to the redirect.
func (s entrance) startSignIn(w http.ResponseWriter, r *http.Request) {
	address, err := s.gate.Start(w, r, ownPath(r.FormValue("to")))
	if err != nil {
		s.failSignIn(w, r, err)
		return
	}
	http.Redirect(w, r, address, http.StatusSeeOther)
}

// finishSignIn begins a session for a person whom the issuer sends back. It answers with a page that goes on by itself:
// browsers do not send a Strict cookie after a redirect from another site.
func (s entrance) finishSignIn(w http.ResponseWriter, r *http.Request) {
	m, to, err := s.gate.Finish(w, r)
	isRefused := errors.Is(err, signin.ErrStale) || errors.Is(err, signin.ErrToken)
	if isRefused && s.gate.Refused(r) {
		s.brake(w, r)
		return
	}
	if err != nil {
		s.Log.WarnContext(r.Context(), "staff sign-in refused", "error", err)
		s.failSignIn(w, r, err)
		return
	}
	s.signedIn(r, m)
	w.Header().Set("Refresh", "0; url="+to)
	s.render(w, http.StatusOK, "signedin", "You are signed in", m, to)
}

// failSignIn answers with why somebody is not let in.
func (s entrance) failSignIn(w http.ResponseWriter, r *http.Request, err error) {
	if nameless, ok := errors.AsType[signin.NoRoleError](err); ok {
		s.problem(w, r, http.StatusForbidden, "You are signed in as "+nameless.Name+", and you have no role here. "+
			"Ask the team that runs this service for one.")
		return
	}
	for reason, answer := range signInProblems {
		if errors.Is(err, reason) {
			s.problem(w, r, answer.status, answer.text)
			return
		}
	}
	s.fail(w, r, err)
}

var signInProblems = map[error]struct {
	status int
	text   string
}{
	signin.ErrStale: {
		http.StatusBadRequest,
		"This sign-in was not begun in this browser, took longer than ten minutes, " +
			"or has been used before. Sign in again.",
	},
	signin.ErrToken:  {http.StatusUnauthorized, "Your organisation did not sign you in. Try again."},
	signin.ErrIssuer: {http.StatusServiceUnavailable, "Your organisation's sign-in does not answer. Try again later."},
	signin.ErrGroupsElsewhere: {
		http.StatusForbidden,
		"You are in more groups than your organisation's sign-in can list. " +
			"Ask the team that runs this service to have it list fewer, or to set PAYGATE_STAFF_OIDC_GROUPS_CLAIM " +
			"to a claim that it can send whole, such as roles.",
	},
}
