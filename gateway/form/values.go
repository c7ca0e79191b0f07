package form

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"paygate/gateway/canon"
)

// Services also differ in which values they treat as the same: they read numbers in different ways, and trim, fold or
// clean values before they look them up.

// couldEqual reports whether some service takes a value for one of those that are wanted.
func couldEqual(value string, wanted ...string) bool {
	return slices.Contains(wanted, value) || inSomeDecoding(value, func(raw string) bool {
		return slices.ContainsFunc(wanted, cleanedOf(raw).couldEqual)
	})
}

// cleaned is what services make of a value before they look at it.
type cleaned struct {
	text     string
	words    []string // without tags, or without all that is not in a word (WordPress's sanitize_key)
	unsigned []string // the words without a minus sign: a number below zero often says "none"
	numbers  []float64
}

func cleanedOf(raw string) cleaned {
	c := cleaned{text: plainText(raw)}
	for _, text := range []string{c.text, plainText(strings.ToValidUTF8(raw, ""))} {
		bare, untagged := bareWord(text), bareWord(canon.DropTags(text))
		words := []string{bare, strings.ReplaceAll(bare, "/", ""), untagged, strings.ReplaceAll(untagged, "/", "")}
		c.words = append(c.words, words...)
		if !strings.HasPrefix(text, "-") {
			c.unsigned = append(c.unsigned, words...)
		}
	}
	c.numbers = numbersOf(c.text)
	return c
}

// couldEqual reports whether some service may take the value for the wanted one.
func (c cleaned) couldEqual(wanted string) bool {
	wanted = plainText(wanted)
	words := c.words
	if wholeNumber.MatchString(wanted) {
		number, _ := strconv.ParseFloat(wanted, 64)
		if slices.Contains(c.numbers, number) {
			return true
		}
		words = c.unsigned
	}
	word := bareWord(wanted)
	return strings.EqualFold(c.text, wanted) || isTrue(c.text) && isTrue(wanted) ||
		word != "" && slices.Contains(words, word)
}

// bareWord returns a text's plain letters, digits and slashes, in lower case.
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

// plainText returns a text without white space and invisible characters, in the usual forms of its letters.
func plainText(text string) string {
	if !canon.IsASCII(text) {
		text = canon.Fold(canon.DecodeOverlong(text))
	}
	return canon.DropIgnorable(strings.Join(strings.Fields(text), ""))
}

// isTrue reports whether frameworks read a word as a ticked box.
func isTrue(text string) bool {
	return slices.Contains([]string{"1", "true", "t", "on", "yes", "y"}, strings.ToLower(text))
}

var (
	wholeNumber   = regexp.MustCompile(`^[0-9]{1,9}$`)
	leadingDigits = regexp.MustCompile(`^[0-9]+`)
	leadingReal   = regexp.MustCompile(`^[0-9]*\.?[0-9]*(?:[eE][+-]?[0-9]{1,3})?`)
	leadingHex    = regexp.MustCompile(`^(?:0[xX]|#)([0-9a-fA-F]{1,16})`)
)

// numbersOf returns the numbers that services read in a value: PHP and C stop at the first letter, Java and Python
// read the digits of every script, and there are leading zeros, fractions, exponents, and the bases 8 and 16.
func numbersOf(value string) []float64 {
	var numbers []float64
	value = strings.TrimLeft(strings.Map(latinDigit, value), "+ ")
	add := func(digits string, base int) {
		if n, err := strconv.ParseInt(digits, base, 64); err == nil {
			numbers = append(numbers, float64(n))
		}
	}
	digits := leadingDigits.FindString(value)
	add(digits, 10)
	add(digits, 8)
	if hex := leadingHex.FindStringSubmatch(value); hex != nil {
		add(hex[1], 16)
	}
	if real, err := strconv.ParseFloat(leadingReal.FindString(value), 64); err == nil {
		numbers = append(numbers, real)
	}
	return numbers
}

// latinDigit turns a digit of any script into 0 to 9, and drops what groups digits. Unicode keeps the ten of a script
// together.
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
