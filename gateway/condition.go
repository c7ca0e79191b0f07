package gateway

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"paygate/gateway/reading"
)

// Condition limits a route to the submissions that have a form field, with one value or with any value.
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
		var concerned, doubtful []*Route
		for _, route := range r.routes {
			switch route.fits(a) {
			case met:
				concerned = append(concerned, route)
			case unclear:
				doubtful = append(doubtful, route)
			}
		}
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

// fits judges a request by the route's condition. If some reading of the request meets it, it is a pay request, unless
// the field plainly has another value: then somebody pressed another button, and is not charged.
func (r *Route) fits(a asked) fit {
	if r.When == nil {
		return met
	}
	isAnother := func(f reading.Field) bool { return f.Name != r.When.Field || f.File || f.Group }
	plain := slices.DeleteFunc(slices.Clone(a.form.Fields), isAnother)
	isOther := func(f reading.Field) bool { return !r.When.isMetBy(f) }
	switch {
	case len(plain) > 0 && !slices.ContainsFunc(plain, isOther):
		return met
	case a.form.Ambiguity != nil: // what we cannot read the service may
		return unclear
	case slices.ContainsFunc(plain, r.When.isMetBy):
		return met
	}
	maybe := r.When.metSomehow(a.sent())
	if maybe == unmet && len(plain) == 0 {
		maybe = r.When.metByEventTarget(a.sent())
	}
	switch {
	case maybe == met && len(plain) == 0:
		return met
	case maybe != unmet, r.When.metSomehow(a.cookies) != unmet: // a cookie is nothing that a citizen pressed
		return unclear
	default:
		return unmet
	}
}

// isPlainlyMetBy reports whether a form meets the condition in the eyes of every service.
func (c *Condition) isPlainlyMetBy(a asked) bool {
	isPlain := func(f reading.Field) bool { return f.Name == c.Field && !f.File && !f.Group && c.isMetBy(f) }
	if a.form.Ambiguity != nil || !slices.ContainsFunc(a.form.Fields, isPlain) && c.metByEventTarget(a.form.Fields) != met {
		return false
	}
	isNamed := func(f reading.Field) bool { return f.MayBeNamed(c.Field) }
	others, few := reading.Candidates(slices.DeleteFunc(a.readable(), isPlain), isNamed)
	return few && len(others) == 0
}

// isMetBy reports whether a field with exactly the condition's name meets it.
func (c *Condition) isMetBy(f reading.Field) bool {
	return c.AnyValue || f.Value == c.Value && !f.Cut
}

// metSomehow tells whether some service may read a field that meets the condition. Where there is too much to judge, that
// is unclear.
func (c *Condition) metSomehow(fields []reading.Field) fit {
	found, few := reading.Candidates(fields, c.mayBeNamed)
	isEnough := func(f reading.Field) bool { return c.AnyValue || f.File }
	return fitOf(slices.ContainsFunc(found, isEnough) || reading.AnyMayBe(found, c.values()...), few)
}

// metByEventTarget tells whether a field says that the condition's field is what was pressed: ASP.NET Web Forms goes by
// it, and asks for no value.
func (c *Condition) metByEventTarget(fields []reading.Field) fit {
	isTarget := func(f reading.Field) bool { return reading.IsNamed(f.Name, "__EVENTTARGET") }
	found, few := reading.Candidates(fields, isTarget)
	isPressed := func(f reading.Field) bool { return f.Cut || reading.IsControl(f.Value, c.Field) }
	return fitOf(slices.ContainsFunc(found, isPressed), few)
}

func fitOf(isMet, few bool) fit {
	switch {
	case isMet:
		return met
	case !few:
		return unclear
	default:
		return unmet
	}
}

// mayBeNamed reports whether some service may take a field for the condition's by its name.
func (c *Condition) mayBeNamed(f reading.Field) bool {
	switch {
	case c.AnyValue:
		return reading.IsControl(f.Name, c.Field) || reading.IsControl(withoutPosition(f.Name), c.Field)
	case f.File:
		return reading.IsNamed(f.Name, c.Field)
	default:
		return f.MayBeNamed(c.Field)
	}
}

// values are those that meet the condition. Where the field says the method, PUT and PATCH are the same: Rails and Laravel
// lead both to one action.
func (c *Condition) values() []string {
	isUpdate := strings.EqualFold(c.Value, "put") || strings.EqualFold(c.Value, "patch")
	if isUpdate && reading.NamesAlike(c.Field, "_method") {
		return []string{"put", "patch"}
	}
	return []string{c.Value}
}

// withoutPosition returns the name of an image button without its coordinate: pay.x, or pay_x in PHP.
func withoutPosition(name string) string {
	lower := strings.ToLower(name)
	for _, suffix := range []string{".x", ".y", "_x", "_y"} {
		if strings.HasSuffix(lower, suffix) {
			return name[:len(name)-len(suffix)]
		}
	}
	return name
}
