package form

import (
	"errors"
	"net/http"
	"slices"
)

// Submission is everything in a request that a service may read the values of fields from.
type Submission struct {
	Form       Form
	Query      []Field // as most services read it
	LooseQuery []Field // as the most lenient service reads it
	Cookies    []Field
}

var errTooManyParameters = errors.New("the query and the cookies have too many parameters")

// NewSubmission returns the fields of a request whose body has been read.
func NewSubmission(query string, header http.Header, read Form) Submission {
	s := Submission{Form: read, Query: Query(query), LooseQuery: LooseQuery(query), Cookies: Cookies(header)}
	if len(s.LooseQuery)+len(s.Cookies) > MaxParameters {
		s.Form.Ambiguity = errTooManyParameters
	}
	return s
}

// Sources returns the fields of all sources except the query: the cookies and the form.
func (s Submission) Sources() []Field { return slices.Concat(s.Cookies, s.Form.Fields, s.Form.Loose) }

// all returns every field that some service may read: also the cookies, for services that do not tell them apart.
func (s Submission) all() []Field { return slices.Concat(s.sent(), s.Cookies) }

// sent returns the fields of the request itself: the form and the query.
func (s Submission) sent() []Field {
	return slices.Concat(s.Form.Fields, s.Form.Loose, s.Query, s.LooseQuery)
}

// CouldOverride reports whether some service may take a POST for a request with one of these methods, because a field
// says so (_method in Rails, Laravel, Symfony and Spring).
func (s Submission) CouldOverride(methods []string) bool {
	if len(methods) == 0 {
		return false
	}
	found, few := Candidates(s.sent(), func(f Field) bool { return IsNamed(f.Name, "_method") })
	return !few || AnyCouldEqual(found, methods...)
}
