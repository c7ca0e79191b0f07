package signin

import (
	"net/http"
	"time"
)

const noticeCookie = "paygate-staff-notice"

// Notice is the result of what a member has just ordered, to be shown once. Their browser keeps it, encrypted, so that
// nobody can make it up.
type Notice struct {
	About string `json:"a"` // the page that shows it
	Done  bool   `json:"d"` // it was done as ordered
	Text  string `json:"t"`
	Name  string `json:"n"` // of the member
}

// KeepNotice keeps a notice for the next page of a member. One that is too long for a cookie is not kept.
func (g *Gate) KeepNotice(w http.ResponseWriter, r *http.Request, m Member, n Notice) {
	n.Name = m.Name
	if value, err := g.drafts.Encode(noticeCookie, n); err == nil {
		g.setCookie(w, r, noticeCookie, value, draftFor)
	}
}

// TakeNotice returns the notice for this page, if there is one, and forgets it.
func (g *Gate) TakeNotice(w http.ResponseWriter, r *http.Request, m Member) (n Notice, ok bool) {
	cookie, err := r.Cookie(g.Proxies.cookieName(r, noticeCookie))
	if err != nil || g.drafts.Decode(noticeCookie, cookie.Value, &n) != nil || n.Name != m.Name ||
		n.About != r.URL.Path {
		return Notice{}, false
	}
	g.setCookie(w, r, noticeCookie, "", -time.Second)
	return n, true
}
