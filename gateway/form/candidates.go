package form

import (
	"slices"
	"strings"

	"paygate/gateway/canon"
)

// Limits on the fields that a service may take for the one that matters. A form with more is hostile: it would take
// seconds to compare all of it in every decoding.
const (
	maxOddNames   = 8 << 10  // bytes of the different names that have to be decoded
	maxValues     = 200      // different values
	maxValueBytes = 32 << 10 // of these values
)

// Candidates returns the fields that isNamed picks by their names, each different value once. It calls isNamed once
// for each name. few is false if there are too many; then some are missing.
func Candidates(fields []Field, isNamed func(Field) bool) (found []Field, few bool) {
	names, values := map[Field]bool{}, map[Field]bool{}
	odd, size := 0, 0
	for _, f := range fields {
		name := Field{Name: f.Name, Nested: f.Nested, File: f.File}
		named, known := names[name]
		if !known {
			if isOdd(f.Name) {
				odd += len(f.Name)
			}
			if odd > maxOddNames {
				return found, false
			}
			named = isNamed(name)
			names[name] = named
		}
		value := f
		value.Name = ""
		if !named || values[value] {
			continue
		}
		values[value] = true
		if size += len(f.Value); len(values) > maxValues || size > maxValueBytes {
			return found, false
		}
		found = append(found, f)
	}
	return found, true
}

// isOdd reports whether services may decode a text in different ways.
func isOdd(text string) bool { return strings.ContainsAny(text, "%+\x00") || !canon.IsASCII(text) }

// CouldEqual reports whether some service takes the value of a field for one of those that are wanted. A value that
// was cut could be any.
func (f Field) CouldEqual(wanted ...string) bool {
	return f.Cut || couldEqual(f.Value, wanted...) || f.Scalar != "" && couldEqual(f.Scalar, wanted...)
}

// AnyCouldEqual reports whether one of the fields could equal one of the wanted values.
func AnyCouldEqual(fields []Field, wanted ...string) bool {
	return slices.ContainsFunc(fields, func(f Field) bool { return f.CouldEqual(wanted...) })
}
