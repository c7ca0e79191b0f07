package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

// listsAgree changes journeys at random, and compares each list with what the filter finds one by one.
func listsAgree(t *testing.T, s journey.Store) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	const stored = 30
	routes, states := []string{"licence", "fine", "permit"}, journey.States()
	for n := range stored {
		j := Example(n)
		j.Terms.Route = routes[random.IntN(len(routes))]
		require.NoError(t, s.Create(context.Background(), j, Request(n)))
	}
	for range 3 {
		for range 40 {
			change(t, s, Example(random.IntN(stored)).ID, func(c *journey.Change) {
				c.Journey.State = states[random.IntN(len(states))]
				c.Journey.Approval, c.Journey.CollectionFailed = journey.Approval{}, random.IntN(4) == 0
				if random.IntN(3) == 0 {
					c.Journey.Approval = journey.Approval{At: T0, By: journey.ByStaff("ann")}
				}
			})
		}
		all, err := s.List(t.Context(), journey.Filter{Limit: stored})
		require.NoError(t, err)
		require.Len(t, all, stored)
		for range 60 {
			f := anyFilter(random, routes, states)
			var wanted []journey.ID
			for _, j := range all {
				if f.Matches(j) && len(wanted) < f.Size() {
					wanted = append(wanted, j.ID)
				}
			}
			found, err := s.List(t.Context(), f)
			require.NoError(t, err)
			var got []journey.ID
			for _, j := range found {
				got = append(got, j.ID)
			}
			require.Equal(t, wanted, got, "%+v", f)
		}
	}
}

func anyFilter(random *rand.Rand, routes []string, states []journey.State) (f journey.Filter) {
	maybe := func() bool { return random.IntN(3) == 0 }
	if maybe() {
		f.Route = routes[random.IntN(len(routes))]
	}
	if maybe() {
		f.State = states[random.IntN(len(states))]
	}
	f.Approval, f.Uncollected = maybe(), maybe()
	if random.IntN(8) == 0 {
		f.Reference = fmt.Sprintf("lic-%d", random.IntN(30))
	}
	if maybe() {
		f.After = Example(random.IntN(30)).ID
	}
	if maybe() {
		f.Limit = 1 + random.IntN(5)
	}
	if maybe() {
		f.Since = T0.Add(time.Duration(random.IntN(30)) * time.Second)
		f.Until = f.Since.Add(time.Duration(random.IntN(20)) * time.Second)
	}
	return f
}

// approvalsAreListed proves that what waits for a second person is found, also when it is the only one of many.
func approvalsAreListed(t *testing.T, s journey.Store) {
	for n := range 5 {
		create(t, s, n)
	}
	waits := func(a journey.Approval) {
		change(t, s, Example(2).ID, func(c *journey.Change) { c.Journey.Approval = a })
	}
	require.Empty(t, numbers(t, s, journey.Filter{Approval: true}))
	waits(journey.Approval{At: T0})
	require.Equal(t, []int{2}, numbers(t, s, journey.Filter{Approval: true}))
	require.Empty(t, numbers(t, s, journey.Filter{Find: "waits"}), "that is no word of the journey")
	waits(journey.Approval{})
	require.Empty(t, numbers(t, s, journey.Filter{Approval: true}))
}
