package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

// withClock returns options with a clock that the test sets.
func withClock() (o Options, now *time.Time) {
	at := T0
	o = Under(1)
	o.Now = func() time.Time { return at }
	return o, &at
}

func oldestDue(t *testing.T, p Place) {
	o, now := withClock()
	s := opened(t, p, o)
	for n := range 3 {
		create(t, s, n)
	}
	_, overdue, err := s.OldestDue(t.Context())
	require.NoError(t, err)
	require.False(t, overdue)
	*now = now.Add(24 * time.Hour)
	at, overdue, err := s.OldestDue(t.Context())
	require.NoError(t, err)
	require.True(t, overdue)
	require.Equal(t, Example(0).DueAt, at)
	early := Example(0).DueAt.Add(-time.Hour)
	change(t, s, Example(2).ID, func(c *journey.Change) { c.Journey.EarlyAt = early })
	at, overdue, err = s.OldestDue(t.Context())
	require.NoError(t, err)
	require.True(t, overdue)
	require.Equal(t, early, at)
	late := early.Add(-time.Hour) // sweeps put it off, but it is late all the same
	change(t, s, Example(1).ID, func(c *journey.Change) {
		c.Journey.DueAt, c.Journey.LateAt = now.Add(time.Hour), late
	})
	at, overdue, err = s.OldestDue(t.Context())
	require.NoError(t, err)
	require.True(t, overdue)
	require.Equal(t, late, at)
}

func countsByState(t *testing.T, p Place) {
	filledWith(t, p, 20)
	s := opened(t, p, Under(1))
	states := []journey.State{journey.StateReleased, journey.StateStuck, journey.StateReleasing, journey.StateAbandoned}
	for n, state := range states {
		change(t, s, Example(n).ID, func(c *journey.Change) { c.Journey.State = state })
	}
	counts, err := s.CountOpen(t.Context())
	require.NoError(t, err)
	wanted := map[journey.State]int{journey.StateHeld: 16, journey.StateStuck: 1, journey.StateReleasing: 1}
	require.Equal(t, wanted, counts)
	for state, wanted := range map[journey.State][]journey.ID{
		journey.StateStuck: {Example(1).ID}, journey.StateReleasing: {Example(2).ID}, journey.StateReleased: nil,
	} {
		ids, err := s.InState(t.Context(), state)
		require.NoError(t, err)
		require.Equal(t, wanted, ids)
	}
}

func markIsSeenOnce(t *testing.T, p Place) {
	o, now := withClock()
	stores := replicas(t, p, o)
	var firsts atomic.Int32
	Together(50, func(n int) {
		first, err := stores[n%len(stores)].FirstSight(context.Background(), "webhook 1", T0.Add(time.Hour))
		if err != nil {
			t.Error(err)
		}
		if first {
			firsts.Add(1)
		}
	})
	require.Equal(t, int32(1), firsts.Load())

	s := stores[0]
	for _, mark := range []string{"", strings.Repeat("long", 20_000), "\x00\xff"} {
		first, err := s.FirstSight(t.Context(), mark, T0.Add(time.Hour))
		require.NoError(t, err)
		require.True(t, first)
	}
	*now = now.Add(time.Hour)
	for _, wanted := range []bool{true, false} {
		first, err := s.FirstSight(t.Context(), "webhook 1", now.Add(time.Hour))
		require.NoError(t, err)
		require.Equal(t, wanted, first, "its time was over and starts again")
	}
	marks, err := s.Marks(t.Context(), nil, 100)
	require.NoError(t, err)
	require.Len(t, marks, 1, "those whose time was over are deleted")
}

// markThatEndsNowOnlyAsks: it tells whether the mark is known, and leaves it as it is.
func markThatEndsNowOnlyAsks(t *testing.T, p Place) {
	o, now := withClock()
	s := opened(t, p, o)
	*now = now.Add(time.Second / 2) // marks end at a whole second
	see := func(until time.Time) bool {
		first, err := s.FirstSight(t.Context(), "e-mail 1", until)
		require.NoError(t, err)
		return first
	}
	require.True(t, see(*now))
	require.True(t, see(*now), "it was not remembered")
	require.True(t, see(now.Add(time.Hour)))
	require.False(t, see(*now))
	*now = now.Add(59 * time.Minute)
	require.False(t, see(*now), "it ends when it did")
}

func marksDoNotPileUp(t *testing.T, p Place) {
	o, now := withClock()
	s := opened(t, p, o)
	see := func(when string, count int) {
		for n := range count {
			_, err := s.FirstSight(t.Context(), fmt.Sprint(when, n), now.Add(time.Minute))
			require.NoError(t, err)
		}
	}
	see("early", 60)
	*now = now.Add(time.Hour)
	see("late", 10)
	marks, err := s.Marks(t.Context(), nil, 100)
	require.NoError(t, err)
	require.Len(t, marks, 10)
}

func valueChangesInOneStep(t *testing.T, p Place) {
	stores := replicas(t, p, Under(1))
	s := stores[0]
	_, err := s.Value(t.Context(), "count")
	require.ErrorIs(t, err, journey.ErrNotFound)
	Together(40, func(n int) {
		_, err := stores[n%len(stores)].UpdateValue(context.Background(), "count", func(old []byte) ([]byte, error) {
			return append(old, '+'), nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	trouble := errors.New("no")
	updated, err := s.UpdateValue(t.Context(), "count", func([]byte) ([]byte, error) {
		return []byte("half done"), trouble
	})
	require.Equal(t, trouble, err)
	require.Nil(t, updated)
	value, err := s.Value(t.Context(), "count")
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("+", 40), string(value))
}

func closedIsNotReady(t *testing.T, p Place) {
	s := opened(t, p, Under(1))
	require.NoError(t, s.Ready(t.Context()))
	require.NoError(t, s.Close())
	require.Error(t, s.Ready(t.Context()))
	err := byReading(t, s, Example(1).ID)
	require.Error(t, err)
	require.NotErrorIs(t, err, journey.ErrNotFound)
}
