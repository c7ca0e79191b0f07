package reading

import (
	"errors"
	"net/http"
	"strings"
)

// Field is one named value of a form, a query or a cookie, in the order it was sent.
type Field struct {
	Name, Value string
	File        bool   // an uploaded file; its content is not looked at
	Cut         bool   // the value is longer than what is looked at
	Scalar      string // what JSON has as a number, true or false: it chooses and fills in nothing, but a service may read it
}

// What of a form is looked at. A longer value is cut, and chooses no price; a form with more is as good as unreadable.
const (
	maxFieldBytes = 64 << 10
	maxFormBytes  = 1 << 20
	mostFields    = 10_000 // services take a tenth of that
)

// MostParameters is how many fields are judged; services take no more either. More are hostile, and may be anything.
const MostParameters = 1000

var errTooManyFields = errors.New("the form has more fields than are looked at")

// fieldList collects fields up to the limits.
type fieldList struct {
	fields []Field
	bytes  int
}

func (l *fieldList) add(f Field) error {
	l.bytes += len(f.Name) + len(f.Value) + len(f.Scalar)
	if len(l.fields) == mostFields || l.bytes > maxFormBytes {
		return errTooManyFields
	}
	l.fields = append(l.fields, f)
	return nil
}

// Query reads the fields of a raw query. What cannot be read is left out.
func Query(raw string) []Field {
	fields, _ := urlencodedFields(strings.NewReader(raw))
	return fields
}

// LooseQuery reads a query as the most lenient service does: parted by "&" or ";", and what cannot be decoded left as it is.
func LooseQuery(query string) []Field {
	var fields []Field
	for pair := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		name, value, _ := strings.Cut(pair, "=")
		fields = append(fields, Field{Name: decodePlus(name), Value: decodePlus(value)})
	}
	return fields
}

// Cookies reads the cookies: PHP's $_REQUEST has them, and so has Request in ASP and ASP.NET.
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

// FirstValue is the value of the first field with exactly this name that is no file, or empty.
func FirstValue(fields []Field, name string) string {
	for _, f := range fields {
		if f.Name == name && !f.File {
			return f.Value
		}
	}
	return ""
}
