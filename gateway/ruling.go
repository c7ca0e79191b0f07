package gateway

import (
	"errors"
	"net/http"
	"slices"

	"paygate/gateway/marker"
	"paygate/gateway/reading"
)

// verdict is what is to become of a request, judged by its method and target.
type verdict int

const (
	targetFree      verdict = iota // nothing takes it for a pay route: forwarded as it came
	targetRefused                  // answered with ruling.status, never forwarded
	targetOwn                      // under our own prefix
	targetMarked                   // a held request's address, where its reply is shown; never forwarded
	targetPlainPath                // some reading is a pay route: the browser is sent to the plain spelling
	targetPay                      // exactly a pay route
)

// ruling is a verdict with what it rests on.
type ruling struct {
	verdict verdict
	target  target
	marker  marker.Marker // of targetMarked

	// Of targetRefused: 400 for what is not plain, 405 and 501 for methods; why, for the log, without any part of the target.
	status int
	reason error

	// Of targetPay: the routes whose pattern this is, in the order of the settings. There is more than one only where
	// their conditions on the form tell them apart; route is the first. Of targetRefused: the route that is near, if any.
	route  *Route
	routes []*Route

	// Of targetPay: the ruling where none of the routes' conditions on the form holds; nil where the request is free then.
	otherwise *ruling

	// Of targetFree and targetPay: patterns that the target is of but for the conditions on its query, which other parts of the
	// request may meet.
	elsewhere []reading.Pattern

	// Of targetPay: the pattern, where its conditions on the query stand between it and another route's at the same path. Nothing
	// in the request may contradict them.
	contested []reading.Pattern

	// Of targetFree and targetPay: a safe method at the path of a submission, which passes without a form (safe.go).
	withoutForm bool

	path     string            // of targetPay: what the service is asked for, without path parameters; of targetPlainPath: the plain spelling
	query    string            // raw
	captured map[string]string // of targetPay: what the wildcards of route stand for
}

// at is the ruling on a request that had a marker. To look at a reply is no request to the service, whatever its address; any
// other method is one to the held address.
func (r ruling) at(m marker.Marker, method string) ruling {
	isTarget := r.target.path != "" // and not refused before it was read
	if !m.Present || !isTarget || r.verdict == targetOwn || method != http.MethodGet && method != http.MethodHead {
		return r
	}
	return ruling{verdict: targetMarked, target: r.target, path: r.path, query: r.query, marker: m}
}

// isFree tells of targetPay that the request costs nothing just now, whatever its form says.
func (r ruling) isFree() bool {
	return (r.otherwise == nil || r.otherwise.isFree()) && !slices.ContainsFunc(r.routes, func(route *Route) bool { return !route.Mode.TakesNothing() })
}

// kind is the ruling's name in the metrics.
func (r ruling) kind() string {
	switch r.verdict {
	case targetOwn, targetMarked:
		return "own"
	case targetPay:
		return "pay"
	case targetRefused, targetPlainPath:
		return "refused"
	default:
		return "pass_through"
	}
}

// refused is the ruling on a target that is too near to the pattern.
func (w *watched) refused(t target, status int, reason error) ruling {
	return ruling{verdict: targetRefused, target: t, status: status, reason: reason, route: w.route}
}

func free(t target) ruling { return ruling{target: t, path: t.path, query: t.query} }

var (
	errMethod      = errors.New("the method is not let through")
	errPayMethod   = errors.New("the method is not one of the pay route's")
	errAmbiguous   = errors.New("the target may be read as a pay route's, but is not exactly it")
	errConnection  = errors.New("the Connection header names a header that is meant for the service")
	errHandler     = errors.New("the target may lead a handler to the pay route's code, but is not exactly it")
	errPostback    = errors.New("the query may be taken for a form that comes back")
	errQueryForm   = errors.New("the query may be taken for the form that costs money")
	errCookieForm  = errors.New("a cookie may be taken for the form that costs money")
	errGetQuery    = errors.New("the query has a parameter that GET_QUERY does not list")
	errAction      = errors.New("a Next.js Server Action was called, which PAYGATE_NEXT_ACTIONS refuses off the pay routes")
	errManyReading = errors.New("the target has too many readings to judge")
)
