package match

import (
	"net/http"
	"slices"
	"strings"

	"paygate/gateway/form"
)

// A safe method (GET, HEAD, OPTIONS) on the path of a submission route asks for the form, or about it. But many
// services run the pay code for such a request if it carries a form in its body or its query. So Paygate forwards it
// without a form: it drops the body, sends OPTIONS without its query and HEAD as GET (services answer HEAD with other
// code, or with the pay code), and refuses a query or a cookie that the pay code may take for the form. This holds
// for every interpretation of the path that counts for a POST.

func (c *Classifier) classifySafe(r *http.Request, t Target, paths func() *Paths) Decision {
	cookies := form.Cookies(r.Header)
	at := c.submissionsAt(r, t, paths, cookies)
	for _, w := range at {
		if !w.pattern.couldBeMet(t.parameters(), cookies, len(cookies) > form.MaxParameters) {
			continue
		}
		if reason := w.refusesSafe(r.Method, t, cookies, c.declaredParameters(t)); reason != nil {
			return Decision{Target: t}.refuse(w.route, http.StatusBadRequest, reason)
		}
	}
	d := c.find(r, t, paths, c.gets)
	d.WithoutForm = len(at) > 0
	return d
}

// submissionsAt returns the rules of submission routes whose path the target of a safe request may be, whatever their
// conditions on the query. A path with too many interpretations may be any.
func (c *Classifier) submissionsAt(r *http.Request, t Target, interpret func() *Paths, cookies []form.Field) []*rule {
	isBare := r.Method == http.MethodGet && t.Query == "" && r.ContentLength == 0 &&
		!strings.ContainsAny(t.Path, "%&;") // like most requests
	couldRun := c.submissions
	if isBare {
		couldRun = filter(couldRun, func(w *rule) bool {
			return w.runsOnGet() || len(cookies) > 0 &&
				w.route.When != nil
		})
	}
	if len(couldRun) == 0 {
		return nil
	}
	paths := interpret()
	isAllowed := c.isAllowed(http.MethodGet, t)
	return filter(couldRun, func(w *rule) bool {
		return (!paths.Complete() || w.isFor(paths, isAllowed)) && (!isBare || w.runsOnGet() || w.isPressedBy(cookies))
	})
}

// declaredParameters returns the parameters of a GET that lead to other code, as entries of ALLOW with conditions on
// the query declare.
func (c *Classifier) declaredParameters(t Target) []string {
	var names []string
	for _, p := range c.allowed {
		if p.Method() == http.MethodGet && p.IsAt(t.Path, t.Query) {
			names = append(names, p.Parameters()...)
		}
	}
	return names
}

// refusesSafe returns why a safe request for the rule's path is refused, or nil.
func (w *rule) refusesSafe(method string, t Target, cookies []form.Field, declared []string) error {
	if w.runsOnGet() && w.isExceededBy(t.Path) {
		return ErrHandler
	}
	if reason := w.refusesQuery(method, t, declared); reason != nil {
		return reason
	}
	if w.isPressedBy(cookies) {
		return ErrCookieForm
	}
	return nil
}

// isExceededBy reports whether a path that may lead to the pay code goes on after the pattern's, other than the
// folder of an index document.
func (w *rule) isExceededBy(path string) bool {
	return !strings.HasPrefix(w.pattern.Path(), path) && !w.pattern.MatchesCanonical(Interpret(path))
}

// isPressedBy reports whether some service takes a cookie for the pay button.
func (w *rule) isPressedBy(cookies []form.Field) bool {
	return w.route.When != nil && w.route.When.CouldBeMetBy(cookies) != form.Unmet
}

// refusesQuery returns why the parameters of a safe request may be taken for the route's form, or nil. The declared
// parameters lead to other code.
func (w *rule) refusesQuery(method string, t Target, declared []string) error {
	isDeclared := func(f form.Field) bool { return slices.Contains(declared, f.Name) }
	fields := form.LooseQuery(t.parameters())
	if len(fields) > form.MaxParameters || slices.ContainsFunc(fields, form.IsPostback) {
		return ErrPostback
	}
	fields = slices.DeleteFunc(fields, isDeclared)
	if w.route.When != nil && w.route.When.CouldBeInQuery(fields) {
		return ErrQueryForm
	}
	if carried := slices.DeleteFunc(form.LooseQuery(t.carried(method)), isDeclared); !w.mayCarry(carried) {
		return ErrGetQuery
	}
	return nil
}

// mayCarry reports whether GET_QUERY lists all parameters. The conditions of the pattern need not be listed.
func (w *rule) mayCarry(parameters []form.Field) bool {
	if !w.runsOnGet() {
		return true
	}
	listed := append(w.pattern.Parameters(), w.route.GetQuery...)
	return !slices.ContainsFunc(parameters, func(f form.Field) bool { return !slices.Contains(listed, f.Name) })
}
