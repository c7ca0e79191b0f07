package match

import (
	"net/http"
	"slices"

	"paygate/gateway/canon"
	"paygate/gateway/form"
)

// Action says what to do with a request.
type Action int

const (
	Forward  Action = iota // it concerns no pay route: forward it unchanged
	Refuse                 // answer with Decision.Status, and never forward it
	Own                    // it is under Paygate's own prefix
	Redirect               // it is a GET in another spelling of a pay route: redirect it to Decision.Path
	Pay                    // it is exactly for a pay route
)

// Decision is what Classify decides about a request.
type Decision struct {
	Action Action
	Target Target
	// Path is the target's path; for Pay, without path parameters; for Redirect, in the pattern's own spelling.
	Path string
	// Route is the first of the routes that the request is for, or the one that a refused request is near, if any.
	Route *Route

	// For Refuse: the status is 400, or 405 or 501 for methods. Decoders lead from the path to that of the route.
	Status   int
	Reason   error
	Decoders []canon.Decoder

	// For Pay: what the wildcards match, and the routes with this pattern, in the order of the settings. There is
	// more than one only if conditions on the form tell them apart.
	Captured map[string]string
	Routes   []*Route
	// Concerned lists the routes whose condition the form meets, or may meet. WithForm sets it.
	Concerned []*Route

	// WithoutForm means, for Forward and Pay, that a safe method asks for the path of a submission: forward the request
	// without anything that may be taken for a form.
	WithoutForm bool

	others        []string  // for Pay: the methods of other routes at the same address
	besideCharged bool      // for Pay: one of these costs money
	next          *Decision // for Pay: if the form meets none of the conditions; nil if the request is free then
	unmet         []Pattern // that match the target except for conditions that other parts of the request may meet
	contested     []Pattern // for Pay: the pattern, if only its conditions on the query tell it from another route's
	refusesAction bool      // the request is refused if it is free
}

// refuse returns the decision to refuse the request.
func (d Decision) refuse(near *Route, status int, reason error) Decision {
	return Decision{Action: Refuse, Target: d.Target, Status: status, Reason: reason, Route: near}
}

// forward returns the decision to forward the request, unless it calls a Server Action that is refused.
func (d Decision) forward() Decision {
	if d.refusesAction {
		return d.refuse(nil, http.StatusBadRequest, errAction)
	}
	return Decision{Target: d.Target, Path: d.Target.Path, unmet: d.unmet}
}

// IsFree reports, for Pay, whether the request costs nothing at the moment, whatever its form contains.
func (d Decision) IsFree() bool {
	isCharged := func(r *Route) bool { return !r.Free }
	return (d.next == nil || d.next.IsFree()) && !slices.ContainsFunc(d.Routes, isCharged)
}

// MayBeOverridden reports, for Pay, whether a free request may be for a route that costs money: its form may name the
// method of one at the same address.
func (d Decision) MayBeOverridden() bool {
	return d.besideCharged || d.next != nil && d.next.MayBeOverridden()
}

// WithForm returns the decision on a request for a pay route whose form has been read. It may be a decision on a less
// specific pattern, if the form meets no condition of the routes. It refuses a form that is neither clearly the pay
// route's nor clearly free, and one that is not clearly the route's if it would otherwise be for a less specific one,
// which may cost more. It also refuses a form that some service takes for another route's, because of a field that
// names the method.
func (d Decision) WithForm(s form.Submission) Decision {
	met, unclear := d.routesFor(s)
	concerned := slices.Concat(met, unclear)
	isFree := func(r *Route) bool { return r.Free }
	switch {
	case s.CouldOverride(d.others):
		return d.refuse(d.Route, http.StatusUnprocessableEntity, ErrUnclear)
	case len(concerned) == 0 && d.next != nil:
		return d.next.WithForm(s)
	case len(concerned) == 0 && d.Action == Refuse:
		return d
	case len(concerned) == 0:
		return Decision{Target: d.Target, refusesAction: d.refusesAction}.forward()
	case len(met) == 0 && !slices.ContainsFunc(unclear, isFree),
		len(concerned) == 1 && d.next != nil && !d.IsFree() && !concerned[0].When.IsClearlyMet(s):
		return d.refuse(concerned[0], http.StatusUnprocessableEntity, ErrUnclear)
	default:
		d.Concerned = concerned
		return d
	}
}

func (d Decision) routesFor(s form.Submission) (met, unclear []*Route) {
	for _, route := range d.Routes {
		fit := form.Met
		if route.When != nil {
			fit = route.When.Fits(s)
		}
		switch fit {
		case form.Met:
			met = append(met, route)
		case form.Unclear:
			unclear = append(unclear, route)
		}
	}
	return met, unclear
}
