package journey

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// A process that is told to end still takes the steps that follow from those under way.
func TestStepMayBeginDuringADrain(t *testing.T) {
	t.Parallel()
	r := &Runner{}
	require.NoError(t, r.Drain(t.Context()), "nothing has begun")
	end := r.working.begin()
	given, giveUp := context.WithCancel(t.Context())
	giveUp()
	require.ErrorIs(t, r.Drain(given), context.Canceled)

	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				r.working.begin()()
			}
		})
		all.Go(func() {
			if err := r.Drain(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	end()
	all.Wait()
	require.NoError(t, r.Drain(t.Context()))
}
