package paysim

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf16"
)

// fields reads a JSON object and records the first error of each stage, because Pay reports those of an earlier stage
// first: its API reads the fields in order, then it compares lengths and amounts, then connector looks at the payment.
type fields struct {
	all                          map[string]any
	inReading, inSize, inPayment *apiError
}

func (f *fields) reading(e *apiError) { keepFirst(&f.inReading, e) }
func (f *fields) size(e *apiError)    { keepFirst(&f.inSize, e) }
func (f *fields) payment(e *apiError) { keepFirst(&f.inPayment, e) }

func keepFirst(kept **apiError, e *apiError) {
	if *kept == nil {
		*kept = e
	}
}

func (f *fields) wrong() *apiError {
	for _, e := range []*apiError{f.inReading, f.inSize, f.inPayment} {
		if e != nil {
			return e
		}
	}
	return nil
}

func (f *fields) has(field string) bool {
	_, given := f.all[field]
	return given
}

// optional reads a text that may be null or absent.
func (f *fields) optional(field string, from map[string]any, limit int) string {
	text, isText := from[field].(string)
	switch {
	case from[field] != nil && !isText:
		f.reading(malformed(field, "Field must be a string"))
	case length(text) > limit:
		f.size(tooLong(field, limit))
	}
	return text
}

// oneOf reads a text from a list, whose first word is the default. If it is there, it must be one of the words.
func (f *fields) oneOf(field string, words ...string) string {
	text, isText := f.all[field].(string)
	must := "Must be one of " + strings.Join(words, ", ")
	switch {
	case !f.has(field):
		return words[0]
	case !isText, isBlank(text):
		f.reading(malformed(field, must))
	case !slices.Contains(words, text):
		f.reading(invalid(field, must))
	}
	return text
}

func (f *fields) boolean(field string) bool {
	truth, isBoolean := f.all[field].(bool)
	if f.has(field) && !isBoolean {
		f.reading(malformed(field, "Must be true or false"))
	}
	return truth
}

// object ignores what is no object, as Pay does.
func object(field string, from map[string]any) map[string]any {
	inner, _ := from[field].(map[string]any)
	return inner
}

// whole returns a number that Java reads as an int.
func whole(raw any) (n int64, isInt bool) {
	number, _ := raw.(json.Number)
	n, err := number.Int64()
	return n, err == nil && n >= math.MinInt32 && n <= math.MaxInt32
}

// length returns the length in UTF-16 units, as Java counts.
func length(text string) int { return len(utf16.Encode([]rune(text))) }

func isBlank(text string) bool { return strings.TrimSpace(text) == "" }

func missing(field string) *apiError {
	return &apiError{status: 400, Code: "P0101", Field: field, Text: "Missing mandatory attribute: " + field}
}

// unexpected names the field only in its text.
func unexpected(field string) *apiError {
	return &apiError{status: 400, Code: "P0104", Text: "Unexpected attribute: " + field}
}

func malformed(field, why string) *apiError {
	return &apiError{
		status: 400, Code: "P0102", Field: field, Text: fmt.Sprintf("Invalid attribute value: %s. %s", field, why),
	}
}

func invalid(field, why string) *apiError {
	e := malformed(field, why)
	e.status = 422
	return e
}

func tooLong(field string, limit int) *apiError {
	return invalid(field, fmt.Sprintf("Must be less than or equal to %d characters length", limit))
}

// nameless returns an error of connector, which names the field only in its text (FACTS 1.4).
func nameless(e *apiError) *apiError {
	e.Field = ""
	return e
}
