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

// mayMean tells whether some service takes a value for one of those that are wanted.
func mayMean(value string, wanted ...string) bool {
	return slices.Contains(wanted, value) || inSomeDecoding(value, func(raw string) bool {
		read := cleanedOf(raw)
		return slices.ContainsFunc(wanted, read.isTakenFor)
	})
}

// cleaned is what services make of a value before they look at it.
type cleaned struct {
	text     string
	words    []string // without tags, or whatever else a word does not have (WordPress's sanitize_key)
	unsigned []string // those of them that had no minus sign: a number below zero often says "none"
	numbers  []float64
}

func cleanedOf(raw string) cleaned {
	c := cleaned{text: plainText(raw)}
	for _, text := range []string{c.text, plainText(strings.ToValidUTF8(raw, ""))} {
		bare, untagged := bareWord(text), bareWord(dropTags(text))
		words := []string{bare, strings.ReplaceAll(bare, "/", ""), untagged, strings.ReplaceAll(untagged, "/", "")}
		c.words = append(c.words, words...)
		if !strings.HasPrefix(text, "-") {
			c.unsigned = append(c.unsigned, words...)
		}
	}
	c.numbers = numbersOf(c.text)
	return c
}

// isTakenFor tells whether a service may take the value for the wanted one.
func (c cleaned) isTakenFor(wanted string) bool {
	wanted = plainText(wanted)
	words := c.words
	if wholeNumber.MatchString(wanted) {
		if c.isNumber(wanted) {
			return true
		}
		words = c.unsigned
	}
	word := bareWord(wanted)
	return strings.EqualFold(c.text, wanted) || isTrue(c.text) && isTrue(wanted) || word != "" && slices.Contains(words, word)
}

func (c cleaned) isNumber(wanted string) bool {
	number, _ := strconv.ParseFloat(wanted, 64)
	return slices.Contains(c.numbers, number)
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

// numbersOf are those that some service makes of a value: PHP and C stop at the first letter, Java and Python read the digits of
// every script, and there are zeros before, fractions, exponents, and the bases 8 and 16.
func numbersOf(value string) []float64 {
	var numbers []float64
	value = strings.TrimLeft(strings.Map(latinDigit, value), "+ ")
	for _, reading := range []struct {
		digits string
		base   int
	}{{leadingDigit.FindString(value), 10}, {leadingDigit.FindString(value), 8}, {submatch(leadingHex, value), 16}} {
		if n, err := strconv.ParseInt(reading.digits, reading.base, 64); err == nil {
			numbers = append(numbers, float64(n))
		}
	}
	if real, err := strconv.ParseFloat(leadingReal.FindString(value), 64); err == nil {
		numbers = append(numbers, real)
	}
	return numbers
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
