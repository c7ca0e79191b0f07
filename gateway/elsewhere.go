package gateway

import (
	"errors"
	"net/http"
	"slices"

	"paygate/gateway/form"
	"paygate/gateway/reading"
	"paygate/gateway/spool"
)

// A condition on the query ("?page=apply") is judged on the query. But services that read their parameters wherever they
// stand (Java's getParameter, PHP's $_REQUEST, Rack's params, ASP.NET's Request) are led to the same code by a form or a
// cookie. So where a path may be that of a pattern whose conditions the query does not meet, the rest of the request is
// looked at too, and refused where it may meet them; and so it is where it may contradict conditions that the query meets, if
// the request would be another route's without them.

var errElsewhere = errors.New("the form or a cookie has what a pay route's query has")

// elsewhere are the patterns that a target may be read as, but for their conditions on the query.
func (j *judge) elsewhere(method string, t target, relevant []*watched, read *reading.Readings) []reading.Pattern {
	conditional := func(w *watched) bool { return w.reach != reachExact && len(w.pattern.Parameters()) > 0 }
	if !slices.ContainsFunc(relevant, conditional) {
		return nil
	}
	if path := withoutParameters(t.path); path != t.path {
		read = reading.Of(path)
	}
	allowed := j.isAllowed(method, t)
	var found []reading.Pattern
	for _, w := range relevant {
		if conditional(w) && (read.Have(w.pattern) || !allowed && w.hasWidely(read)) && w.pattern.Fits(t.query) == reading.Unmet {
			found = append(found, w.pattern)
		}
	}
	return found
}

// lookElsewhere refuses a request whose form or cookies say something else than its query. Where it has to
// read the body for that, it leaves another in its place, good until the one that it returns is closed.
func (g *Gateway) lookElsewhere(w http.ResponseWriter, r *http.Request, was ruling) (ruling, *spool.Body) {
	refused := ruling{verdict: targetRefused, target: was.target, status: http.StatusBadRequest, reason: errElsewhere}
	said := reading.Cookies(r.Header)
	doubtful := len(said) > reading.MostParameters
	var body *spool.Body
	if r.ContentLength != 0 && form.HasForm(r.Header) {
		var read form.Form
		var err error
		body, read, err = g.readForm(w, r)
		if err != nil {
			refused.status, refused.reason = unreadable(err, g.HoldMaxBytes).status, unreadBody{err}
			return refused, body
		}
		said = slices.Concat(said, read.Fields, read.Loose)
		doubtful = doubtful || read.Ambiguity != nil && !errors.Is(read.Ambiguity, form.ErrNoObject)
	}
	if was.isSaidElsewhere(said, doubtful) {
		return refused, body
	}
	return was, body
}

// isSaidElsewhere reports whether fields of the form or the cookies may meet what the query does not, or contradict what
// sets a route apart from another.
func (r ruling) isSaidElsewhere(said []reading.Field, doubtful bool) bool {
	isContradicted := func(p reading.Pattern) bool { return doubtful || p.IsContradicted(said) }
	return slices.ContainsFunc(r.contested, isContradicted) ||
		slices.ContainsFunc(r.elsewhere, func(p reading.Pattern) bool { return p.IsSaid(r.query, said, doubtful) })
}

// readForm reads the form of a request, and puts its body back. The error is that of reading.
func (g *Gateway) readForm(w http.ResponseWriter, r *http.Request) (*spool.Body, form.Form, error) {
	body, err := g.readBody(w, r)
	if err != nil {
		return nil, form.Form{}, err
	}
	withRead(r, body)
	release, err := g.acquireToRead(r, body)
	if err != nil {
		return body, form.Form{}, err
	}
	defer release()
	read, err := form.Read(r.Header, body.Reader())
	return body, read, err
}
