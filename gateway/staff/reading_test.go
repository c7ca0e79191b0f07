package staff

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

// slowLists is a store whose lists take a second, and that counts those that are read.
type slowLists struct {
	Store
	begun chan struct{}
}

func (s slowLists) List(context.Context, journey.Filter) ([]journey.Journey, error) {
	s.begun <- struct{}{}
	time.Sleep(time.Second)
	return nil, nil
}

func TestPeopleWhoSearchLeaveMostOfTheStoreToCitizens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := slowLists{begun: make(chan struct{}, 100)}
		s := newSparing(slow)
		for range 20 {
			go func() { _, _ = s.List(t.Context(), journey.Filter{}) }()
		}
		synctest.Wait()
		require.Len(t, slow.begun, max(1, runtime.GOMAXPROCS(0)/2))
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.List(gone, journey.Filter{})
		require.ErrorIs(t, err, context.Canceled, "a person who leaves does not wait")
		time.Sleep(time.Minute)
		require.Len(t, slow.begun, 20)
	})
}
