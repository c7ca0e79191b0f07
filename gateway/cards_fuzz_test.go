package gateway

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzACardNumberIsFound hides a card number that the issuers could have given out in any text around it.
func FuzzACardNumberIsFound(f *testing.F) {
	f.Add(uint64(1), "my card is ", ", thanks")
	f.Add(uint64(2), "", "")
	f.Add(uint64(3), "{\"n\":\"0300 123 4567: ", "\"}")
	f.Add(uint64(4), "\xff\x00é", "\n1234")
	f.Fuzz(func(t *testing.T, seed uint64, before, after string) {
		rng := rand.New(rand.NewPCG(seed, 1))
		number := cardNumberOf(rng)
		require.True(t, isCardNumber([]byte(number)), number)
		separated := separate(rng, number)
		require.True(t, hasCardNumber(apart(before, strings.TrimRight)+separated+apart(after, strings.TrimLeft)), separated)

		wrong := []byte(number)
		at := rng.IntN(len(wrong))
		wrong[at] = '0' + (wrong[at]-'0'+1+byte(rng.IntN(9)))%10
		require.False(t, hasCardNumber(string(wrong)), "%s has a wrong digit", wrong)
	})
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
	var out strings.Builder
	for i := range len(number) {
		if i > 0 && rng.IntN(4) == 0 {
			out.WriteByte(" -"[rng.IntN(2)])
		}
		out.WriteByte(number[i])
	}
	return out.String()
}

// apart is a text that no digit, blank or hyphen joins to what stands beside it.
func apart(text string, trim func(string, string) string) string {
	trimmed := trim(text, "0123456789 -")
	if trimmed == "" {
		return "."
	}
	return trimmed
}
