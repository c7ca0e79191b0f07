package staff

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"

	"paygate/journey"
)

const (
	cookieName = "paygate-staff"
	// loginFor is a working day.
	loginFor = 10 * time.Hour
)

// member is who stands at the door.
type member struct{ Name string }

func (m member) by() journey.By { return journey.ByStaff(m.Name) }

// badge is what the cookie of somebody logged in says. It ends with the token that it was made for.
type badge struct {
	Name   string `json:"n"`
	Digest string `json:"d"`
}

// only lets in whoever has a token, by the Authorization header or by having logged in.
func (d *door) only(next func(http.ResponseWriter, *http.Request, member)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if m, known := d.who(r); known {
			next(w, r, m)
			return
		}
		if readsHTML(r) && r.Method == http.MethodGet {
			http.Redirect(w, r, "/login?to="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="paygate"`)
		d.problem(w, r, http.StatusUnauthorized, "A staff token is needed.")
	}
}

func (d *door) who(r *http.Request) (member, bool) {
	if scheme, token, found := strings.Cut(r.Header.Get("Authorization"), " "); found && strings.EqualFold(scheme, "Bearer") {
		return d.holder(token)
	}
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return member{}, false
	}
	var b badge
	if err := d.cookies.Decode(cookieName, cookie.Value, &b); err != nil {
		return member{}, false
	}
	token, known := d.Tokens[b.Name]
	return member{b.Name}, known && same(digest(token), b.Digest)
}

// holder finds whose token this is. Every token is compared, each in constant time.
func (d *door) holder(token string) (member, bool) {
	var found member
	known := false
	for name, theirs := range d.Tokens {
		if same(digest(token), digest(theirs)) {
			found, known = member{name}, true
		}
	}
	return found, known
}

func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// loginView is what the log-in page shows.
type loginView struct {
	To    string
	Wrong bool
}

func (d *door) loginPage(w http.ResponseWriter, r *http.Request) {
	d.render(w, http.StatusOK, "login", "Sign in", member{}, loginView{To: ownPath(r.FormValue("to"))})
}

func (d *door) login(w http.ResponseWriter, r *http.Request) {
	to := ownPath(r.PostFormValue("to"))
	m, known := d.holder(strings.TrimSpace(r.PostFormValue("token")))
	if !known {
		d.Log.WarnContext(r.Context(), "staff log-in refused")
		d.render(w, http.StatusUnauthorized, "login", "Error: Sign in", member{}, loginView{To: to, Wrong: true})
		return
	}
	value, err := d.cookies.Encode(cookieName, badge{m.Name, digest(d.Tokens[m.Name])})
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.setCookie(w, r, value, int(loginFor.Seconds()))
	d.Log.InfoContext(r.Context(), "staff logged in", "by", m.by())
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (d *door) logout(w http.ResponseWriter, r *http.Request) {
	d.setCookie(w, r, "", -1)
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

func (d *door) setCookie(w http.ResponseWriter, r *http.Request, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	})
}

// ownPath keeps a log-in from leading to another site.
func ownPath(to string) string {
	u, err := url.Parse(to)
	if err != nil || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") || u.Host != "" {
		return "/"
	}
	return to
}
