package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

// findable creates the nth example with a reference and a name that the citizen typed.
func findable(t *testing.T, s journey.Store, n int, reference, name string) journey.Journey {
	t.Helper()
	j := Example(n)
	j.Terms.Reference = reference
	j.Fingerprint.Findable = []journey.FormValue{{Field: "name", Value: name}}
	require.NoError(t, s.Create(t.Context(), j, Request(n)))
	return j
}

func findsWhatPeopleSay(t *testing.T, s journey.Store) {
	findable(t, s, 1, "LIC-7F3K-22", "Siân Jones")
	second := findable(t, s, 2, "LIC-9ABC-22", "Ann Jones")
	create(t, s, 3)
	for text, wanted := range map[string][]int{
		"7f3k": {1}, "lic 9abc 22": {2}, "jones": {2, 1}, "sian jones": {1}, "jones ann": {2}, "nobody": nil, "!": nil,
		string(second.ID): {2},
	} {
		require.Equal(t, wanted, numbers(t, s, journey.Filter{Find: text}), text)
	}
	require.Equal(t, []int{1}, numbers(t, s, journey.Filter{Find: "lic 7f3x 22", Near: true}))
	require.Empty(t, numbers(t, s, journey.Filter{Find: "jonez", Near: true}), "only references are near")
	require.Equal(t, []int{1}, numbers(t, s, journey.Filter{Find: "jones", Limit: 1, After: second.ID}))
	require.Empty(t, numbers(t, s, journey.Filter{Find: "jones", State: journey.StateReleased}))
	require.Equal(t, []int{2}, numbers(t, s, journey.Filter{Find: "jones", Since: second.StartedAt}))
}

func findFollowsChanges(t *testing.T, s journey.Store) {
	j := findable(t, s, 1, "LIC-7F3K-22", "Jones")
	change(t, s, j.ID, func(c *journey.Change) {
		c.Journey.Fingerprint.Findable = []journey.FormValue{{Field: "surname", Value: "Smith"}}
		c.Journey.Payments = append(c.Journey.Payments, journey.Payment{ID: "newpayment1"})
	})
	require.Empty(t, numbers(t, s, journey.Filter{Find: "jones"}), "what was corrected")
	for _, text := range []string{"smith", "7f3k", "newpayment1"} {
		require.Equal(t, []int{1}, numbers(t, s, journey.Filter{Find: text}), text)
	}
	require.NoError(t, s.Forget(t.Context(), j.ID))
	again := Example(1)
	require.NoError(t, s.Create(t.Context(), again, Request(1)))
	require.Empty(t, numbers(t, s, journey.Filter{Find: "smith"}))
}

// findsUnderEverySecret checks that what is sealed under an older secret is found as long as that is listed.
func findsUnderEverySecret(t *testing.T, p Place) {
	s := opened(t, p, Under(1))
	j := findable(t, s, 1, "LIC-7F3K-22", "Jones")
	require.NoError(t, s.Close())
	s = opened(t, p, Under(2, 1))
	findable(t, s, 2, "LIC-9ABC-22", "Jones")
	require.Equal(t, []int{2, 1}, numbers(t, s, journey.Filter{Find: "jones"}))
	change(t, s, j.ID, func(c *journey.Change) { c.Journey.Fingerprint.Findable = nil })
	require.Equal(t, []int{2}, numbers(t, s, journey.Filter{Find: "jones"}), "old entries go too")
}

// findOpensFew checks that a search opens what it finds, and not what is stored.
func findOpensFew(t *testing.T, p Place) {
	watched := &counting{}
	o := Under(1)
	o.Watch = func(s journey.Sealer) journey.Sealer {
		watched.Sealer = s
		return watched
	}
	s := opened(t, p, o)
	for n := range 100 {
		create(t, s, n)
	}
	findable(t, s, 100, "LIC-7F3K-22", "Jones")
	watched.opened.Store(0)
	require.Equal(t, []int{100}, numbers(t, s, journey.Filter{Find: "jones"}))
	require.LessOrEqual(t, watched.opened.Load(), int32(1))
}

// findGoesOn checks that pages of a search together have everything once.
func findGoesOn(t *testing.T, s journey.Store) {
	var wanted, got []int
	for n := range 9 {
		findable(t, s, n, "REF", "Jones")
		wanted = append([]int{n}, wanted...)
	}
	filter := journey.Filter{Find: "jones", Limit: 2}
	for {
		page, err := s.List(t.Context(), filter)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		got = append(got, numbers(t, s, filter)...)
		filter.After = page[len(page)-1].ID
	}
	require.Equal(t, wanted, got)
}
