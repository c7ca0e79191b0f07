package gateway

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"paygate/gateway/spool"
)

// A condition on the query ("?page=apply") is judged on the query. But services that read their parameters wherever they
// stand (Java's getParameter, PHP's $_REQUEST, Rack's params, ASP.NET's Request) are led to the same code by a form or a
// cookie. So where a path may be that of a pattern whose conditions the query does not meet, the rest of the request is
// looked at too, and refused where it may meet them.

var errElsewhere = errors.New("the form or a cookie has what a pay route's query has")

// elsewhere are the patterns that a target may be read as, but for their conditions on the query.
func (j *judge) elsewhere(method string, t target, relevant []*watched, read *split) []Pattern {
	conditional := func(w *watched) bool { return w.reach != reachExact && len(w.pattern.conditions) > 0 }
	if !slices.ContainsFunc(relevant, conditional) {
		return nil
	}
	if path := withoutParameters(t.path); path != t.path {
		plain := splitReadings(path)
		read = &plain
	}
	allowed := j.isAllowed(method, t)
	var found []Pattern
	for _, w := range relevant {
		if conditional(w) && (read.as(w) || !allowed && read.widelyAs(w)) && w.pattern.fits(t.query) == unmet {
			found = append(found, w.pattern)
		}
	}
	return found
}

// lookElsewhere refuses a request that says in its form or its cookies what it does not say in its query. Where it has to
// read the body for that, it leaves another in its place, good until the one that it returns is closed.
func (g *Gateway) lookElsewhere(w http.ResponseWriter, r *http.Request, was ruling) (ruling, *spool.Body) {
	refused := ruling{verdict: targetRefused, target: was.target, status: http.StatusBadRequest, reason: errElsewhere}
	said := cookieFields(r.Header)
	doubtful := len(said) > mostParameters
	var body *spool.Body
	if r.ContentLength != 0 && !isOtherContent(r.Header) {
		var form []field
		var err error
		body, form, err = g.readForm(w, r)
		if unread := (unreadBody{}); errors.As(err, &unread) {
			refused.status, refused.reason = unreadable(unread.cause, g.HoldMaxBytes).status, unread
			return refused, body
		}
		said = append(said, form...)
		doubtful = doubtful || err != nil && !errors.Is(err, errNoObject)
	}
	if slices.ContainsFunc(was.elsewhere, func(p Pattern) bool { return p.isSaid(was.query, said, doubtful) }) {
		return refused, body
	}
	return was, body
}

// unreadBody is a body that could not be read whole. Its cause is for the answer, and not for the log.
type unreadBody struct{ cause error }

func (unreadBody) Error() string { return "the body could not be read whole" }

// readForm reads the form of a request, and puts its body back. The error is an unreadBody, or says why the form may be read
// in more than one way.
func (g *Gateway) readForm(w http.ResponseWriter, r *http.Request) (*spool.Body, []field, error) {
	body, err := g.readBody(w, r)
	if err != nil {
		return nil, nil, unreadBody{err}
	}
	withRead(r, body)
	if isJSON(r.Header.Get("Content-Type")) {
		leave, err := g.Enter(r.Context(), body.Size())
		if err != nil {
			return body, nil, unreadBody{err}
		}
		defer leave()
	}
	form, err := plainForm(r, body)
	return body, form, err
}

// isOtherContent tells content that no service takes parameters from, whatever it does with it. CGI.pm and ASP.NET look at
// the beginning of a type only.
func isOtherContent(header http.Header) bool {
	kind := strings.ToLower(strings.TrimSpace(header.Get("Content-Type")))
	err := unplain(header, strings.NewReader("x"), nil)
	return errors.Is(err, errNoForm) && !strings.HasPrefix(kind, "multipart/") && !strings.HasPrefix(kind, urlencoded)
}

// isSaid tells whether a request meets the pattern's conditions when its parameters are taken from anywhere. What cannot be
// read may be anything.
func (p Pattern) isSaid(query string, said []field, doubtful bool) bool {
	return !slices.ContainsFunc(p.conditions, func(c condition) bool {
		return !doubtful && c.fits(query) == unmet && !slices.ContainsFunc(said, func(f field) bool {
			return mayName(f.name, c.name) && (readsAsValue(f.value, c.value) || f.mayBe(c.value))
		})
	})
}
