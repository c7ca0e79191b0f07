package storetest

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

// talliesAreSums changes journeys at random, several at a time, and compares the tallies with a recount.
func talliesAreSums(t *testing.T, p Place) {
	s := opened(t, p, Under(1))
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	const stored = 12
	for n := range stored {
		j := Example(n)
		j.StartedAt = T0.Add(time.Duration(n) * 20 * time.Minute)
		require.NoError(t, s.Create(t.Context(), j, Request(n)))
	}
	for round := range uint64(4) {
		Together(60, func(i int) {
			random := rand.New(rand.NewPCG(seed, round<<32|uint64(i)))
			id := Example(random.IntN(stored)).ID
			if random.IntN(20) == 0 {
				require.NoError(t, s.Forget(context.Background(), id))
				return
			}
			_, err := s.Update(context.Background(), id, func(j journey.Journey) (journey.Change, error) {
				return journey.Change{Journey: paidAtRandom(j, rand.New(rand.NewPCG(seed, uint64(i))))}, nil
			})
			if err != nil {
				require.ErrorIs(t, err, journey.ErrNotFound)
			}
		})
		all, err := s.List(t.Context(), journey.Filter{Limit: stored})
		require.NoError(t, err)
		kept, err := s.Tallies(t.Context(), time.Time{})
		require.NoError(t, err)
		require.Equal(t, journey.TalliesOf(all), kept)
	}
	since := T0.Add(90 * time.Minute)
	kept, err := s.Tallies(t.Context(), since)
	require.NoError(t, err)
	for _, tally := range kept {
		require.False(t, tally.Hour.Before(since.Truncate(time.Hour)))
	}
}

// paidAtRandom returns the journey in some state, with some money taken and refunded.
func paidAtRandom(j journey.Journey, random *rand.Rand) journey.Journey {
	states := journey.States()
	at := j.StartedAt.Add(time.Duration(random.IntN(300)) * time.Minute)
	j.State, j.PaidWith, j.PaidAt = states[random.IntN(len(states))], string(j.ID), at
	p := journey.Payment{ID: string(j.ID), CreatedAt: j.StartedAt, Status: journey.StatusSuccess, Total: 2500}
	for n := range random.IntN(3) {
		p.Refunds = append(p.Refunds, journey.Refund{
			ID: string(rune('a' + n)), Amount: 100 * random.Int64N(9), Status: journey.RefundSuccess,
			CreatedAt: at.Add(time.Duration(n) * time.Hour),
		})
	}
	j.Payments = []journey.Payment{p}
	return j
}
