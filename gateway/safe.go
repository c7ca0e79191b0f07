package gateway

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"paygate/gateway/reading"
)

// A safe method (GET, HEAD, OPTIONS) on the path of a submission route asks for the form, or about it. Many services let the pay
// code run on it all the same, where it brings a form in its body or its query. So it brings none: the body is dropped, OPTIONS
// goes without its query, HEAD goes as GET (services answer it by code of their own, or by the pay code), and a query that the pay
// code may take for the form is refused. This holds for every reading of the path that counts for a POST.

// atSubmission are the patterns of submission routes whose path the target of a safe request may be, whatever their conditions on
// the query. A path with too many readings may be any.
func (j *judge) atSubmission(r *http.Request, t target) []*watched {
	// Most requests bring nothing at all.
	isBare := r.Method == http.MethodGet && t.query == "" && r.ContentLength == 0 && !strings.ContainsAny(t.path, "%&;")
	if len(j.submitted) == 0 || isBare && !slices.ContainsFunc(j.submitted, (*watched).runsOnGet) {
		return nil
	}
	read := reading.Of(t.path)
	allowed := j.isAllowed(http.MethodGet, t)
	return those(j.submitted, func(w *watched) bool {
		return !read.Complete() || read.Have(w.pattern) || !allowed && w.hasWidely(read)
	})
}

// ruleSafe reports the refusal of a safe request at submission routes; false where it is not refused.
func (j *judge) ruleSafe(r *http.Request, t target, at []*watched) (ruling, bool) {
	if i := slices.IndexFunc(at, func(w *watched) bool { return w.runsOnGet() && !reading.Of(t.path).Have(w.pattern) }); i >= 0 {
		return at[i].refused(t, http.StatusBadRequest, errHandler), true
	}
	inPath := parametersInPath(t.path)
	if t.query == "" && inPath == "" {
		return ruling{}, false
	}
	cookies := reading.Cookies(r.Header)
	for _, w := range at {
		if !w.pattern.IsSaid(t.query, cookies, len(cookies) > reading.MostParameters) {
			continue
		}
		if refusal := w.route.refusesQuery(t.query + "&" + inPath); refusal != nil && (refusal == errPostback || !j.allowsQuery(t)) {
			return w.refused(t, http.StatusBadRequest, refusal), true
		}
		if r.Method != http.MethodOptions && !w.mayCarry(t.query) && !j.allowsQuery(t) {
			return w.refused(t, http.StatusBadRequest, errGetQuery), true
		}
	}
	return ruling{}, false
}

// parametersInPath is what some server takes for a query in a path: what is behind a "?", a "&" or a ";", escaped or not.
func parametersInPath(path string) string {
	if !strings.ContainsAny(path, "%&;") {
		return ""
	}
	var found []string
	for range 5 { // nobody escapes more often for a good reason
		if at := strings.IndexAny(path, "?&;"); at >= 0 {
			found = append(found, path[at+1:])
		}
		decoded, err := url.PathUnescape(path)
		if err != nil || decoded == path {
			break
		}
		path = decoded
	}
	return strings.ReplaceAll(strings.Join(found, "&"), "?", "&")
}

// allowsQuery reports whether an entry of ALLOW with conditions on the query has declared just this GET to be other code.
func (j *judge) allowsQuery(t target) bool {
	return slices.ContainsFunc(j.allowed, func(p reading.Pattern) bool {
		return len(p.Parameters()) > 0 && p.Method() == http.MethodGet && p.Matches(t.path) && p.Fits(t.query) == reading.Met
	})
}

// refusesQuery says why a query may be taken for the route's form; nil where it may not.
func (r *Route) refusesQuery(query string) error {
	fields := reading.LooseQuery(query)
	switch {
	case len(fields) > reading.MostParameters, slices.ContainsFunc(fields, reading.IsPostback):
		return errPostback
	case r.When != nil && slices.ContainsFunc(fields, r.When.mayBeInQuery):
		return errQueryForm
	default:
		return nil
	}
}

// mayBeInQuery reports whether some service takes a parameter of a query for the field: with its value, or with none.
func (c *Condition) mayBeInQuery(f reading.Field) bool {
	return c.mayBeMetBy(f) || f.Value == "" && reading.MayName(f.Name, c.Field)
}

// runsOnGet reports whether GET_QUERY says that the pay code runs on GET too. Then what comes after the path may be its form as
// well: CherryPy takes /licences/renew/pay for /licences/renew?action=pay.
func (w *watched) runsOnGet() bool { return len(w.route.GetQuery) > 0 }

// mayCarry reports whether GET_QUERY lists every parameter of a query. Conditions of the pattern need not be listed.
func (w *watched) mayCarry(query string) bool {
	if !w.runsOnGet() {
		return true
	}
	listed := append(w.pattern.Parameters(), w.route.GetQuery...)
	return !slices.ContainsFunc(reading.LooseQuery(query), func(f reading.Field) bool { return !slices.Contains(listed, f.Name) })
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
	case http.MethodOptions:
		safe.RequestURI = t.path
	}
	return safe
}

// headWriter drops the body of the answer to a HEAD that went to the service as GET.
type headWriter struct{ http.ResponseWriter }

// Write drops what a HEAD has no use for.
func (headWriter) Write(text []byte) (int, error) { return len(text), nil }

// Unwrap lets http.ResponseController flush and hijack.
func (w headWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
