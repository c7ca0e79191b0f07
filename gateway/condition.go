package gateway

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"paygate/gateway/reading"
)

// Condition narrows a route to the submissions that have a form field: with one value, or with any.
type Condition struct {
	Field    string
	Value    string
	AnyValue bool
}

// fit is how a request fits a route's condition on the form.
type fit int

const (
	unmet   fit = iota
	unclear     // some services may read what meets it, and it is not plain that this one does
	met
)

var errUnclear = errors.New("the form does not say clearly whether it is for the pay route")

// concerning is the ruling, this one or one on a less specific pattern, that has routes whose condition on the form
// holds, with those routes; there are none where the request is free. A form that is not plainly the pay route's, nor
// plainly free, is refused: it may be either. So is one that is not plainly the route's where it would be a less
// specific one's otherwise, which may cost more.
func (r ruling) concerning(a asked) (ruling, []*Route) {
	for {
		concerned := r.routesThat(a, met)
		doubtful := r.routesThat(a, unclear)
		all := slices.Concat(concerned, doubtful)
		isFree := func(route *Route) bool { return route.Mode.TakesNothing() }
		switch {
		case len(all) == 0 && r.otherwise != nil:
			r = *r.otherwise
			continue
		case len(concerned) == 0 && len(doubtful) > 0 && !slices.ContainsFunc(doubtful, isFree),
			len(all) == 1 && r.otherwise != nil && !r.isFree() && !all[0].When.isPlainlyMetBy(a):
			return r.unclear(all[0]), nil
		default:
			return r, all
		}
	}
}

// unclear is the ruling on a form of which nobody knows whether it is the route's.
func (r ruling) unclear(route *Route) ruling {
	return ruling{
		verdict: targetRefused, target: r.target, status: http.StatusUnprocessableEntity, reason: errUnclear, route: route,
	}
}

// routesThat are those, of the routes at one address, whose condition the request fits so.
func (r ruling) routesThat(a asked, fits fit) []*Route {
	return slices.DeleteFunc(slices.Clone(r.routes), func(route *Route) bool { return route.fits(a) != fits })
}

// fits judges a request by the route's condition. If some reading of the request meets it, it is a pay request, unless
// the field plainly has another value: then somebody pressed another button, and is not charged.
func (r *Route) fits(a asked) fit {
	if r.When == nil {
		return met
	}
	plain := slices.DeleteFunc(slices.Clone(a.form.Fields), func(f reading.Field) bool { return f.Name != r.When.Field || f.File || f.Group })
	isOther := func(f reading.Field) bool { return !r.When.isMetBy(f) }
	maybe := slices.ContainsFunc(a.sent(), r.When.mayBeMetBy) || len(plain) == 0 && slices.ContainsFunc(a.sent(), r.When.isEventTarget)
	switch {
	case len(plain) > 0 && !slices.ContainsFunc(plain, isOther), a.form.Ambiguity == nil && slices.ContainsFunc(plain, r.When.isMetBy):
		return met
	case maybe && len(plain) == 0 && a.form.Ambiguity == nil:
		return met
	case maybe, a.form.Ambiguity != nil, // what we cannot read the service may
		slices.ContainsFunc(a.cookies, r.When.mayBeMetBy): // and a cookie is nothing that a citizen pressed
		return unclear
	default:
		return unmet
	}
}

// isPlainlyMetBy reports whether a form meets the condition in the eyes of every service.
func (c *Condition) isPlainlyMetBy(a asked) bool {
	isPlain := func(f reading.Field) bool {
		return f.Name == c.Field && !f.File && !f.Group && c.isMetBy(f) || c.isEventTarget(f)
	}
	isOther := func(f reading.Field) bool { return !isPlain(f) && f.MayBeNamed(c.Field) }
	return a.form.Ambiguity == nil && slices.ContainsFunc(a.form.Fields, isPlain) && !slices.ContainsFunc(a.readable(), isOther)
}

// isMetBy reports whether a field with exactly the condition's name meets it.
func (c *Condition) isMetBy(f reading.Field) bool {
	return c.AnyValue || f.Value == c.Value && !f.Cut
}

// mayBeMetBy reports whether a field meets the condition in the eyes of some service.
func (c *Condition) mayBeMetBy(f reading.Field) bool {
	switch {
	case c.AnyValue:
		return reading.IsControl(f.Name, c.Field) || reading.IsControl(withoutPosition(f.Name), c.Field)
	case f.File:
		return reading.IsNamed(f.Name, c.Field)
	default:
		return f.MayBeNamed(c.Field) && (f.MayBe(c.Value) || c.isSameAction(f))
	}
}

// isSameAction reports whether a field that says the method says PUT where the condition's value is PATCH, or the
// other way round: Rails and Laravel lead both to the same action.
func (c *Condition) isSameAction(f reading.Field) bool {
	isUpdate := func(method string) bool {
		return strings.EqualFold(method, "put") || strings.EqualFold(method, "patch")
	}
	return reading.NamesAlike(c.Field, "_method") && isUpdate(c.Value) && (f.MayBe("put") || f.MayBe("patch"))
}

// isEventTarget reports whether the field says that the condition's field is what was pressed: ASP.NET Web Forms goes
// by it, and asks for no value.
func (c *Condition) isEventTarget(f reading.Field) bool {
	return reading.IsNamed(f.Name, "__EVENTTARGET") && (f.Cut || reading.IsControl(f.Value, c.Field))
}

// withoutPosition is the name of an image button without that of the coordinate: pay.x, or pay_x as PHP has it.
func withoutPosition(name string) string {
	lower := strings.ToLower(name)
	for _, suffix := range []string{".x", ".y", "_x", "_y"} {
		if strings.HasSuffix(lower, suffix) {
			return name[:len(name)-len(suffix)]
		}
	}
	return name
}
