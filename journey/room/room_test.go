package room_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey/room"
)

func TestNoMoreIsInsideThanThereIsRoomFor(t *testing.T) {
	t.Parallel()
	r := room.New(room.Options{Bytes: 30, Free: 1, Patience: time.Minute})
	var inside, most atomic.Int64
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			leave, err := r.Enter(context.Background(), 10)
			if err != nil {
				t.Error(err)
				return
			}
			now := inside.Add(10)
			for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
			}
			inside.Add(-10)
			leave()
		})
	}
	all.Wait()
	require.LessOrEqual(t, most.Load(), int64(30))
}

func TestWhatIsLargerThanTheRoomHasItForItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := room.New(room.Options{Bytes: 30, Patience: time.Minute})
		leave, err := r.Enter(t.Context(), 1000)
		require.NoError(t, err)
		_, err = r.Enter(t.Context(), 1)
		require.ErrorIs(t, err, room.ErrBusy)
		leave()
		_, err = r.Enter(t.Context(), 30)
		require.NoError(t, err)
	})
}

func TestNobodyWaitsForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := room.New(room.Options{Bytes: 10, Free: 2, Patience: 20 * time.Second})
		_, err := r.Enter(t.Context(), 10)
		require.NoError(t, err)
		began := time.Now()
		_, err = r.Enter(t.Context(), 3)
		require.ErrorIs(t, err, room.ErrBusy)
		require.Equal(t, 20*time.Second, time.Since(began))

		_, err = r.Enter(t.Context(), 2)
		require.NoError(t, err, "what is small need not wait")

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = r.Enter(ctx, 3)
		require.ErrorIs(t, err, context.Canceled, "whoever left is not told to come again")
	})
}
