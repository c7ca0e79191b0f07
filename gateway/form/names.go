package form

import (
	"iter"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"paygate/gateway/canon"
)

// Services differ in which names they treat as the same: PHP turns a dot into an underscore and cuts at a NUL, old Rack
// drops brackets, Spring and ASP.NET find a field after the name of a model. A name that some service could take for
// that of the field that costs money counts as that field.

// maxDecodings is how often a name or a value is decoded. Honest clients do not encode more often.
const maxDecodings = 5

// CouldBeField reports whether some service takes the field for the wanted one. Where a form has the name of a model
// before that of a field, JSON has an object: Rails puts the fields of JSON into one, unless the JSON has it already
// (wrap_parameters). No service looks for a field in the elements of a list that it does not know.
func (f Field) CouldBeField(wanted string) bool {
	if f.Nested && isInElement(f.Name) {
		return f.couldBeParameter(wanted)
	}
	return CouldBeField(f.Name, wanted)
}

// couldBeParameter is like [Field.CouldBeField] for a field that no service looks for within the objects of JSON.
func (f Field) couldBeParameter(wanted string) bool {
	if f.Nested {
		return IsNamed(f.Name, wanted) || hasNameInside(wanted, f.Name)
	}
	return CouldBeField(f.Name, wanted)
}

// isInElement reports whether a name of nested JSON is within an element of a list.
func isInElement(name string) bool {
	return strings.Contains(index.ReplaceAllLiteralString(name, ""), "[]")
}

// CouldBeField reports whether some service takes a name, from a form or a raw query, for the wanted one.
func CouldBeField(name, wanted string) bool {
	return IsNamed(name, wanted) || inSomeDecoding(name, func(name string) bool {
		return hasNameInside(name, wanted) || hasNameInside(wanted, name) ||
			hasNameInside(beforeLastBracket(name), wanted)
	})
}

// IsControl reports whether some service takes a name for that of the wanted button or other control, which may be in
// a container: ctl00$Main$pay, form:pay.
func IsControl(name, wanted string) bool {
	return IsNamed(name, wanted) || IsNamed(name[strings.LastIndexAny(name, "$:")+1:], wanted)
}

// IsNamed is like [CouldBeField] without the names of models.
func IsNamed(name, wanted string) bool {
	return inSomeDecoding(name, func(name string) bool {
		return NamesAlike(name, wanted) || beginsAlike(bracketed(name), wanted) ||
			beginsAlike(strings.FieldsFuncSeq(name, isBracket), wanted)
	})
}

// beginsAlike reports whether the first keys of a bracketed name are those of the wanted one. Services read such a
// name up to the first bracket that closes, or to the first ones: application[action]x and application[action][x]
// both give application[action] a value, if only a list.
func beginsAlike(keys iter.Seq[string], wanted string) bool {
	letters, read := lettersOf(wanted), ""
	if letters == "" {
		return false
	}
	for key := range keys {
		read += lettersOf(key)
		if read == letters {
			return true
		}
		if !strings.HasPrefix(letters, read) {
			return false
		}
	}
	return false
}

// bracketed yields the keys of a bracketed name: what is before the first bracket, and what is in each pair. What is
// between two pairs, and after the last, does not count (qs, PHP). Where nothing closes, Rack cuts at any bracket.
func bracketed(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		before, rest, found := strings.Cut(name, "[")
		if !yield(before) {
			return
		}
		for found {
			var key string
			if key, rest, found = strings.Cut(rest, "]"); !found || !yield(key) {
				return
			}
			_, rest, found = strings.Cut(rest, "[")
		}
	}
}

func isBracket(r rune) bool { return r == '[' || r == ']' }

// beforeLastBracket returns a name without what is after its last closing bracket.
func beforeLastBracket(name string) string { return name[:strings.LastIndexByte(name, ']')+1] }

// inSomeDecoding reports whether something holds for a text, whole or cut at a NUL, however often it is decoded. A text
// that can be decoded more than maxDecodings times could be anything.
func inSomeDecoding(text string, holds func(string) bool) bool {
	if !strings.ContainsAny(text, "%+\x00") {
		return holds(text)
	}
	for range maxDecodings {
		if holds(text) || holds(canon.CutAtNUL(text)) {
			return true
		}
		decoded := canon.DecodeEscapes(text)
		if decoded == text {
			return false
		}
		text = decoded
	}
	return true
}

// index matches the end of a name that makes it an element of a list.
var index = regexp.MustCompile(`(?:\[[0-9\s]*\]?|\.[0-9]+)+$`)

// NamesAlike reports whether two names differ only in case, punctuation or an index.
func NamesAlike(name, wanted string) bool {
	letters := lettersOf(wanted)
	if letters == "" {
		return name == wanted
	}
	return lettersOf(name) == letters ||
		strings.ContainsAny(name, "[.") && lettersOf(index.ReplaceAllLiteralString(name, "")) == letters
}

// afterModel separates the name of a model or a form from that of a field.
const afterModel = ".[]():$/"

// hasNameInside reports whether a name ends with the wanted one, after what some service takes for the name of a
// model or a form: model.action, Main$action, application[action].
func hasNameInside(name, wanted string) bool {
	letters, tail := lettersOf(wanted), ""
	// From the end, so that a long name is not read once for each dot in it.
	for letters != "" && strings.HasSuffix(letters, tail) {
		at := strings.LastIndexAny(name, afterModel)
		if at < 0 {
			return false
		}
		tail = lettersOf(name[at+1:]) + tail
		if tail == letters {
			return true
		}
		name = name[:at]
	}
	return false
}

// lettersOf returns a name's letters and digits, in lower case.
func lettersOf(name string) string {
	if !canon.IsASCII(name) {
		name = canon.Fold(canon.DropIgnorable(canon.DecodeOverlong(name)))
	}
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case r < utf8.RuneSelf && (r < 'A' || r > 'Z'), !unicode.IsLetter(r) && !unicode.IsDigit(r):
			return -1
		default:
			return unicode.ToLower(unicode.ToUpper(r)) // the long s is an s, as in strings.EqualFold
		}
	}, name)
}
