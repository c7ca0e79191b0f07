package signin

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/securecookie"
)

// ErrUnknown means that a request does not say who sends it, or that it is not true.
var ErrUnknown = errors.New("it is not known who sends this")

// Options configure a [Gate].
type Options struct {
	Tokens Tokens
	// Values keeps the sessions.
	Values Values
	// HashKey (64 bytes) and BlockKey (32 bytes) protect the cookies.
	HashKey, BlockKey []byte
	Now               func() time.Time
}

// IsOpen reports whether there is any way to sign in.
func (o Options) IsOpen() bool { return len(o.Tokens) > 0 }

// Gate knows members of staff by their token or their session. It is safe for concurrent use.
type Gate struct {
	Options
	sessions keeper
	drafts   *securecookie.SecureCookie
}

// NewGate returns a Gate.
func NewGate(o Options) *Gate {
	return &Gate{Options: o, sessions: newKeeper(o), drafts: newDrafts(o)}
}

// MemberOf returns who sends a request. The error is ErrUnknown, or that of the store.
func (g *Gate) MemberOf(r *http.Request) (Member, error) {
	if token, sent := bearer(r); sent {
		if m, known := g.Tokens.Holder(token); known {
			return m, nil
		}
		return Member{}, ErrUnknown
	}
	s, found, err := g.sessions.find(r)
	if err != nil {
		return Member{}, err
	}
	if m, still := g.Tokens.still(s.Name, s.Digest); found && still {
		return m, nil
	}
	return Member{}, ErrUnknown
}

func bearer(r *http.Request) (token string, sent bool) {
	scheme, token, found := strings.Cut(r.Header.Get("Authorization"), " ")
	return token, found && strings.EqualFold(scheme, "Bearer")
}

// SignIn begins a session for the holder of a token. The error is ErrUnknown, or that of the store.
func (g *Gate) SignIn(w http.ResponseWriter, r *http.Request, token string) (Member, error) {
	m, known := g.Tokens.Holder(token)
	if !known {
		return m, ErrUnknown
	}
	return m, g.begin(w, r, session{Name: m.Name, Digest: digest(token)})
}

func (g *Gate) begin(w http.ResponseWriter, r *http.Request, began session) error {
	value, err := g.sessions.begin(context.WithoutCancel(r.Context()), began)
	if err == nil {
		g.setCookie(w, r, sessionCookie, value, cookieFor)
	}
	return err
}

// SignOut ends the session of a request, for this browser and on the server.
func (g *Gate) SignOut(w http.ResponseWriter, r *http.Request) error {
	err := g.sessions.end(r)
	g.setCookie(w, r, sessionCookie, "", -time.Second)
	g.setCookie(w, r, draftCookie, "", -time.Second)
	return err
}

func (g *Gate) setCookie(w http.ResponseWriter, r *http.Request, name, value string, lasts time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(lasts.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	})
}
