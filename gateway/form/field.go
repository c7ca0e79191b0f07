package form

import (
	"iter"
	"net/http"
	"regexp"
	"strings"

	"paygate/gateway/canon"
)

// Field is one named value of a form, a query or a cookie, in the order in which it was sent.
type Field struct {
	Name, Value string
	File        bool   // an uploaded file; Paygate does not read its content
	Nested      bool   // the name consists of the keys of nested JSON
	Group       bool   // JSON whose values are fields of their own
	Cut         bool   // the value is longer than what Paygate reads
	Scalar      string // a number, true or false in JSON: it chooses and fills in nothing, but a service may read it
}

// hasValue reports whether some service may read a value other than the empty text.
func (f Field) hasValue() bool { return f.Value != "" || f.Scalar != "" || f.Cut }

// MaxParameters is how many parameters of a query, and how many cookies, Paygate reads. A request with more is
// hostile, and may mean anything.
const MaxParameters = 1000

// LooseQuery reads a query as the most lenient service does: split at "&" or ";", with broken escapes left as they
// are. A pair that services split in different ways is there more than once.
func LooseQuery(query string) []Field {
	var fields []Field
	for pair := range strings.SplitSeq(query, "&") {
		for name, value := range splits(pair) {
			if name != "" || value != "" {
				fields = append(fields, Field{Name: canon.DecodePlus(name), Value: canon.DecodePlus(value)})
			}
		}
	}
	return fields
}

// splits yields the raw names and values that services read in a pair: with semicolons as separators or not, and
// split at the first equals sign or, by qs, after a bracket.
func splits(pair string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for part := range strings.SplitSeq(pair, ";") {
			name, value, _ := strings.Cut(part, "=")
			if !yield(name, value) {
				return
			}
		}
		name, value, _ := strings.Cut(pair, "=")
		if strings.Contains(pair, ";") && !yield(name, value) {
			return
		}
		if at := bracketEquals.FindStringIndex(value); at != nil && !bracketEquals.MatchString(name+"=") {
			yield(pair[:len(name)+at[1]], value[at[1]:])
		}
	}
}

var bracketEquals = regexp.MustCompile(`(?i)(?:\]|%5D)=`)

// Cookies returns the cookies as fields: PHP's $_REQUEST has them, and so does Request in ASP and ASP.NET.
func Cookies(header http.Header) []Field {
	var fields []Field
	for _, line := range header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			name, value, _ := strings.Cut(pair, "=")
			fields = append(fields, Field{Name: strings.TrimSpace(name), Value: strings.Trim(value, `" `)})
		}
	}
	return fields
}

// FirstValue returns the value of the first field with exactly this name that is not a file, or the empty text.
func FirstValue(fields []Field, name string) string {
	for _, f := range fields {
		if f.Name == name && !f.File {
			return f.Value
		}
	}
	return ""
}
