package gateway

import (
	"bytes"
	"errors"
	"io"
	"net/http"

	"paygate/gateway/form"
	"paygate/journey"
)

// A route in shadow mode takes no payments and refuses nothing. Paygate counts and logs what it would have done, so
// that an operator sees before the first day which requests of real citizens are near the pay path.

// shadowJudge returns a judge for which the routes in shadow mode take payments; nil if there are none.
func shadowJudge(o Options) *judge {
	var routes []Route
	found := false
	for _, route := range o.Routes {
		if route.Mode == ModeShadow {
			route.Mode, found = ModeOn, true
		}
		routes = append(routes, route)
	}
	if !found {
		return nil
	}
	o.Routes = routes
	return newJudge(o)
}

// passShadowed lets a request through, and logs what Paygate would have done with it.
func (g *Gateway) passShadowed(w http.ResponseWriter, r *http.Request) {
	if g.shadow == nil {
		g.forward(w, r)
		return
	}
	would := g.shadow.rule(r)
	if would.verdict != targetPay || !would.asksForForm() {
		g.noteShadow(r, would, nil)
		g.forward(w, r)
		return
	}
	read := &copied{ReadCloser: r.Body}
	r.Body = read
	defer func() { g.noteShadow(r, would, read) }()
	g.forward(w, r)
}

// asksForForm reports whether the form decides what happens to a request on a pay route.
func (r ruling) asksForForm() bool {
	for _, route := range r.routes {
		if route.Terms.Kind == journey.KindSubmission && (route.When != nil || route.PriceField != "") {
			return true
		}
	}
	return false
}

// noteShadow counts and logs what Paygate would have done with a request. body is the part of its body that was read on
// the way, or nil.
func (g *Gateway) noteShadow(r *http.Request, would ruling, body *copied) {
	what, rule := "", "MATCH"
	switch would.verdict {
	case targetRefused:
		what, rule = "refused", ruleOf(would.reason)
	case targetPlainPath:
		what, rule = "refused", ruleOf(errAmbiguous)
	case targetPay:
		would, what, rule = g.shadow.wouldPay(r, would, body)
	}
	if what == "" {
		return
	}
	name, remedy := g.shadowed(would)
	if g.mode(name) != ModeShadow {
		return
	}
	g.Log.InfoContext(r.Context(), "shadow", "route", name, "what", what, "rule", rule, "declare", remedy, "method", g.methodName(r))
	if g.Shadowed != nil {
		g.Shadowed(name, what)
	}
}

// shadowed returns the route that a ruling is about, and the setting that declares a refused request. A path with too
// many readings concerns all routes; the first one in shadow mode is named.
func (g *Gateway) shadowed(would ruling) (name, declare string) {
	switch {
	case would.verdict == targetRefused && would.route != nil:
		return would.route.Name, would.route.declares(would.reason)
	case would.route != nil:
		return would.route.Name, ""
	}
	for _, route := range g.Routes {
		if route.Mode == ModeShadow {
			return route.Name, ""
		}
	}
	return "", ""
}

// wouldPay returns what Paygate would do with a request on a pay route, and by which rule; nothing if the request is
// free.
func (j *judge) wouldPay(r *http.Request, hit ruling, body *copied) (would ruling, what, rule string) {
	var read form.Form
	if body != nil {
		var err error
		read, err = form.Read(r.Header, bytes.NewReader(body.text.Bytes()))
		if err != nil || body.cut {
			read.Ambiguity = errors.Join(read.Ambiguity, err, errUnclear)
		}
	}
	a := askedBeside(r, hit, read)
	hit, concerned := j.concerning(r, hit, a)
	switch {
	case hit.verdict == targetRefused:
		return hit, "refused", ruleOf(hit.reason)
	case len(concerned) == 0:
		return hit, "", ""
	case len(concerned) > 1:
		return hit, "refused", "several conditions"
	}
	hit.route, a.route = concerned[0], concerned[0]
	_, _, priceErr := a.price()
	switch {
	case priceErr != nil:
		return hit, "refused", "choice of price"
	case hit.route.UpstreamPriced:
		return hit, "priced", "MATCH"
	case hit.route.When != nil:
		return hit, "held", "WHEN"
	default:
		return hit, "held", "MATCH"
	}
}

// maxCopied is how much of a body is read on the way. For a larger body the outcome is not known.
const maxCopied = 256 << 10

// copied keeps what is read of a body, up to maxCopied.
type copied struct {
	io.ReadCloser
	text bytes.Buffer
	cut  bool
}

// Read reads, and keeps what it read.
func (c *copied) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	kept := min(n, maxCopied-c.text.Len())
	c.cut = c.cut || kept < n
	c.text.Write(p[:kept])
	return n, err
}
