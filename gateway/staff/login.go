package staff

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"paygate/gateway/signin"
)

const (
	cookieName = "paygate-staff"
	// sessionLifetime is a working day.
	sessionLifetime = 10 * time.Hour
)

// member is a member of staff who has signed in.
type member = signin.Member

// session is the content of the cookie of a member who has signed in. It is valid as long as the member's token.
type session struct {
	Name   string `json:"n"`
	Digest string `json:"d"`
}

// authenticated serves an address to members of staff with its role. They send their token in the Authorization header
// or have signed in.
func (s *server) authenticated(a address) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		m, known := s.memberOf(r)
		switch {
		case known && m.Role >= a.role:
			a.handle(w, r, m)
		case known:
			s.problem(w, r, http.StatusForbidden, "This needs the role "+a.role.String()+
				". You have the role "+m.Role.String()+".")
		default:
			s.unknown(w, r)
		}
	}
}

// unknown answers a request whose sender is not known.
func (s *server) unknown(w http.ResponseWriter, r *http.Request) {
	if wantsHTML(r) && r.Method == http.MethodGet {
		http.Redirect(w, r, "/login?to="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="paygate"`)
	s.problem(w, r, http.StatusUnauthorized, "A staff token is needed.")
}

func (s *server) memberOf(r *http.Request) (member, bool) {
	scheme, token, found := strings.Cut(r.Header.Get("Authorization"), " ")
	if found && strings.EqualFold(scheme, "Bearer") {
		return s.Tokens.Holder(token)
	}
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return member{}, false
	}
	var b session
	if err := s.cookies.Decode(cookieName, cookie.Value, &b); err != nil {
		return member{}, false
	}
	return s.Tokens.Still(b.Name, b.Digest)
}

// loginView is the data of the sign-in page.
type loginView struct {
	To    string
	Wrong bool
}

func (s *server) loginPage(w http.ResponseWriter, r *http.Request) {
	s.render(w, http.StatusOK, "login", "Sign in", member{}, loginView{To: ownPath(r.FormValue("to"))})
}

func (s *server) login(w http.ResponseWriter, r *http.Request) {
	to := ownPath(r.PostFormValue("to"))
	m, known := s.Tokens.Holder(strings.TrimSpace(r.PostFormValue("token")))
	if !known {
		s.Log.WarnContext(r.Context(), "staff sign-in refused")
		s.render(w, http.StatusUnauthorized, "login", "Error: Sign in", member{}, loginView{To: to, Wrong: true})
		return
	}
	value, err := s.cookies.Encode(cookieName, session{m.Name, s.Tokens.Digest(m.Name)})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.setCookie(w, r, value, int(sessionLifetime.Seconds()))
	s.Log.InfoContext(r.Context(), "staff signed in", "by", m.By())
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (s *server) logout(w http.ResponseWriter, r *http.Request) {
	s.setCookie(w, r, "", -1)
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

func (s *server) setCookie(w http.ResponseWriter, r *http.Request, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	})
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
