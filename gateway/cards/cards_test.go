package cards

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func hasCardNumber(text string) bool {
	var f Finder
	f.Write([]byte(text))
	return f.End()
}

func TestTextIsReadTheSameInAnyPieces(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"4444 3333 2222 1111", strings.Repeat("a long text ", 100) + "４４４４３３３３２２２２１１１１ and more",
		"x\\uFF144444333322221111", "fee4444333322221111cvv", "4444333322221112",
	} {
		wanted := hasCardNumber(text)
		var f Finder
		for range 2 {
			f.Reset()
			for i := range len(text) {
				f.Write([]byte{text[i]})
			}
			require.Equal(t, wanted, f.End(), "%q", text)
		}
	}
}

// testCards are the numbers that GOV.UK Pay's sandbox and its Stripe accounts know (FACTS 10).
var testCards = []string{
	"4444333322221111", "4242424242424242", "4000056655665556", "4988080000000000", "4111111111111111",
	"4000160000000004", "4131840000000003",
	"4000000000000010", "222100000000000", "5105105105105100", "5200828282828210", "371449635398431",
	"3566002020360505", "6011000990139424",
	"4000000000000002", "4000000000000069", "4000000000000127", "4000000000000119", "6759649826438453",
	"4000002500003155", "4000000000000259",
	"4000000000002685", "4000008260000000", "4000058260000005",
}

func TestEveryCardThatPayKnowsIsFound(t *testing.T) {
	t.Parallel()
	for _, number := range testCards {
		require.True(t, hasCardNumber(number), number)
		require.True(t, hasCardNumber("card "+number+", thanks"), number)
	}
}

func TestCardNumbersAreFoundInEveryNotation(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"4444 3333 2222 1111", "4444-3333-2222-1111", "card:4444333322221111.", "3714 496353 98431", "2223003122003222",
		"4222222222222",
		"6212345678901265", "4444 - 3333 - 2222 - 1111", "4444  3333  2222  1111", "4 4 4 4 3 3 3 3 2 2 2 2 1 1 1 1",
		"44443333 22221111",
		"4444\u00a03333\u00a02222\u00a01111", "4444\u20133333\u20132222\u20131111",
		"4444\u20093333\u20092222\u20091111", "4444\u22123333\u22122222\u22121111",
		"44443333\u200b22221111", "4444\u00ad3333\u00ad2222\u00ad1111", "４４４４３３３３２２２２１１１１", "٤٤٤٤٣٣٣٣٢٢٢٢١١١١",
		"𝟒𝟒𝟒𝟒𝟑𝟑𝟑𝟑𝟐𝟐𝟐𝟐𝟏𝟏𝟏𝟏",
		"4444\xa03333\xa02222\xa01111", "x4444333322221111x", "\xff4444333322221111\x00",
		// digits beside it
		"4444 3333 2222 1111 12/27", "4444 3333 2222 1111 123", "ref 12 4444333322221111", "12 4444 3333 2222 1111",
		"4444333322221111 4000056655665556",
		"1234567890123456 4444333322221111", "4444333322221112-4444333322221111",
		"07700 900123 4444333322221111 12 27 123",
		"1. 4444333322221111",
		"44443333222211110000 4444333322221111", "1.4444 3333 2222 1111", "12.27.4444333322221111",
		"3.14 4444333322221111", "4444333322221111.00",
		"44 44 33 33 22 22 11 11 12 27",
		// words beside it that begin or end as hexadecimal numbers do
		"Visa4444 3333 2222 1111", "card4444-3333-2222-1111", "4444 3333 2222 1111exp 12/27",
		"4444 3333 2222 1111cvv123", "4444 3333 2222 1111exp", "visa4444333322221111cvv123",
		"card4444333322221111exp1227", "fee4444333322221111cvv", "interface4444 3333 2222 1111",
		"a long text before an interface4444 3333 2222 1111", "LOYD 4444333322221111", "GB29 LOYD 3000 0012 0000 00",
		// two letters and two digits beside it that are not an IBAN, or a whole one
		"SO14 4444 3333 2222 1111", "CF10 visa 4444333322221111", "DE89 3704 0044 0532 0130 00 4444 3333 2222 1111",
		"DE89370400440532013000, 4444333322221111",
	} {
		require.True(t, hasCardNumber(text), "%q", text)
	}
}

func TestOtherNumbersAreNotCardNumbers(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "4444333322221112", "0000000000000000", "123456789012", "9780306406157", "4444    3333    2222    1111",
		"4444\n3333\n2222\n1111", "4444,3333,2222,1111",
		// longer numbers
		"44443333222211110000", "4000000000000000000000", "44443333222211114444333322221111",
		// telephone numbers, National Insurance and NHS numbers
		"0300 123 4567", "07700 900123", "+44 20 7946 0958", "01632 960123 07700 900456", "AB 12 34 56 C",
		"943 476 5919", "(0113) 496 0999 ext. 42",
		"+4407700900126", "+44 07700 900126", "+44 0 7700 900126",
		// references, and tables of them
		"LIC-7F3K-22", "01JDM4Q0V3Q7J2S3", "10001 10002 10003 10004", "LIC-2026-000123 LIC-2026-000124",
		"PCN 2026 0012 3456 7891", "ABC123 40001\nABC124 40002\n",
		// sort codes and account numbers
		"30-00-00 12345674", "20-00-00 55779911", "300000 12345674", "30-00-08 12345674 Mr A Smith",
		// dates and times
		"2026-11-22 10:41:07", "2026-11-22 2026-11-23 2026-11-24", "22 11 2026 23 11 2026", "26-11-2026 - 05-12-2026",
		"26 11 2026 05 12 2026", "22/11/2026 10:41", "20261122104107", "1764000000000", "1764000000000000000",
		// UUIDs and other identifiers
		"550e8400-e29b-41d4-a716-446655440000", "00000000-0000-0000-0000-000000000000",
		"urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8", "123e4567-e89b-12d3-a456-426614174000",
		// IBANs
		"GB29 NWBK 6016 1331 9268 19", "GB82WEST12345698765432", "DE89 3704 0044 0532 0130 00",
		"FR14 2004 1010 0505 0001 3M02 606", "IE29 AIBK 9311 5212 3456 78",
		"NL91 ABNA 0417 1643 00", "ES91 2100 0418 4502 0005 1332", "BE68 5390 0754 7034",
		"PL61 1090 1014 0000 0712 1981 2874", "CH93 0076 2011 6238 5295 7",
		"GB64 LOYD 3000 0012 0000 00", "GB64LOYD30000012000000", "gb64-loyd-3000-0012-0000-00",
		"pay into GB63 LOYD 3000 0012 0000 18 please",
		// coordinates and other numbers with many decimals
		"51.4444333322221111", `{"lat":51.50735123456782,"lng":-4.444333322221111}`, "0.4444333322221111",
		// lists of small numbers, as the answers of a questionnaire
		"4 4 4 4 3 3 3 3 2 2 2 2 1 1 1 1 5 3 2 5 1",
		"5 3 2 4 1 5 5 4 3 2 1 1 2 3 4 5 5 5 2 2 3 3 4 4 1 5 2 3 1 4 2 5 3 1 2 3",
	} {
		require.False(t, hasCardNumber(text), "%q", text)
	}
}

// Forms contain tokens that a citizen did not type and cannot change.
func TestIdentifiersAreNotCardNumbers(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	hexadecimal := func(n int) string {
		text := make([]byte, n)
		for i := range text {
			text[i] = "0123456789abcdef"[rng.IntN(16)]
		}
		return string(text)
	}
	for name, made := range map[string]func() string{
		"UUIDs": func() string {
			return fmt.Sprintf("%s-%s-4%s-8%s-%s",
				hexadecimal(8), hexadecimal(4), hexadecimal(3), hexadecimal(3), hexadecimal(12))
		},
		"tokens": func() string { return hexadecimal(64) },
		"German IBANs": func() string {
			return ibanOf("DE", fmt.Sprintf(" %04d %04d %04d %04d 00", rng.IntN(1e4), rng.IntN(1e4), rng.IntN(1e4),
				rng.IntN(1e4)))
		},
		"Polish IBANs": func() string {
			return ibanOf("PL", fmt.Sprintf(" %04d %04d %04d %04d %04d %04d",
				rng.IntN(1e4), rng.IntN(1e4), rng.IntN(1e4), rng.IntN(1e4), rng.IntN(1e4), rng.IntN(1e4)))
		},
		"British IBANs": func() string {
			return ibanOf("GB", fmt.Sprintf("LOYD%06d%08d", 300_000+rng.IntN(1e5), rng.IntN(1e8)))
		},
	} {
		const of = 20_000
		found := 0
		for range of {
			if hasCardNumber(made()) {
				found++
			}
		}
		require.LessOrEqual(t, found, of/5000, "%s", name)
	}
}

// ibanOf puts check digits after the country.
func ibanOf(country, rest string) string {
	var number strings.Builder
	for _, r := range strings.ReplaceAll(rest, " ", "") + country + "00" {
		fmt.Fprint(&number, strings.IndexRune("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", r))
	}
	whole, _ := new(big.Int).SetString(number.String(), 10)
	return fmt.Sprintf("%s%02d%s", country, 98-new(big.Int).Mod(whole, big.NewInt(97)).Int64(), rest)
}

func TestFewRandomNumbersLookLikeCards(t *testing.T) {
	t.Parallel()
	found, of := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		of++
		if hasCardNumber(rapid.StringMatching(`[0-9]{16}`).Draw(t, "number")) {
			found++
		}
	})
	require.Less(t, found, of/4, "of %d", of)
}
