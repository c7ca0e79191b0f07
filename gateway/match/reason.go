package match

import (
	"errors"
	"strings"
)

// Reason is why a request is refused, without any part of its address.
type Reason struct {
	text   string
	rule   string // its short name
	remedy string // which settings declare such a request; "$" is the beginning of their names
}

// Error returns the reason for the log.
func (r *Reason) Error() string { return r.text }

const aliases = "$ALIASES, if it leads to the pay code"

// The reasons that concern a pay route.
var (
	ErrPayMethod = &Reason{"the method is not one of the pay route's", "method", aliases}
	ErrAmbiguous = &Reason{"some server may take the target for the pay route's", "near spelling", aliases}
	ErrHandler   = &Reason{
		"a handler or script may take the target for the pay route's", "strict match",
		aliases + "; $ALLOW, if it leads to other code",
	}
	ErrTooMany  = &Reason{"the target has too many interpretations", "too many interpretations", aliases}
	ErrPostback = &Reason{
		"the query may be taken for a submitted form", "query of a page",
		"nothing: ASP.NET or JSF takes it for a form",
	}
	ErrQueryForm = &Reason{
		"the query may be taken for the form that costs money", "query of a page",
		"$ALLOW, as GET with this path and query, if it only shows a page",
	}
	ErrCookieForm = &Reason{
		"a cookie may be taken for the form that costs money", "query of a page",
		"nothing: give the cookie another name than the field in $WHEN",
	}
	ErrGetQuery = &Reason{
		"the query has a parameter that GET_QUERY does not list", "query of a page",
		"$GET_QUERY, if the page takes the parameter",
	}
	ErrReserved = &Reason{
		"some server, handler or script may take the target for the address of Paygate's own messages", "reserved",
		"nothing: only Paygate sends to $TELL",
	}
	ErrUnclear = &Reason{
		"the form does not say clearly whether it is for the pay route", "unclear form",
		"nothing: the form may be read in more than one way, and the pay route has $WHEN",
	}
)

// The reasons that concern no single route.
var (
	errMethod      = &Reason{"the method is not allowed", "method", ""}
	errConnection  = &Reason{"the Connection header names a header for the service", "Connection header", ""}
	errAction      = &Reason{"PAYGATE_NEXT_ACTIONS refuses a Next.js Server Action here", "server action", ""}
	errOtherSource = &Reason{"the form or a cookie has a parameter of a pay route's query", "other parameters", ""}

	errNotOrigin  = &Reason{"the target does not start with one /", "address", ""}
	errCharacter  = &Reason{"the target has a character that no URL may hold", "address", ""}
	errEscape     = &Reason{"the path has a broken % escape", "address", ""}
	errHost       = &Reason{"the request has no host", "address", ""}
	errForeignURL = &Reason{"the target is a URL of another host", "address", ""}
)

// RuleOf returns the short name of the rule that refuses a request, for logs and reports.
func RuleOf(reason error) string {
	var r *Reason
	if errors.As(reason, &r) {
		return r.rule
	}
	return "address"
}

// Remedy returns which settings of a route declare a request that was refused for this reason. The names of the
// route's settings begin with prefix.
func Remedy(reason error, prefix string) string {
	remedy := aliases
	var r *Reason
	if errors.As(reason, &r) && r.remedy != "" {
		remedy = r.remedy
	}
	return strings.ReplaceAll(remedy, "$", prefix)
}
