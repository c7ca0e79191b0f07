package mopup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

func TestVisitIsCountedByItsResult(t *testing.T) {
	t.Parallel()
	trouble := errors.New("Pay is down")
	for _, c := range []struct {
		before, after journey.State
		err           error
		wanted        Counts
	}{
		{journey.StateConfirmed, journey.StateReleased, nil, Counts{Released: 1}},
		{journey.StatePaying, journey.StateAccepted, nil, Counts{Released: 1}},
		{journey.StatePaying, journey.StateAccepted, trouble, Counts{Failed: 1}},
		{journey.StateAccepted, journey.StateReleased, nil, Counts{Captured: 1}},
		{journey.StateRefused, journey.StateReversed, nil, Counts{Returned: 1}},
		{journey.StateUnpaid, journey.StateAbandoned, nil, Counts{Abandoned: 1}},
		{journey.StateHeld, journey.StateAbandoned, nil, Counts{Abandoned: 1}},
		{journey.StatePaying, journey.StatePaying, nil, Counts{Waiting: 1}},
		{journey.StatePaying, journey.StateUnpaid, nil, Counts{Waiting: 1}},
		{journey.StateReleased, journey.StateReleased, nil, Counts{Waiting: 1}},
		{journey.StateReleasing, journey.StateStuck, nil, Counts{Stuck: 1}},
		{journey.StateReleasing, journey.StateStuck, trouble, Counts{Stuck: 1}},
		{journey.StateStuck, journey.StateStuck, nil, Counts{Waiting: 1}},
		{journey.StateConfirmed, journey.StateConfirmed, trouble, Counts{Failed: 1}},
		{
			journey.StateRefused, journey.StateRefused, fmt.Errorf("giving back: %w", journey.ErrNotCollected),
			Counts{Waiting: 1},
		},
	} {
		var counts Counts
		*counts.of(c.before, c.after, c.err)++
		require.Equal(t, c.wanted, counts, "%s to %s", c.before, c.after)
	}
}

// counted is a store in which nothing is due, and which counts who asks.
type counted struct {
	journey.Store
	sweeps atomic.Int32
}

func (c *counted) Due(context.Context, time.Time, journey.Due, int) ([]journey.Due, error) {
	c.sweeps.Add(1)
	return nil, nil
}

func TestFirstSweepComesSoonAfterTheStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &counted{}
		m := New(Options{
			Store: store, Every: 30 * time.Minute, MaxPerSecond: 1, Now: time.Now,
			Log: slog.New(slog.DiscardHandler),
		})
		ctx, stop := context.WithCancel(t.Context())
		go m.Run(ctx)
		time.Sleep(2 * time.Minute) // of the bubble's own clock
		require.EqualValues(t, 1, store.sweeps.Load())
		time.Sleep(24 * time.Hour)
		require.InDelta(t, 48, store.sweeps.Load(), 5)
		stop()
	})
}

// slow is a store whose sweeps last until they are told to end.
type slow struct {
	journey.Store
	began, end chan struct{}
}

func (s *slow) Due(context.Context, time.Time, journey.Due, int) ([]journey.Due, error) {
	s.began <- struct{}{}
	<-s.end
	return nil, nil
}

func TestASweepThatEndsLeavesTheProgressOfAnother(t *testing.T) {
	t.Parallel()
	store := &slow{began: make(chan struct{}), end: make(chan struct{})}
	m := New(Options{Store: store, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	ended := make(chan error)
	for range 2 {
		go func() {
			_, err := m.RunOnce(t.Context())
			ended <- err
		}()
		<-store.began
	}
	for _, stillRunning := range []bool{true, false} {
		store.end <- struct{}{}
		require.NoError(t, <-ended)
		_, running := m.Progress()
		require.Equal(t, stillRunning, running)
	}
}

func TestJitterStaysWithinATenth(t *testing.T) {
	t.Parallel()
	for range 1000 {
		require.InDelta(t, float64(30*time.Minute), float64(jitter(30*time.Minute)), float64(3*time.Minute))
	}
	require.Positive(t, jitter(time.Nanosecond))
}
