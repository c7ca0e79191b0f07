package paysim

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
)

// fields reads a JSON object and records the first error of each kind. Errors of shape are 400 and are reported first;
// errors of value are 422 (FACTS 2.1).
type fields struct {
	all               map[string]any
	inShape, inValues *apiError
}

func (f *fields) shape(e *apiError) {
	if f.inShape == nil {
		f.inShape = e
	}
}

func (f *fields) value(e *apiError) {
	if f.inValues == nil {
		f.inValues = e
	}
}

func (f *fields) wrong() *apiError {
	if f.inShape != nil {
		return f.inShape
	}
	return f.inValues
}

// optional reads a text that may be absent.
func (f *fields) optional(field string, from map[string]any, limit int) string {
	raw, given := from[field]
	text, isText := raw.(string)
	switch {
	case given && !isText:
		f.shape(malformed(field, "Must be a valid string format"))
	case length(text) > limit:
		f.value(invalid(field, fmt.Sprintf("Must be less than or equal to %d characters length", limit)))
	}
	return text
}

// oneOf reads a text from a list, whose first word is the default.
func (f *fields) oneOf(field string, words ...string) string {
	raw, given := f.all[field]
	text, isText := raw.(string)
	switch {
	case !given:
		return words[0]
	case !isText:
		f.shape(malformed(field, "Must be one of "+strings.Join(words, ", ")))
	case !slices.Contains(words, text):
		f.value(invalid(field, "Must be one of "+strings.Join(words, ", ")))
	}
	return text
}

func (f *fields) boolean(field string) bool {
	raw, given := f.all[field]
	truth, isBoolean := raw.(bool)
	if given && !isBoolean {
		f.shape(malformed(field, "Must be true or false"))
	}
	return truth
}

func (f *fields) object(field string, from map[string]any) map[string]any {
	raw, given := from[field]
	object, isObject := raw.(map[string]any)
	if given && !isObject {
		f.shape(malformed(field, "Must be an object"))
	}
	return object
}

// length returns the length in UTF-16 units, as Java counts.
func length(text string) int { return len(utf16.Encode([]rune(text))) }
