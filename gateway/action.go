package gateway

import "net/http"

// A call of a Next.js Server Action names the code that it wants by a number, in the header Next-Action, and reaches it at any
// address of the service.

// refusesAction reports whether a request calls a Server Action, and may only do so on a pay route.
func (j *judge) refusesAction(r *http.Request) bool {
	return j.noActions && len(r.Header["Next-Action"]) > 0
}

// withoutAction refuses what is free, where it is refused for calling a Server Action.
func (r ruling) withoutAction(refused bool) ruling {
	if !refused || r.verdict != targetFree {
		return r
	}
	return ruling{verdict: targetRefused, target: r.target, status: http.StatusBadRequest, reason: errAction}
}

// concerning is the ruling on a request at a pay route once its form has been read, with the routes whose condition it meets. There
// are none where the request is free or refused.
func (j *judge) concerning(r *http.Request, hit ruling, a asked) (ruling, []*Route) {
	hit, concerned := hit.concerning(a)
	if len(concerned) == 0 && hit.verdict != targetRefused {
		return free(hit.target).withoutAction(j.refusesAction(r)), nil
	}
	return hit, concerned
}
