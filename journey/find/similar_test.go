package find_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/journey"
	"paygate/journey/find"
)

func TestOneMistakeInAReferenceStillFindsIt(t *testing.T) {
	t.Parallel()
	x := find.NewIndex(keys(1))
	entries, _ := x.Changed(journey.Journey{}, applied())
	for text, found := range map[string]bool{
		"LIC-7F3K-2Z": true, "LIC-7F3X-22": true, "LIC-F73K-22": true, "1ic 7f3k 22": true, "LIC-7F3K-22": false,
		"LIC-7F3X-2Z": false, "LIC-7F3K-2": false, "7F3X": false, "AB12CDF": false, "LIÇ-7F3Ж-22": false, "": false,
		"AAAAAAAAAAAAAAAAAAAAAAAA": false,
	} {
		q := find.Of(journey.Filter{Find: text, Near: true})
		require.Equal(t, found, q.Matches(applied()), text)
		require.Equal(t, found, leads(x, q, find.Fields(applied()), entries), text)
	}
}
