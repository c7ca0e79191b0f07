package journey

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// fullStore has room for no reply, and for a while for nothing else once a delivery has begun.
type fullStore struct {
	*oneStore
	refusals int
}

func (s *fullStore) Update(ctx context.Context, id ID, change func(Journey) (Change, error)) (Journey, error) {
	c, err := change(s.j)
	switch {
	case err != nil:
		return Journey{}, err
	case s.j.State == StateReleasing && (c.Reply != nil || s.refusals > 0):
		s.refusals--
		return Journey{}, ErrFull
	}
	return s.oneStore.Update(ctx, id, change)
}

// talkative accepts with a page that is worth keeping.
type talkative struct{}

func (talkative) Deliver(context.Context, Delivery) Delivered {
	return Delivered{Verdict: VerdictAccepted, Status: 303, Reply: &Reply{Status: 303, Body: make([]byte, 1<<20)}}
}

func TestAFullStoreKeepsTheResultOfADelivery(t *testing.T) {
	t.Parallel()
	for _, refusals := range []int{0, 5} {
		synctest.Test(t, func(t *testing.T) {
			tr := newTrial(t, examples(t)[StateConfirmed], snapshot(StatusCapturable))
			tr.pay.capture = func() error { return nil }
			tr.runner.Deliverer, tr.runner.Store = talkative{}, &fullStore{tr.store, refusals}
			progress, err := tr.runner.Advance(t.Context(), tr.store.j.ID, Visit{By: ByCitizen})
			require.NoError(t, err)
			require.Len(t, progress.Reply.Body, 1<<20, "the citizen sees it all the same")
			require.Equal(t, StateReleased, tr.store.j.State)
			require.False(t, tr.store.j.KeepsReply())
			require.NoError(t, tr.runner.StoresResults())
		})
	}
}

func TestSweepsDeliverNothingWhileResultsCannotBeStored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tr := newTrial(t, examples(t)[StateConfirmed], snapshot(StatusCapturable))
		confirmed := tr.store.j
		tr.runner.Deliverer, tr.runner.Store = talkative{}, &fullStore{tr.store, 1000}
		_, err := tr.runner.Advance(t.Context(), tr.store.j.ID, Visit{By: ByCitizen})
		require.ErrorIs(t, err, ErrFull)
		require.ErrorIs(t, tr.runner.StoresResults(), errUnstored)

		tr.store.j = confirmed // another journey
		_, err = tr.runner.Advance(t.Context(), tr.store.j.ID, Visit{By: ByMopup})
		require.ErrorIs(t, err, ErrPaused)
		require.Equal(t, StateConfirmed, tr.store.j.State, "it is not even claimed")
		tr.now = tr.now.Add(5 * time.Minute)
		require.NoError(t, tr.runner.StoresResults(), "then it is tried again")
	})
}
