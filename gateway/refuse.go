package gateway

import (
	"errors"
	"net/http"

	"paygate/gateway/canon"
	"paygate/gateway/match"
	"paygate/gateway/pages"
)

// refuser answers requests that are refused.
type refuser struct {
	*responder
	routes routes
}

// refuse answers a refused request and closes the connection, because servers may read its other content differently.
func (f *refuser) refuse(w http.ResponseWriter, r *http.Request, d match.Decision) {
	noted := []any{"status", d.Status, "reason", d.Reason, "rule", match.RuleOf(d.Reason), "method", f.methodName(r)}
	if d.Route != nil {
		noted = append(noted, "route", d.Route.Name, "declare", match.Remedy(d.Reason, f.routes.of(d.Route).Setting))
	}
	if len(d.Decoders) > 0 {
		decoded, servers := canon.Describe(d.Decoders)
		noted = append(noted, "decoded", decoded, "servers", servers)
	}
	f.log.InfoContext(r.Context(), "refused", noted...)
	w.Header().Set("Connection", "close")
	refused := answer{status: d.Status, page: pages.BadAddress}
	unread, isUnread := errors.AsType[unreadBody](d.Reason)
	switch {
	case isUnread:
		refused = unreadable(unread.cause)
	case errors.Is(d.Reason, match.ErrUnclear):
		refused.page = pages.Unclear
	case d.Status == http.StatusMethodNotAllowed:
		refused.page = pages.MethodUnknown
	}
	f.answer(w, r, refused)
}
