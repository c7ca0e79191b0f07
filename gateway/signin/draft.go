package signin

import (
	"net/http"
	"net/url"
	"time"
)

const (
	draftCookie = "paygate-staff-draft"
	draftFor    = time.Hour
)

// Draft is a form that a member sent after their session had ended. Their browser keeps it, encrypted, until they have
// signed in again.
type Draft struct {
	Action string     `json:"a"` // the path to which the form was sent
	Fields url.Values `json:"f"`
	Name   string     `json:"n"` // of the member
}

// KeepDraft keeps the form of a request whose session has ended, and reports whether there is one. A form that is too
// long for a cookie is not kept.
func (g *Gate) KeepDraft(w http.ResponseWriter, r *http.Request) bool {
	p, ok := g.sessions.passOf(r)
	if !ok || r.ParseForm() != nil {
		return false
	}
	return g.drafts.put(w, r, Draft{r.URL.Path, r.PostForm, p.Name}) == nil
}

// Draft returns the form that a member had sent.
func (g *Gate) Draft(r *http.Request, m Member) (d Draft, ok bool) {
	return d, g.drafts.read(r, &d) && d.Name == m.Name
}

// DropDraft drops the form that was kept.
func (g *Gate) DropDraft(w http.ResponseWriter, r *http.Request) {
	if _, err := r.Cookie(g.Proxies.cookieName(r, draftCookie)); err == nil {
		g.drafts.drop(w, r)
	}
}
