package sample

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"sync"
)

// visitors are the browsers that opened the form: the token of each, by the value of its SESSID cookie.
type visitors struct {
	mu     sync.Mutex
	tokens map[string]string
}

// token is that of the browser's session. A browser that has none gets one, and with it a SameSite=Strict cookie, which
// browsers leave behind when they come back from another site, as they do after a payment.
func (v *visitors) token(w http.ResponseWriter, r *http.Request) string {
	if token, known := v.find(r); known {
		return token
	}
	id, token := rand.Text(), rand.Text()
	v.keep(id, token)
	http.SetCookie(w, &http.Cookie{Name: "SESSID", Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.SetCookie(w, &http.Cookie{Name: "prefs", Value: "large-print", Path: "/", SameSite: http.SameSiteStrictMode})
	return token
}

// accepts tells whether the form that came is one that this browser was given.
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

func (v *visitors) keep(id, token string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.tokens == nil {
		v.tokens = map[string]string{}
	}
	v.tokens[id] = token
}

// flash is the message for the next page only, carried by a cookie.
const flash = "flash"

func setFlash(w http.ResponseWriter, value string) {
	http.SetCookie(w, &http.Cookie{Name: flash, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func takeFlash(w http.ResponseWriter, r *http.Request) string {
	cookie, err := r.Cookie(flash)
	if err != nil {
		return ""
	}
	http.SetCookie(w, &http.Cookie{Name: flash, Path: "/", MaxAge: -1})
	return cookie.Value
}
