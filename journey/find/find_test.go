package find_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paygate/journey"
	"paygate/journey/find"
)

func applied() journey.Journey {
	return journey.Journey{
		ID: "01KB7ZQ0XV3N8T2M", Payments: []journey.Payment{{ID: "hu20sqlact5260q2nanm0q8u93"}},
		Terms: journey.Terms{Reference: "LIC-7F3K-22"},
		Fingerprint: journey.Fingerprint{Findable: []journey.FormValue{
			{Field: "name", Value: "Siân O’Brien-Ng"},
			{Field: "vehicle", Value: "ab12 cde"},
			{Field: "company", Value: "ﬁne ＡＢ１ Ltd"},
		}},
	}
}

func TestWhatPeopleReadOutFindsTheJourney(t *testing.T) {
	t.Parallel()
	for text, found := range map[string]bool{
		"01kb7zq0xv3n8t2m": true, "01KB 7ZQO XV3N 8T2M": true, "hu20sqlact5260q2nanm0q8u93": true,
		"HU20 SQLACT5260 Q2NANM0Q8U93": true, "lic-7f3k-22": true, "LIC7F3K22": true, "7f3k": true, "22": false,
		"LIC":      false,
		"LIC 7F3K": false, "siân": true, "Sian": true, "SIAN O'Brien Ng": true, "brien sian": true, "o brien": true,
		"ng":         false,
		"sian smith": false, "AB12CDE": true, "ab12-cde": true, "cde": true, "fine": true, "ab1 fine": true,
		"7f3k sian": true,
		"hu20":      false, "": false, " - ": false, "o": false,
	} {
		q := find.Parse(text)
		require.Equal(t, found, !q.Empty() && q.Matches(applied()), text)
	}
}

func keys(secrets ...byte) (all [][]byte) {
	for _, b := range secrets {
		all = append(all, bytes.Repeat([]byte{b}, 32))
	}
	return all
}

// leads reports whether an entry of the index leads the query to a journey.
func leads(x find.Index, q find.Query, fields []string, entries [][]byte) bool {
	return slices.ContainsFunc(x.Digests(q, fields), func(d []byte) bool {
		return slices.ContainsFunc(entries, func(entry []byte) bool { return bytes.Equal(d, entry) })
	})
}

func TestEveryMatchIsInTheIndex(t *testing.T) {
	t.Parallel()
	text := rapid.StringOfN(rapid.SampledFrom([]rune("ab1 -é'Ａﬁ")), 0, 12, -1)
	rapid.Check(t, func(t *rapid.T) {
		j := journey.Journey{ID: "01TEST", Terms: journey.Terms{Reference: text.Draw(t, "reference")}}
		j.Fingerprint.Findable = []journey.FormValue{
			{Field: "name", Value: text.Draw(t, "name")}, {Field: "town", Value: text.Draw(t, "town")},
		}
		old, changed := find.NewIndex(keys(1)), find.NewIndex(keys(2, 1))
		entries, _ := old.Changed(journey.Journey{}, j)
		q := find.Parse(text.Draw(t, "query"))
		if !q.Empty() && q.Matches(j) {
			require.True(t, leads(changed, q, find.Fields(j), entries), "what is sealed under the old secret is found")
		}
		_, removed := changed.Changed(j, journey.Journey{})
		for _, entry := range entries {
			require.Contains(t, removed, entry, "nothing stays in the index")
		}
	})
}

func TestDigestsNeedTheSecretAndTellFieldsApart(t *testing.T) {
	t.Parallel()
	of := func(secret byte, field string) []byte {
		j := journey.Journey{Fingerprint: journey.Fingerprint{Findable: []journey.FormValue{{
			Field: field,
			Value: "Smith",
		}}}}
		digests, _ := find.NewIndex(keys(secret)).Changed(journey.Journey{}, j)
		require.Len(t, digests[0], find.DigestSize)
		return digests[0]
	}
	require.NotEqual(t, of(1, "name"), of(2, "name"))
	require.NotEqual(t, of(1, "name"), of(1, "maiden_name"))
	require.Equal(t, of(1, "name"), of(1, "name"))
}

func TestOnlyWhatChangesIsIndexedAgain(t *testing.T) {
	t.Parallel()
	x := find.NewIndex(keys(1))
	added, removed := x.Changed(applied(), applied())
	require.Empty(t, added)
	require.Empty(t, removed)
}
