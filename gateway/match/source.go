package match

import (
	"net/http"
	"slices"

	"paygate/gateway/form"
)

// A condition on the query ("?page=apply") is compared with the query. But some services read their parameters from
// any source (Java's getParameter, PHP's $_REQUEST, Rack's params, ASP.NET's Request): a form or a cookie can lead
// them to the same code (HTTP parameter pollution). So if only the conditions on the query are unmet, Paygate looks
// at the other sources too, and refuses what may meet the conditions. It also refuses what may contradict conditions
// that the query meets, if the request would be another route's without them.

// NeedsForm reports whether parameters from another source than the query could change the decision. The caller reads
// the form and calls [Decision.WithOtherSources].
func (d Decision) NeedsForm() bool { return len(d.unmet)+len(d.contested) > 0 }

// WithOtherSources returns the decision on a request whose form and cookies have been read. unclear means that
// services may read fields other than these.
func (d Decision) WithOtherSources(fields []form.Field, unclear bool) Decision {
	isContradicted := func(p Pattern) bool { return unclear || p.isContradictedBy(fields) }
	couldBeMet := func(p Pattern) bool { return p.couldBeMet(d.Target.Query, fields, unclear) }
	if slices.ContainsFunc(d.contested, isContradicted) || slices.ContainsFunc(d.unmet, couldBeMet) {
		return d.refuse(nil, http.StatusBadRequest, errOtherSource)
	}
	return d
}

// RefuseUnread returns the decision to refuse a request whose form could not be read.
func (d Decision) RefuseUnread(status int, reason error) Decision {
	return d.refuse(nil, status, reason)
}

// unmetPatterns returns the patterns that the target matches except for conditions on the query.
func (s *search) unmetPatterns(rules []*rule) []Pattern {
	conditional := filter(rules, func(w *rule) bool { return w.level > exact && len(w.pattern.conditions) > 0 })
	if len(conditional) == 0 {
		return nil
	}
	paths := s.paths
	if s.path != s.base.Target.Path {
		paths = Interpret(s.path)
	}
	var found []Pattern
	for _, w := range conditional {
		if w.isFor(paths, s.isAllowed) && w.pattern.Fits(s.base.Target.Query) == form.Unmet {
			found = append(found, w.pattern)
		}
	}
	return found
}

// couldBeMet reports whether a request meets the pattern's conditions if a service takes its parameters from any
// source: the query, the fields of the form, and the cookies.
func (p Pattern) couldBeMet(query string, fields []form.Field, unclear bool) bool {
	return unclear || !slices.ContainsFunc(p.conditions, func(c form.Parameter) bool {
		return c.Fits(query) == form.Unmet && !c.CouldBeIn(fields)
	})
}

// isContradictedBy reports whether some service may take another value for one of the pattern's conditions from the
// fields of a form or the cookies.
func (p Pattern) isContradictedBy(fields []form.Field) bool {
	return slices.ContainsFunc(p.conditions, func(c form.Parameter) bool { return c.IsContradictedBy(fields) })
}
