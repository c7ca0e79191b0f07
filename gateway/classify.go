package gateway

import (
	"errors"
	"net/http"
	"slices"

	"paygate/gateway/form"
	"paygate/gateway/match"
	"paygate/gateway/spool"
)

// newClassifier returns the classifier of the routes, which are free if isFree says so of their mode.
func newClassifier(o Options, isFree func(Mode) bool) *match.Classifier {
	routes := make([]match.Route, len(o.Routes))
	for i, r := range o.Routes {
		routes[i] = r.Route
		routes[i].Free = isFree(r.Mode)
	}
	return match.New(match.Options{
		Origins: o.Origins, Prefix: o.Prefix, Methods: o.Methods, RefuseActions: o.RefuseActions, Routes: routes,
	})
}

// isFreeOutOfShadow reports whether a route is free if routes in shadow mode take payments.
func isFreeOutOfShadow(m Mode) bool { return m == ModeFree }

// kindOf returns the name of a decision in the metrics.
func kindOf(d match.Decision) string {
	switch d.Action {
	case match.Own:
		return "own"
	case match.Pay:
		return "pay"
	case match.Refuse, match.Redirect:
		return "refused"
	default:
		return "pass_through"
	}
}

// classifyWithForm decides about a request whose form or cookies may say something else than its query. If it has to
// read the body, it replaces the request's body by one that is valid until the returned one is closed.
func (n *intake) classifyWithForm(
	w http.ResponseWriter, r *http.Request, d match.Decision,
) (match.Decision, *spool.Body) {
	fields := form.Cookies(r.Header)
	unclear := len(fields) > form.MaxParameters
	if r.ContentLength == 0 || !form.HasForm(r.Header) {
		return d.WithOtherSources(fields, unclear), nil
	}
	var read form.Form
	body, err := n.readBody(w, r)
	if err == nil {
		read, err = n.readForm(withRead(r, body), body.Size(), body.Reader())
	}
	if err != nil {
		return d.RefuseUnread(unreadable(err).status, unreadBody{err}), body
	}
	fields = slices.Concat(fields, read.Fields, read.Loose)
	unclear = unclear || read.Ambiguity != nil && !errors.Is(read.Ambiguity, form.ErrNoObject)
	return d.WithOtherSources(fields, unclear), body
}
