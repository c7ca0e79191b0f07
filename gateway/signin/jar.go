package signin

import (
	"net/http"
	"time"

	"github.com/gorilla/securecookie"
)

// jar keeps values of one kind in a cookie of the browser, encrypted.
type jar struct {
	proxies  Proxies
	codec    *securecookie.SecureCookie
	name     string
	lasts    time.Duration
	sameSite http.SameSite
}

func newJar(o Options, name string, lasts time.Duration, sameSite http.SameSite) jar {
	codec := securecookie.New(o.HashKey, o.BlockKey).MaxAge(int(lasts.Seconds()))
	return jar{o.Proxies, codec.SetSerializer(securecookie.JSONEncoder{}), name, lasts, sameSite}
}

// put keeps a value, unless it is too long for a cookie.
func (j jar) put(w http.ResponseWriter, r *http.Request, value any) error {
	text, err := j.codec.Encode(j.name, value)
	if err == nil {
		j.set(w, r, text, j.lasts)
	}
	return err
}

// read reads the value that a request has, and reports whether there is one.
func (j jar) read(r *http.Request, into any) bool {
	cookie, err := r.Cookie(j.proxies.cookieName(r, j.name))
	return err == nil && j.codec.Decode(j.name, cookie.Value, into) == nil
}

func (j jar) drop(w http.ResponseWriter, r *http.Request) { j.set(w, r, "", -time.Second) }

func (j jar) set(w http.ResponseWriter, r *http.Request, text string, lasts time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: j.proxies.cookieName(r, j.name), Value: text, Path: "/", MaxAge: int(lasts.Seconds()),
		HttpOnly: true, SameSite: j.sameSite, Secure: j.proxies.encrypted(r),
	})
}
