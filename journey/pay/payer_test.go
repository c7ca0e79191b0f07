package pay_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

// payerOf returns what a read of a payment with these values says of the payer.
func payerOf(t *testing.T, email, details any) journey.Payer {
	t.Helper()
	answer := payment(map[string]any{"email": email, "card_details": details})
	snapshot, err := client(t, says(200, answer)).Get(t.Context(), "hu20sqlact5260q2nanm0q8u93")
	require.NoError(t, err, "the payer makes no payment unreadable")
	return snapshot.Payer
}

func TestPayerIsRead(t *testing.T) {
	t.Parallel()
	visa := map[string]any{"card_brand": "Visa", "last_digits_card_number": "1111", "cardholder_name": "Ann"}
	require.Equal(t, journey.Payer{CardBrand: "Visa", CardLast4: "1111", Email: "ann.o'neil+x@example.org"},
		payerOf(t, "ann.o'neil+x@example.org", visa))
}

// The values are Pay's, which has them from the citizen and from card schemes.
func TestUnusableDetailsOfThePayerAreLeftOut(t *testing.T) {
	t.Parallel()
	for _, email := range []any{
		nil, "", 7, "ann", "ann@", "@example.org", "a@b@c", "ann@exa mple.org", "ann@example.org\r\nX: y",
		"ánn@example.org", "ann@exämple.org", "Ann <ann@example.org>", "ann@example.org,b@example.org",
		strings.Repeat("a", 250) + "@example.org",
		[]any{"ann@example.org"},
		"ann@example.org;x", "ann@example..org",
	} {
		require.Empty(t, payerOf(t, email, nil).Email, "%v", email)
	}
	for _, digits := range []any{nil, "", 1111, "111", "11111", "１１１１", "1111\n", "abcd"} {
		require.Empty(t, payerOf(t, nil, map[string]any{"last_digits_card_number": digits}).CardLast4, "%v", digits)
	}
	for brand, want := range map[string]string{
		"": "", "American Express": "American Express", " Visa\r\nSet-Cookie: x ": "VisaSet-Cookie: x",
		"Víša\u200b": "Va",
		"\u0000":     "", strings.Repeat("x", 99): strings.Repeat("x", 40),
	} {
		require.Equal(t, want, payerOf(t, nil, map[string]any{"card_brand": brand}).CardBrand)
	}
	for _, details := range []any{nil, "Visa", 7, []any{}, map[string]any{"card_brand": 7}} {
		require.Equal(t, journey.Payer{Email: "ann@example.org"}, payerOf(t, "ann@example.org", details), "%v", details)
	}
}
