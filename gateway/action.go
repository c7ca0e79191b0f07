package gateway

import "net/http"

// A call of a Next.js Server Action names the code by an id in the header Next-Action, and reaches it at any address of
// the service.

// refusesAction reports whether a request calls a Server Action and has to be refused off the pay routes.
func (j *judge) refusesAction(r *http.Request) bool {
	return j.noActions && len(r.Header["Next-Action"]) > 0
}

// withoutAction refuses a free request that calls a Server Action, if the settings say so.
func (r ruling) withoutAction(refused bool) ruling {
	if !refused || r.verdict != targetFree {
		return r
	}
	return ruling{verdict: targetRefused, target: r.target, status: http.StatusBadRequest, reason: errAction}
}

// concerning returns the ruling on a request at a pay route once its form has been read, and the routes whose condition
// it meets: none if the request is free or refused.
func (j *judge) concerning(r *http.Request, hit ruling, a asked) (ruling, []*Route) {
	hit, concerned := hit.concerning(a)
	if len(concerned) == 0 && hit.verdict != targetRefused {
		return free(hit.target).withoutAction(j.refusesAction(r)), nil
	}
	return hit, concerned
}
