package gateway

import "errors"

// ruleOf returns the short name, for logs and reports, of the rule by which a request is refused.
func ruleOf(reason error) string {
	for name, reasons := range map[string][]error{
		"method":            {errMethod, errPayMethod},
		"near spelling":     {errAmbiguous},
		"wide reading":      {errHandler},
		"too many readings": {errManyReading},
		"other parameters":  {errElsewhere},
		"query of a page":   {errPostback, errQueryForm, errCookieForm, errGetQuery},
		"server action":     {errAction},
		"Connection header": {errConnection},
		"unclear form":      {errUnclear},
	} {
		for _, r := range reasons {
			if errors.Is(reason, r) {
				return name
			}
		}
	}
	return "address"
}

// remedy returns, for the log, the route that a refused request is near, and the setting that lets it pass if it is a
// request of the service's own.
func (r ruling) remedy() []any {
	if r.route == nil {
		return nil
	}
	return []any{"route", r.route.Name, "declare", r.route.declares(r.reason)}
}

// declares returns which settings of the route declare a request that was refused for this reason.
func (r *Route) declares(reason error) string {
	aliases := r.Setting + "ALIASES, if it leads to the pay code"
	switch {
	case errors.Is(reason, errHandler):
		return aliases + "; " + r.Setting + "ALLOW, if it leads to other code"
	case errors.Is(reason, errGetQuery):
		return r.Setting + "GET_QUERY, if the page takes the parameter"
	case errors.Is(reason, errQueryForm):
		return r.Setting + "ALLOW, as GET with this path and query, if it only shows a page"
	case errors.Is(reason, errUnclear):
		return "nothing: the form may be read in more than one way, and the pay route has " + r.Setting + "WHEN"
	case errors.Is(reason, errCookieForm):
		return "nothing: give the cookie another name than the field in " + r.Setting + "WHEN"
	case errors.Is(reason, errPostback):
		return "nothing: ASP.NET or JSF takes it for a form"
	default:
		return aliases
	}
}
