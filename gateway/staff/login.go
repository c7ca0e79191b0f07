package staff

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"paygate/gateway/signin"
)

// member is a member of staff who has signed in.
type member = signin.Member

// entrance serves what is needed to sign in and out, and lets members of staff through.
type entrance struct {
	*server
	gate *signin.Gate
}

// memberKey is the key under which a request's context has its member.
type memberKey struct{}

// admit serves an address to members of staff with its role.
func (s entrance) admit(a address) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		m, err := s.gate.MemberOf(r)
		r = r.WithContext(context.WithValue(r.Context(), memberKey{}, m))
		switch {
		case errors.Is(err, signin.ErrUnknown):
			s.refuse(w, r)
		case err != nil:
			s.failSignIn(w, r, err)
		default:
			s.serve(w, r, m, a)
		}
	}
}

// serve serves an address to a member who is known, and records it.
func (s entrance) serve(w http.ResponseWriter, r *http.Request, m member, a address) {
	w, err := audit{s.server}.record(w, r, m, a)
	switch {
	case err != nil:
		s.fail(w, r, err)
	case m.Role < a.role:
		s.problem(w, r, http.StatusForbidden, "This needs the role "+a.role.String()+
			". You have the role "+m.Role.String()+".")
	default:
		if r.Method == http.MethodPost {
			s.gate.DropDraft(w, r)
		}
		a.handle(w, r, m)
	}
}

// refuse answers a request whose sender is not known. The form of someone whose session has ended is kept.
func (s entrance) refuse(w http.ResponseWriter, r *http.Request) {
	switch {
	case signin.Tried(r) && s.gate.Refused(r):
		s.brake(w, r)
	case wantsHTML(r) && r.Method == http.MethodGet:
		http.Redirect(w, r, "/login?to="+url.QueryEscape(withoutSearch(r.URL)), http.StatusSeeOther)
	case wantsHTML(r):
		v := loginView{To: "/", Ended: s.gate.KeepDraft(w, r)}
		if v.Ended {
			v.To = resumeAddress
		}
		s.showLogin(w, http.StatusUnauthorized, v)
	default:
		w.Header().Set("WWW-Authenticate", `Bearer realm="paygate"`)
		s.problem(w, r, http.StatusUnauthorized, "A staff token is needed, or another way to sign in.")
	}
}

// withoutSearch returns an address without what somebody typed to find a person: addresses stay in logs and histories.
func withoutSearch(u *url.URL) string {
	query := u.Query()
	for _, name := range []string{"find", "reference", "payment", "q"} {
		query.Del(name)
	}
	return (&url.URL{Path: u.Path, RawQuery: query.Encode()}).RequestURI()
}

// brake answers a client of which too many sign-ins were refused.
func (s entrance) brake(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "60")
	s.problem(w, r, http.StatusTooManyRequests, "Too many sign-ins from your address were refused. Wait a minute.")
}

// loginView is the data of the sign-in page.
type loginView struct {
	To    string
	Wrong bool
	Ended bool // a session ended in the middle of a form, which is kept

	ByToken, ByIssuer bool
}

func (s entrance) loginPage(w http.ResponseWriter, r *http.Request) {
	s.showLogin(w, http.StatusOK, loginView{To: ownPath(r.FormValue("to"))})
}

func (s entrance) showLogin(w http.ResponseWriter, status int, v loginView) {
	title := "Sign in"
	if v.Wrong {
		title = "Error: Sign in"
	}
	v.ByToken, v.ByIssuer = len(s.gate.Tokens) > 0, s.gate.OIDC != nil
	s.render(w, status, "login", title, member{}, v)
}

func (s entrance) login(w http.ResponseWriter, r *http.Request) {
	to := ownPath(r.PostFormValue("to"))
	m, err := s.gate.SignIn(w, r, strings.TrimSpace(r.PostFormValue("token")))
	switch {
	case errors.Is(err, signin.ErrUnknown) && s.gate.Refused(r):
		s.brake(w, r)
	case errors.Is(err, signin.ErrUnknown):
		s.Log.WarnContext(r.Context(), "staff sign-in refused")
		s.showLogin(w, http.StatusUnauthorized, loginView{To: to, Wrong: true, Ended: to == resumeAddress})
	case err != nil:
		s.fail(w, r, err)
	default:
		s.signedIn(r, m)
		http.Redirect(w, r, to, http.StatusSeeOther)
	}
}

// signedIn records that a member has signed in. Everything they do after that is recorded by itself.
func (s entrance) signedIn(r *http.Request, m member) {
	s.Log.InfoContext(r.Context(), "staff signed in", "by", m.By())
	if err := (audit{s.server}).note(r, m, "sign in"); err != nil {
		s.Log.WarnContext(r.Context(), "a sign-in was not recorded", "error", err)
	}
}

func (s entrance) logout(w http.ResponseWriter, r *http.Request) {
	if err := s.gate.SignOut(w, r); err != nil {
		s.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// ownPath keeps a sign-in from leading to another site.
func ownPath(to string) string {
	u, err := url.Parse(to)
	local := strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") && !strings.ContainsAny(to, "\\\r\n\t")
	if err != nil || !local || u.Host != "" {
		return "/"
	}
	return to
}
