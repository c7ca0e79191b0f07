package cards

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// FuzzCardNumberIsFound hides a card number that an issuer could have issued in any text, with other digits on both
// sides.
func FuzzCardNumberIsFound(f *testing.F) {
	f.Add(uint64(1), "my card is ", ", thanks")
	f.Add(uint64(2), "", "")
	f.Add(uint64(3), "{\"n\":\"0300 123 4567: ", "\"}")
	f.Add(uint64(4), "\xff\x00é", "\n1234")
	f.Add(uint64(5), "ref 12", "12-27 123")
	f.Add(uint64(6), "4000056655665556", "44443333222211110000")
	f.Add(uint64(7), "1 2 3 4 5 6 7 8 9 1.5", "4 5 6")
	f.Fuzz(func(t *testing.T, seed uint64, before, after string) {
		rng := rand.New(rand.NewPCG(seed, 1))
		number := cardNumberOf(rng)
		require.True(t, isCardNumber([]byte(number)), number)
		before += between(rng)
		if endsInIBAN(before) {
			return
		}
		text := before + separate(rng, number) + between(rng) + after
		require.True(t, hasCardNumber(text), "%q", text)

		wrong := []byte(number)
		at := rng.IntN(len(wrong))
		wrong[at] = '0' + (wrong[at]-'0'+1+byte(rng.IntN(9)))%10
		require.False(t, hasCardNumber(string(wrong)), "%s has a wrong digit", wrong)
	})
}

// endsInIBAN reports whether a text ends in what may be an IBAN. The digits after it then look like part of the IBAN,
// and not like a card number, once in a hundred times.
func endsInIBAN(text string) bool {
	var f Finder
	f.Write([]byte(text))
	f.scan(1)
	return f.digits.account.length > 0
}

// FuzzScannerAgreesWithSimpleSearch compares the scanner with a search that tests every run of groups.
func FuzzScannerAgreesWithSimpleSearch(f *testing.F) {
	f.Add("4444 3333-2222 1111 12/27")
	f.Add("0300 123 4567")
	f.Add("4 4 4 4 3 3 3 3 2 2 2 2 1 1 1 1")
	f.Add("44443333222211110000 4444333322221111")
	f.Add("Visa4444 3333 2222 1111exp, fee4444333322221111cab, fee4444333322221111cvv, interface4444 3333-2222 1111")
	f.Add("4 0 07 0 0 0 0 0000007 0A")
	f.Add("4 0 07 0 0 0 0 0000007 0Ax")
	f.Add("4700700 0 0 0 0 00 0 0 0 A")
	f.Add("00AXAAAAAAAA4233332221111A, AAAAAAAA4233332221111A, A4233332221111AAAAAAAA, A4233332221111AAAAAAA")
	f.Add("DE89 3704 0044 0532 0130 00 4444 3333 2222 1111")
	f.Fuzz(func(t *testing.T, text string) {
		plain := strings.Map(func(r rune) rune {
			if r == '.' || r > unicode.MaxASCII { // decimal points and other scripts have rules of their own
				return 'x'
			}
			return r
		}, text)
		plain = strings.ReplaceAll(plain, `\`, "x")
		found := hasCardNumber(plain)
		if likeAnIBAN.MatchString(plain) { // other rules apply, by which at most less is found
			require.True(t, plainSearch(plain) || !found, "%q", plain)
			return
		}
		require.Equal(t, plainSearch(plain), found, "%q", plain)
	})
}

var (
	chainPattern = regexp.MustCompile(`[0-9]+(?:[ -]{1,3}[0-9]+)*`)
	groupPattern = regexp.MustCompile(`[0-9]+`)

	likeAnIBAN = regexp.MustCompile(`(?:^|[^a-zA-Z0-9])[a-zA-Z]{2}[0-9]{2}`)
	hexAtEnd   = regexp.MustCompile(`(?:^|[^a-zA-Z])[a-fA-F]{1,7}$`)
	hexAtStart = regexp.MustCompile(`^[a-fA-F]{1,7}(?:[^a-zA-Z]|$)`)
)

func plainSearch(text string) bool {
	for _, at := range chainPattern.FindAllStringIndex(text, -1) {
		groups := groupPattern.FindAllString(text[at[0]:at[1]], -1)
		hexBefore, hexAfter := hexAtEnd.MatchString(text[:at[0]]), hexAtStart.MatchString(text[at[1]:])
		for from := range groups {
			for to := from + 1; to <= len(groups); to++ {
				var sizes []int
				unbroken := true
				for _, group := range groups[from:to] {
					sizes = append(sizes, len(group))
					unbroken = unbroken && len(group) <= maxDigits
				}
				alone := from == 0 && to == len(groups)
				first, last := hexBefore && from == 0, hexAfter && to == len(groups)
				if first && last || to-from > 1 && (first || last) {
					continue
				}
				if unbroken && (alone || to-from <= maxGroups) && !isSomethingElse(sizes) &&
					isCardNumber([]byte(strings.Join(groups[from:to], ""))) {
					return true
				}
			}
		}
	}
	return false
}

// cardNumberOf makes a number of some issuer, with its check digit.
func cardNumberOf(rng *rand.Rand) string {
	for {
		of := issuers[rng.IntN(len(issuers))]
		digits := []byte(of.from)
		for length := of.lengths[rng.IntN(len(of.lengths))]; len(digits) < length; {
			digits = append(digits, '0'+byte(rng.IntN(10)))
		}
		for check := byte('0'); check <= '9'; check++ {
			if digits[len(digits)-1] = check; isCardNumber(digits) {
				return string(digits)
			}
		}
	}
}

// separate writes blanks and hyphens between digits, as people do.
func separate(rng *rand.Rand, number string) string {
	for {
		var out strings.Builder
		var sizes []int
		size := 0
		for i := range len(number) {
			if i > 0 && rng.IntN(4) == 0 {
				out.WriteString([]string{" ", "-", "  ", " - ", "\u00a0", "\u2013"}[rng.IntN(6)])
				sizes, size = append(sizes, size), 0
			}
			out.WriteByte(number[i])
			size++
		}
		if sizes = append(sizes, size); len(sizes) <= maxGroups && !isSomethingElse(sizes) {
			return out.String()
		}
	}
}

// between lists what may be between a number and its neighbours, whether these are digits or not.
func between(rng *rand.Rand) string {
	return []string{" ", "-", "  ", ", ", "/", "\n", "x", ":", "\t"}[rng.IntN(9)]
}
