package reading

import (
	"slices"
	"strings"
)

// What is judged of the fields that a service may take for the one that matters. A form with more is hostile: it would
// take seconds to judge all of it in every decoding.
const (
	mostOddNames   = 8 << 10  // bytes of the different names that have to be decoded
	mostValues     = 200      // different values
	mostValueBytes = 32 << 10 // of these values
)

// Candidates are the fields that may be the wanted one by their names, each different value once. Where few is false, there
// is too much to judge, and they are not all there. isNamed looks at the name of a field, and is asked once for each name.
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
			if odd > mostOddNames {
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
		if size += len(f.Value); len(values) > mostValues || size > mostValueBytes {
			return found, false
		}
		found = append(found, f)
	}
	return found, true
}

// isOdd reports whether a text has more than one reading.
func isOdd(text string) bool { return strings.ContainsAny(text, "%+\x00") || !isASCII(text) }

// MayBe reports whether some service takes a field's value for one of those that are wanted. A value that was cut may be
// any.
func (f Field) MayBe(wanted ...string) bool {
	return f.Cut || mayMean(f.Value, wanted...) || f.Scalar != "" && mayMean(f.Scalar, wanted...)
}

// AnyMayBe reports whether one of the fields may be one of the wanted values.
func AnyMayBe(fields []Field, wanted ...string) bool {
	return slices.ContainsFunc(fields, func(f Field) bool { return f.MayBe(wanted...) })
}
