package signin

import "net/http"

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
	_ = g.notices.put(w, r, n)
}

// TakeNotice returns the notice for this page, if there is one, and forgets it.
func (g *Gate) TakeNotice(w http.ResponseWriter, r *http.Request, m Member) (n Notice, ok bool) {
	if !g.notices.read(r, &n) || n.Name != m.Name || n.About != r.URL.Path {
		return Notice{}, false
	}
	g.notices.drop(w, r)
	return n, true
}
