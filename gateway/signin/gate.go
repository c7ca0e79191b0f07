package signin

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"
)

// ErrUnknown means that a request does not say who sends it, or that it is not true.
var ErrUnknown = errors.New("it is not known who sends this")

// NoRoleError means that someone is known who has no role. Its text, which is logged, does not name them.
type NoRoleError struct{ Name string }

func (e NoRoleError) Error() string { return "the person has no role" }

// Options configure a [Gate].
type Options struct {
	// Tokens, OIDC and Header are the ways to sign in.
	Tokens Tokens
	OIDC   *OIDC // nil: none
	Header Header
	// Proxies are the proxies in front of the staff listener.
	Proxies Proxies
	// Roles are those of people who sign in by OIDC or Header.
	Roles Grants

	// Store keeps the sessions, for all replicas.
	Store Store
	// HashKey (64 bytes) and BlockKey (32 bytes) protect the cookies.
	HashKey, BlockKey []byte
	Now               func() time.Time
}

// IsOpen reports whether there is any way to sign in.
func (o Options) IsOpen() bool { return len(o.Tokens) > 0 || o.OIDC != nil || o.Header.Name != "" }

// Gate knows members of staff by their token, by their session, or by what a proxy says. It is safe for concurrent use.
type Gate struct {
	Options
	sessions keeper
	provider *provider
	drafts   jar
	notices  jar
	flows    jar
	brake    *brake
}

// NewGate returns a Gate.
func NewGate(o Options) *Gate {
	return &Gate{
		Options: o, sessions: newKeeper(o), provider: newProvider(o), brake: newBrake(o.Now),
		drafts:  newJar(o, draftCookie, draftFor, http.SameSiteStrictMode),
		notices: newJar(o, noticeCookie, draftFor, http.SameSiteStrictMode),
		flows:   newJar(o, flowCookie, flowFor, http.SameSiteLaxMode),
	}
}

// MemberOf returns who sends a request. A token counts first, then what a proxy says, then a session. The error is
// ErrUnknown, a [NoRoleError], or that of the store.
func (g *Gate) MemberOf(r *http.Request) (Member, error) {
	person, said, err := g.Header.personOf(r, g.Proxies)
	if err != nil {
		return Member{}, err
	}
	if token, sent := bearer(r); sent {
		if m, known := g.Tokens.Holder(token); known {
			return m, nil
		}
	}
	if said {
		return g.known(person, "proxy", true)
	}
	s, found, err := g.sessions.find(r)
	if err != nil || !found {
		return Member{}, cmp.Or(err, ErrUnknown)
	}
	return g.memberIn(s)
}

// memberIn returns whose a session is, by the settings as they are now.
func (g *Gate) memberIn(s session) (Member, error) {
	if s.Person != nil && g.OIDC != nil && g.OIDC.Issuer == s.Issuer {
		return g.known(*s.Person, s.Issuer, g.OIDC.TrustEmail)
	}
	if m, still := g.Tokens.still(s.Name, s.Digest); still {
		return m, nil
	}
	return Member{}, ErrUnknown
}

// known returns the member whom another system has signed in.
func (g *Gate) known(p Person, by string, trustEmail bool) (Member, error) {
	m := Member{Name: p.Name, Role: g.Roles.roleOf(p, trustEmail), ID: by + " " + p.Subject}
	if p.Email != "" && (p.Verified || trustEmail) { // also tells who comes by another way
		m.ID += "\nmail " + lower(p.Email)
	}
	if m.Role == NoRole {
		return m, NoRoleError{p.Name}
	}
	return m, nil
}

// Tried reports whether a request carries a token.
func Tried(r *http.Request) bool { _, sent := bearer(r); return sent }

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
	return m, g.sessions.begin(w, r, session{Name: m.Name, ID: m.ID, Digest: digest(token)}, g.sessions.digestOf(r))
}

// SignOut ends the session of a request, for this browser and on the server.
func (g *Gate) SignOut(w http.ResponseWriter, r *http.Request) error {
	err := g.sessions.end(r)
	g.sessions.cookies.drop(w, r)
	g.drafts.drop(w, r)
	return err
}
