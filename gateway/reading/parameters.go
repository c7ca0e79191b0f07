package reading

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Parameters are the named values of a form, a query or a cookie. Which names and values a service takes for which is not
// known: PHP makes an underscore of a dot and cuts at a NUL, old Rack drops brackets, Spring and ASP.NET find a field behind
// the name of a model, everybody's number is another. Whatever some service may take for what costs money counts as that.

const (
	// mostDecoded is how often a name or a value is decoded; nobody encodes more often for a good reason.
	mostDecoded = 5
	// MostParameters are judged; services take no more either. More are hostile, and may be anything.
	MostParameters = 1000
)

// MayName tells whether some service takes a name, as a form or a raw query has it, for the wanted one.
func MayName(name, wanted string) bool {
	return isNamed(name, wanted) || inSomeDecoding(name, func(name string) bool {
		return namesInside(name, wanted) || namesInside(wanted, name)
	})
}

// isNamed is MayName without the names of models.
func isNamed(name, wanted string) bool {
	return inSomeDecoding(name, func(name string) bool {
		before, _, _ := strings.Cut(name, "[")
		return NamesAlike(name, wanted) || NamesAlike(before, wanted)
	})
}

// inSomeDecoding tells whether something holds for a text, cut at a NUL or whole, or for what comes out when it is decoded
// again.
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

// mayMean tells whether some service takes a value for the wanted one.
func mayMean(value, wanted string) bool {
	if value == wanted {
		return true
	}
	plain := plainText(wanted)
	return inSomeDecoding(value, func(raw string) bool {
		value := plainText(raw)
		return strings.EqualFold(value, plain) || isTrue(value) && isTrue(plain) || isNumber(value, plain) || isCleaned(value, plain) || isCleaned(plainText(strings.ToValidUTF8(raw, "")), plain)
	})
}

// isCleaned tells whether a value is the wanted one to a service that drops tags, or whatever else a word does not have
// (WordPress's sanitize_key). A number below zero stays one: it often says "none".
func isCleaned(value, wanted string) bool {
	word := bareWord(wanted)
	if wholeNumber.MatchString(wanted) && strings.HasPrefix(value, "-") {
		return false
	}
	return word != "" && slices.ContainsFunc([]string{bareWord(value), bareWord(dropTags(value))}, func(cleaned string) bool {
		return cleaned == word || strings.ReplaceAll(cleaned, "/", "") == word
	})
}

// bareWord is a text's plain letters, digits and slashes, in lower case.
func bareWord(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '/':
			return r
		default:
			return -1
		}
	}, text)
}

// MayBe tells whether some service takes a field's value for the wanted one. A value that was cut may be any.
func (f Field) MayBe(value string) bool {
	return f.Cut || mayMean(f.Value, value) || f.Scalar != "" && mayMean(f.Scalar, value)
}

// plainText is a text without white space and what does not show, in the usual forms of its letters.
func plainText(text string) string {
	if !isASCII(text) {
		text = dropAccents(foldCompatible(decodeOverlong(text)))
	}
	return dropIgnorable(strings.Join(strings.Fields(text), ""))
}

// isTrue names the words that binders take for a tick in a box.
func isTrue(text string) bool {
	switch strings.ToLower(text) {
	case "1", "true", "t", "on", "yes", "y":
		return true
	default:
		return false
	}
}

var (
	wholeNumber  = regexp.MustCompile(`^[0-9]{1,9}$`)
	leadingDigit = regexp.MustCompile(`^[0-9]+`)
	leadingReal  = regexp.MustCompile(`^[0-9]*\.?[0-9]*(?:[eE][+-]?[0-9]{1,3})?`)
	leadingHex   = regexp.MustCompile(`^(?:0[xX]|#)([0-9a-fA-F]{1,16})`)
)

// isNumber tells whether a value is, for a service that makes a number of it, the wanted whole one: PHP and C stop at the
// first letter, Java and Python read the digits of every script, and there are zeros before, fractions, exponents, and the
// bases 8 and 16.
func isNumber(value, wanted string) bool {
	if !wholeNumber.MatchString(wanted) {
		return false
	}
	number, _ := strconv.ParseInt(wanted, 10, 64)
	value = strings.TrimLeft(strings.Map(latinDigit, value), "+ ")
	for _, reading := range []struct {
		digits string
		base   int
	}{{leadingDigit.FindString(value), 10}, {leadingDigit.FindString(value), 8}, {submatch(leadingHex, value), 16}} {
		if n, err := strconv.ParseInt(reading.digits, reading.base, 64); err == nil && n == number {
			return true
		}
	}
	real, err := strconv.ParseFloat(leadingReal.FindString(value), 64)
	return err == nil && real == float64(number)
}

func submatch(pattern *regexp.Regexp, text string) string {
	if found := pattern.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}

// latinDigit is the digit 0 to 9 of any script's, and drops what groups digits. Unicode keeps the ten of a script together.
func latinDigit(r rune) rune {
	if r == '_' || r == ',' || r == '\'' {
		return -1
	}
	if !unicode.IsDigit(r) || r <= '9' {
		return r
	}
	value := rune(0)
	for value < 9 && unicode.IsDigit(r-value-1) {
		value++
	}
	return '0' + value
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

// Cookies are the cookies: PHP's $_REQUEST has them, and so has Request in ASP and ASP.NET.
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
