package gateway

import (
	"context"
	"net/http"
	"strconv"

	"paygate/gateway/form"
)

// look is what the address of one of our pages remembers: what the citizen chose on it, and what it does by itself.
type look struct {
	language string // that the citizen chose; empty: none
	checks   int    // how often the page has reloaded by itself
	here     string // our own address at which a GET shows the page; empty: there is none
}

// lookKey is the context key of a look.
type lookKey struct{}

func withLook(r *http.Request, l look) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), lookKey{}, l))
}

func lookOf(r *http.Request) look {
	l, _ := r.Context().Value(lookKey{}).(look)
	return l
}

// ownLook returns the look of a request for one of our own addresses.
func ownLook(r *http.Request, path, query string) look {
	fields := form.Query(query)
	l := look{language: languageIn(form.FirstValue(fields, "lang"))}
	l.checks, _ = strconv.Atoi(form.FirstValue(fields, "checks"))
	if r.Method == http.MethodGet {
		l.here = path
	}
	return l
}

// ReturnPath returns the path to which GOV.UK Pay sends citizens back.
func ReturnPath(prefix string) string { return prefix + "/return" }

// returnAddress returns our address that shows what happened, in the language that the citizen chose.
func (s *responder) returnAddress(r *http.Request) string {
	address := ReturnPath(s.prefix)
	if l := lookOf(r); l.language != "" {
		address += "?lang=" + l.language
	}
	return address
}
