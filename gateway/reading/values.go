package reading

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Which value a service takes for which is not known either: everybody's number is another, and so is what is trimmed, folded
// or cleaned before it is looked at.

// MayBe tells whether some service takes a field's value for the wanted one. A value that was cut may be any.
func (f Field) MayBe(value string) bool {
	return f.Cut || mayMean(f.Value, value) || f.Scalar != "" && mayMean(f.Scalar, value)
}

// mayMean tells whether some service takes a value for the wanted one.
func mayMean(value, wanted string) bool {
	if value == wanted {
		return true
	}
	plain := plainText(wanted)
	return inSomeDecoding(value, func(raw string) bool {
		value := plainText(raw)
		return strings.EqualFold(value, plain) || isTrue(value) && isTrue(plain) || isNumber(value, plain) ||
			isCleaned(value, plain) || isCleaned(plainText(strings.ToValidUTF8(raw, "")), plain)
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
