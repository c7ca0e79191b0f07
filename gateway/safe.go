package gateway

import (
	"net/http"
	"slices"
	"strings"

	"paygate/gateway/reading"
)

// A safe method (GET, HEAD, OPTIONS) on the path of a submission route asks for the form, or about it. Many services let the pay
// code run on it all the same, where it brings a form in its body or its query. So it brings none: the body is dropped, OPTIONS
// goes without its query, HEAD goes as GET (services answer it by code of their own, or by the pay code), and a query or a cookie
// that the pay code may take for the form is refused. This holds for every reading of the path that counts for a POST.

// atSubmission are the patterns of submission routes whose path the target of a safe request may be, whatever their conditions on
// the query. A path with too many readings may be any.
func (j *judge) atSubmission(r *http.Request, t target) []*watched {
	// Most requests bring nothing at all.
	isBare := r.Method == http.MethodGet && t.query == "" && r.ContentLength == 0 && !strings.ContainsAny(t.path, "%&;")
	cookies := reading.Cookies(r.Header)
	if len(j.submitted) == 0 || isBare && len(cookies) == 0 && !slices.ContainsFunc(j.submitted, (*watched).runsOnGet) {
		return nil
	}
	read := reading.Of(t.path)
	allowed := j.isAllowed(http.MethodGet, t)
	return those(j.submitted, func(w *watched) bool {
		isAt := !read.Complete() || read.Have(w.pattern) || !allowed && w.hasWidely(read)
		return isAt && (!isBare || w.runsOnGet() || w.isPressedBy(cookies))
	})
}

// ruleSafe returns the refusal of a safe request at submission routes. It reports false if the request is not refused.
func (j *judge) ruleSafe(r *http.Request, t target, at []*watched) (ruling, bool) {
	cookies := reading.Cookies(r.Header)
	declared := j.declaredParameters(t)
	for _, w := range at {
		if !w.pattern.IsSaid(t.parameters(), cookies, len(cookies) > reading.MostParameters) {
			continue
		}
		refusal := w.refusesQuery(r.Method, t, declared)
		switch {
		case w.runsOnGet() && w.isExceededBy(t.path):
			refusal = errHandler
		case refusal == nil && w.isPressedBy(cookies):
			refusal = errCookieForm
		}
		if refusal != nil {
			return w.refused(t, http.StatusBadRequest, refusal), true
		}
	}
	return ruling{}, false
}

// isExceededBy tells of a path that may lead to the pay code whether it goes on beyond the pattern's: not where it is only the
// folder of an index document.
func (w *watched) isExceededBy(path string) bool {
	return !strings.HasPrefix(w.pattern.Path(), path) && !reading.Of(path).Have(w.pattern)
}

// isPressedBy reports whether some service takes a cookie for the pay button.
func (w *watched) isPressedBy(cookies []reading.Field) bool {
	return w.route.When != nil && w.route.When.metSomehow(cookies) != unmet
}

// declaredParameters are those of a GET that entries of ALLOW with conditions on the query have declared to be other code's.
func (j *judge) declaredParameters(t target) []string {
	var names []string
	for _, p := range j.allowed {
		if p.Method() == http.MethodGet && p.Matches(t.path) && p.Fits(t.query) == reading.Met {
			names = append(names, p.Parameters()...)
		}
	}
	return names
}

// refusesQuery says why the parameters of a safe request may be taken for the route's form; nil where they may not.
func (w *watched) refusesQuery(method string, t target, declared []string) error {
	isDeclared := func(f reading.Field) bool { return slices.Contains(declared, f.Name) }
	fields := reading.LooseQuery(t.parameters())
	if len(fields) > reading.MostParameters || slices.ContainsFunc(fields, reading.IsPostback) {
		return errPostback
	}
	when := w.route.When
	if fields = slices.DeleteFunc(fields, isDeclared); when != nil && when.mayBeInQuery(fields) {
		return errQueryForm
	}
	if carried := slices.DeleteFunc(reading.LooseQuery(t.carried(method)), isDeclared); !w.mayCarry(carried) {
		return errGetQuery
	}
	return nil
}

// mayBeInQuery reports whether some service takes a parameter of a query for the field: with its value, or with none.
func (c *Condition) mayBeInQuery(fields []reading.Field) bool {
	named, few := reading.Candidates(fields, func(f reading.Field) bool { return reading.MayName(f.Name, c.Field) })
	return !few || c.metSomehow(fields) != unmet || slices.ContainsFunc(named, func(f reading.Field) bool { return f.Value == "" })
}

// runsOnGet reports whether GET_QUERY says that the pay code runs on GET too. Then what comes after the path may be its form as
// well: CherryPy takes /licences/renew/pay for /licences/renew?action=pay.
func (w *watched) runsOnGet() bool { return len(w.route.GetQuery) > 0 }

// mayCarry reports whether GET_QUERY lists all parameters. The conditions of the pattern need not be listed.
func (w *watched) mayCarry(parameters []reading.Field) bool {
	if !w.runsOnGet() {
		return true
	}
	listed := append(w.pattern.Parameters(), w.route.GetQuery...)
	return !slices.ContainsFunc(parameters, func(f reading.Field) bool { return !slices.Contains(listed, f.Name) })
}

// safely is what the service gets of a request that passes, and what its answer is written to.
func (r ruling) safely(w http.ResponseWriter, asked *http.Request) (http.ResponseWriter, *http.Request) {
	switch {
	case !r.withoutForm:
		return w, asked
	case asked.Method == http.MethodHead:
		return headWriter{w}, withoutForm(asked, r.target)
	default:
		return w, withoutForm(asked, r.target)
	}
}

// withoutForm is a safe request without what a service may take for a form. Its answer has no body where it was HEAD.
func withoutForm(r *http.Request, t target) *http.Request {
	safe := r.WithContext(r.Context())
	safe.Header = r.Header.Clone()
	safe.Body, safe.ContentLength, safe.TransferEncoding = http.NoBody, 0, nil
	for _, name := range []string{"Content-Type", "Content-Encoding", "Content-Length"} {
		safe.Header.Del(name)
	}
	switch r.Method {
	case http.MethodHead:
		safe.Method = http.MethodGet
		safe.Header.Del("Upgrade") // it opens no WebSocket
	case http.MethodOptions:
		safe.RequestURI = t.path
	}
	return safe
}

// headWriter drops the body of the answer to a HEAD that went to the service as GET.
type headWriter struct{ http.ResponseWriter }

// Write discards the body.
func (headWriter) Write(text []byte) (int, error) { return len(text), nil }

// Unwrap lets http.ResponseController flush and hijack.
func (w headWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
