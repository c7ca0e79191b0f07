package reading

import (
	"iter"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Which name a service takes for which is not known: PHP makes an underscore of a dot and cuts at a NUL, old Rack drops
// brackets, Spring and ASP.NET find a field behind the name of a model. Whatever some service may take for the name of what
// costs money counts as that.

// mostDecoded is how often a name or a value is decoded; nobody encodes more often for a good reason.
const mostDecoded = 5

// MayBeNamed reports whether some service takes the field for the wanted one. Where a form has the name of a model before that
// of a field, JSON has an object, and no service looks for a field in objects it does not know.
func (f Field) MayBeNamed(wanted string) bool {
	if f.Nested {
		return IsNamed(f.Name, wanted) || namesInside(wanted, f.Name)
	}
	return MayName(f.Name, wanted)
}

// MayName tells whether some service takes a name, as a form or a raw query has it, for the wanted one.
func MayName(name, wanted string) bool {
	return IsNamed(name, wanted) || inSomeDecoding(name, func(name string) bool {
		return namesInside(name, wanted) || namesInside(wanted, name) || namesInside(beforeLastBracket(name), wanted)
	})
}

// IsControl reports whether some service takes a name for that of the wanted button or other control, which may be in a
// container: ctl00$Main$pay, form:pay.
func IsControl(name, wanted string) bool {
	return IsNamed(name, wanted) || IsNamed(name[strings.LastIndexAny(name, "$:")+1:], wanted)
}

// IsNamed is MayName without the names of models.
func IsNamed(name, wanted string) bool {
	return inSomeDecoding(name, func(name string) bool {
		return NamesAlike(name, wanted) || beginsAlike(bracketed(name), wanted) || beginsAlike(strings.FieldsFuncSeq(name, isBracket), wanted)
	})
}

// beginsAlike reports whether the first keys of a bracketed name are those of the wanted one. Services read such a name to the
// first bracket that closes, or to the first ones: application[action]x and application[action][x] give application[action]
// a value, if only a list.
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

// bracketed yields the keys of a bracketed name: what is before the first bracket, and what is in each pair. What is between two
// pairs, and after the last, is nothing (qs, PHP). Where nothing closes, Rack cuts at any bracket.
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

// beforeLastBracket is a name without what is after its last closing bracket.
func beforeLastBracket(name string) string { return name[:strings.LastIndexByte(name, ']')+1] }

// inSomeDecoding tells whether something holds for a text, cut at a NUL or whole, or for what comes out when it is decoded
// again. What can be decoded more than mostDecoded times may be anything.
func inSomeDecoding(text string, holds func(string) bool) bool {
	if !strings.ContainsAny(text, "%+\x00") {
		return holds(text)
	}
	for range mostDecoded {
		if holds(text) || holds(cutAtNul(text)) {
			return true
		}
		decoded := decodePercentU(decodePercent(decodePlus(text)))
		if decoded == text {
			return false
		}
		text = decoded
	}
	return true
}

// index is what makes an element of a list of a name.
var index = regexp.MustCompile(`(?:\[[0-9\s]*\]?|\.[0-9]+)+$`)

// NamesAlike tells whether two names differ in case, punctuation or an index only.
func NamesAlike(name, wanted string) bool {
	letters := lettersOf(wanted)
	if letters == "" {
		return name == wanted
	}
	return lettersOf(name) == letters || strings.ContainsAny(name, "[.") && lettersOf(index.ReplaceAllLiteralString(name, "")) == letters
}

// behindModel is what parts the name of a field from that of a model or a form.
const behindModel = ".[]():$/"

// namesInside tells whether a name ends in the wanted one, behind what some binder takes for the name of a model or a form:
// model.action, Main$action, application[action].
func namesInside(name, wanted string) bool {
	letters, tail := lettersOf(wanted), ""
	for letters != "" && strings.HasSuffix(letters, tail) { // from the end on, or a long name would be read once for each dot in it
		at := strings.LastIndexAny(name, behindModel)
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

// lettersOf is a name's letters and digits, in lower case.
func lettersOf(name string) string {
	if !isASCII(name) {
		name = dropAccents(foldCompatible(dropIgnorable(decodeOverlong(name))))
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
