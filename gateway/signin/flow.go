package signin

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"time"

	"golang.org/x/oauth2"
)

const (
	flowCookie = "paygate-staff-flow"
	flowFor    = 10 * time.Minute
)

// ErrStale means that a sign-in was not begun by this browser, too long ago, or was finished before.
var ErrStale = errors.New("this sign-in was not begun here, or is over")

// flow is a sign-in with an issuer that was begun. Its cookie is Lax, because the issuer's redirect has to send it.
type flow struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"`
	To       string    `json:"t"`
	Began    time.Time `json:"b"`
	Earlier  string    `json:"e"` // the session that the browser had, whose cookie it does not send on the way back
}

// Start begins a sign-in with the issuer that leads to a page of the staff listener. It returns the issuer's address.
func (g *Gate) Start(w http.ResponseWriter, r *http.Request, to string) (address string, err error) {
	f := flow{rand.Text(), rand.Text(), oauth2.GenerateVerifier(), to, g.Now(), g.sessions.digestOf(r)}
	if address, err = g.provider.startURL(r.Context(), f); err != nil {
		return "", err
	}
	return address, g.flows.put(w, r, f)
}

// Finish ends a sign-in: it begins a session, and returns where it leads to. The error is ErrStale, ErrToken,
// ErrIssuer, ErrGroupsElsewhere, a [NoRoleError], or that of the store.
func (g *Gate) Finish(w http.ResponseWriter, r *http.Request) (m Member, to string, err error) {
	f, err := g.takeFlow(w, r)
	if err != nil {
		return m, "", err
	}
	person, err := g.provider.finish(r.Context(), f, r.FormValue("code"))
	if errors.Is(err, ErrGroupsElsewhere) && !g.Roles.useGroups() {
		err = nil
	}
	if err != nil {
		return m, "", err
	}
	if m, err = g.known(person, g.OIDC.Issuer, g.OIDC.TrustEmail); err != nil {
		return m, "", err
	}
	return m, f.To, g.sessions.begin(w, r, session{Name: m.Name, ID: m.ID, Issuer: g.OIDC.Issuer, Person: &person},
		f.Earlier)
}

// takeFlow returns the sign-in that this browser has begun. It can be taken once.
func (g *Gate) takeFlow(w http.ResponseWriter, r *http.Request) (f flow, err error) {
	if !g.flows.read(r, &f) {
		return f, ErrStale
	}
	g.flows.drop(w, r)
	age := g.Now().Sub(f.Began)
	issuer := r.FormValue("iss") // RFC 9207
	if !equal(digest(r.FormValue("state")), digest(f.State)) || age < 0 || age >= flowFor ||
		issuer != "" && issuer != g.OIDC.Issuer {
		return f, ErrStale
	}
	first, err := g.Store.FirstSight(context.WithoutCancel(r.Context()), "staff sign-in "+f.State, g.Now().Add(flowFor))
	if err == nil && !first {
		err = ErrStale
	}
	if err == nil && r.FormValue("code") == "" {
		err = ErrToken
	}
	return f, err
}
