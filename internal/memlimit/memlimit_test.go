package memlimit_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/memlimit"
)

func TestNoMoreIsAcquiredThanTheLimit(t *testing.T) {
	t.Parallel()
	l := memlimit.New(memlimit.Options{Bytes: 30, Free: 1, Timeout: time.Minute})
	var acquired, highest atomic.Int64
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			release, err := l.Acquire(context.Background(), 10)
			if err != nil {
				t.Error(err)
				return
			}
			now := acquired.Add(10)
			for h := highest.Load(); now > h && !highest.CompareAndSwap(h, now); h = highest.Load() {
			}
			acquired.Add(-10)
			release()
		})
	}
	all.Wait()
	require.LessOrEqual(t, highest.Load(), int64(30))
}

func TestABodyLargerThanTheLimitGetsAllOfIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := memlimit.New(memlimit.Options{Bytes: 30, Timeout: time.Minute})
		release, err := l.Acquire(t.Context(), 1000)
		require.NoError(t, err)
		_, err = l.Acquire(t.Context(), 1)
		require.ErrorIs(t, err, memlimit.ErrBusy)
		release()
		_, err = l.Acquire(t.Context(), 30)
		require.NoError(t, err)
	})
}

func TestAcquireTimesOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := memlimit.New(memlimit.Options{Bytes: 10, Free: 2, Timeout: 20 * time.Second})
		_, err := l.Acquire(t.Context(), 10)
		require.NoError(t, err)
		began := time.Now()
		_, err = l.Acquire(t.Context(), 3)
		require.ErrorIs(t, err, memlimit.ErrBusy)
		require.Equal(t, 20*time.Second, time.Since(began))

		_, err = l.Acquire(t.Context(), 2)
		require.NoError(t, err, "small bodies are not counted")

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = l.Acquire(ctx, 3)
		require.ErrorIs(t, err, context.Canceled, "a cancelled context is not busy")
	})
}
