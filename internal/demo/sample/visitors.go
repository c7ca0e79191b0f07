package sample

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"sync"
)

// visitors maps the SESSID cookie of each browser that opened the form to its form token.
type visitors struct {
	mu     sync.Mutex
	tokens map[string]string
}

// token returns the token of the browser's session, and starts a session if there is none. It also sets a
// SameSite=Strict cookie, which browsers do not send when they come back from another site, as they do after a payment.
func (v *visitors) token(w http.ResponseWriter, r *http.Request) string {
	if token, known := v.find(r); known {
		return token
	}
	id, token := rand.Text(), rand.Text()
	v.add(id, token)
	setCookie(w, "SESSID", id)
	http.SetCookie(w, &http.Cookie{Name: "prefs", Value: "large-print", Path: "/", SameSite: http.SameSiteStrictMode})
	return token
}

// accepts reports whether the form has the token of this browser's session.
func (v *visitors) accepts(r *http.Request) bool {
	token, known := v.find(r)
	return known && subtle.ConstantTimeCompare([]byte(token), []byte(r.PostFormValue("token"))) == 1
}

func (v *visitors) find(r *http.Request) (token string, known bool) {
	cookie, err := r.Cookie("SESSID")
	if err != nil {
		return "", false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	token, known = v.tokens[cookie.Value]
	return token, known
}

func (v *visitors) add(id, token string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.tokens == nil {
		v.tokens = map[string]string{}
	}
	v.tokens[id] = token
}

func setCookie(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// flash is the cookie with the message for the next page.
const flash = "flash"

func takeFlash(w http.ResponseWriter, r *http.Request) string {
	cookie, err := r.Cookie(flash)
	if err != nil {
		return ""
	}
	http.SetCookie(w, &http.Cookie{Name: flash, Path: "/", MaxAge: -1})
	return cookie.Value
}
