package storetest

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

func updateIsAtomic(t *testing.T, s journey.Store) {
	j := create(t, s, 1)
	const writers, each = 64, 4
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range each {
				_, err := s.Update(context.Background(), j.ID, func(j journey.Journey) (journey.Change, error) {
					j.Failures++
					return journey.Change{Journey: j}, nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	require.Equal(t, writers*each, get(t, s, j.ID).Failures)
}

func updateAnswers(t *testing.T, s journey.Store) {
	j := create(t, s, 1)
	after := change(t, s, j.ID, func(c *journey.Change) { c.Journey.Note = "changed" })
	require.Equal(t, "changed", after.Note)
	require.Equal(t, after, get(t, s, j.ID))
}

func updateKeepsTheID(t *testing.T, s journey.Store) {
	_, err := s.Update(t.Context(), create(t, s, 1).ID, func(journey.Journey) (journey.Change, error) {
		return journey.Change{Journey: Example(2)}, nil
	})
	require.ErrorContains(t, err, "answered with")
}

// givenUpIsNotDone checks that an update is not done after its caller gave up while others were writing.
func givenUpIsNotDone(t *testing.T, s journey.Store) {
	begun, release := make(chan struct{}), make(chan struct{})
	once := sync.OnceFunc(func() { close(begun) })
	id := create(t, s, 1).ID
	var all sync.WaitGroup
	all.Go(func() {
		_, err := s.Update(context.Background(), id, func(j journey.Journey) (journey.Change, error) {
			once()
			<-release
			return journey.Change{Journey: j}, nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-begun
	ctx, giveUp := context.WithCancel(t.Context())
	for range 10 {
		all.Go(func() {
			_, err := s.Update(ctx, id, func(journey.Journey) (journey.Change, error) {
				t.Error("the update was done")
				return journey.Change{}, nil
			})
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
	runtime.Gosched() // most of them wait by now; the others fail at once
	giveUp()
	close(release)
	all.Wait()
}

func failedChangeKeepsNothing(t *testing.T, s journey.Store) {
	j := create(t, s, 1)
	trouble := &journey.TransitionError{State: journey.StateHeld, Fact: "none"}
	after, err := s.Update(t.Context(), j.ID, func(j journey.Journey) (journey.Change, error) {
		j.Note, j.DueAt = "half done", T0
		j.Payments = []journey.Payment{{ID: "pay1"}}
		return journey.Change{Journey: j, Request: &journey.HeldRequest{}, Reply: &journey.Reply{}}, trouble
	})
	require.Equal(t, error(trouble), err, "unchanged")
	require.Zero(t, after)
	require.Equal(t, j, get(t, s, j.ID))
	request, err := s.Request(t.Context(), j.ID)
	require.NoError(t, err)
	require.Equal(t, Request(1), request)
	_, err = s.ByPayment(t.Context(), "pay1")
	require.ErrorIs(t, err, journey.ErrNotFound)
	due, err := s.Due(t.Context(), T0, journey.Due{}, 10)
	require.NoError(t, err)
	require.Empty(t, due)
}

func failedChangeFailsAlone(t *testing.T, s journey.Store) {
	trouble := errors.New("no")
	const neighbours = 40
	for n := range neighbours {
		create(t, s, n)
	}
	var all sync.WaitGroup
	for n := range neighbours {
		all.Go(func() {
			_, err := s.Update(context.Background(), Example(n).ID, func(j journey.Journey) (journey.Change, error) {
				j.Note = "changed"
				if n%2 == 1 {
					return journey.Change{Journey: j}, trouble
				}
				return journey.Change{Journey: j}, nil
			})
			if wanted := n%2 == 1; errors.Is(err, trouble) != wanted || (err != nil) != wanted {
				t.Error(n, err)
			}
		})
	}
	all.Wait()
	for n := range neighbours {
		require.Equal(t, n%2 == 0, get(t, s, Example(n).ID).Note == "changed", n)
	}
}

func panicHarmsNothing(t *testing.T, s journey.Store) {
	j := create(t, s, 1)
	func() {
		defer func() { _ = recover() }() // the store may pass the panic on, or return an error
		_, err := s.Update(t.Context(), j.ID, func(journey.Journey) (journey.Change, error) { panic("a mistake") })
		require.Error(t, err)
	}()
	require.Equal(t, j, get(t, s, j.ID))
	require.Equal(t, "after it", change(t, s, j.ID, func(c *journey.Change) { c.Journey.Note = "after it" }).Note)
}

func oneClaimantWins(t *testing.T, s journey.Store) {
	j := create(t, s, 1)
	to(t, s, j.ID,
		journey.PaymentCreated{Snapshot: snapshot(j, "pay1", "created")},
		journey.PaymentSeen{Snapshot: snapshot(j, "pay1", "success")})
	var all sync.WaitGroup
	var mutex sync.Mutex
	won, lost := 0, 0
	for range 64 {
		all.Go(func() {
			_, err := s.Update(context.Background(), j.ID, func(j journey.Journey) (journey.Change, error) {
				j, err := j.Apply(journey.Claimed{Until: T0.Add(time.Hour)}, journey.ByCitizen, T0)
				return journey.Change{Journey: j}, err
			})
			var misplaced *journey.TransitionError
			mutex.Lock()
			defer mutex.Unlock()
			switch {
			case err == nil:
				won++
			case errors.As(err, &misplaced):
				lost++
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Equal(t, 1, won)
	require.Equal(t, 63, lost)
	require.Equal(t, 1, get(t, s, j.ID).Claim.Number)
}

func requestIsErased(t *testing.T, s journey.Store) {
	j := create(t, s, 1)
	toReleased(t, s, j)
	_, err := s.Request(t.Context(), j.ID)
	require.ErrorIs(t, err, journey.ErrErased)
}

func requestIsReplaced(t *testing.T, s journey.Store) {
	j := create(t, s, 1)
	corrected := Request(2)
	change(t, s, j.ID, func(c *journey.Change) { c.Request = &corrected })
	change(t, s, j.ID, func(c *journey.Change) { c.Journey.Note = "and left so" })
	request, err := s.Request(t.Context(), j.ID)
	require.NoError(t, err)
	require.Equal(t, corrected, request)
}

func requestIsNotKept(t *testing.T, s journey.Store) {
	j := Example(1)
	j.State = journey.StateAbandoned
	require.NoError(t, s.Create(t.Context(), j, Request(1)))
	_, err := s.Request(t.Context(), j.ID)
	require.ErrorIs(t, err, journey.ErrErased)

	another := Request(2)
	change(t, s, j.ID, func(c *journey.Change) { c.Request = &another })
	_, err = s.Request(t.Context(), j.ID)
	require.ErrorIs(t, err, journey.ErrErased)
}

func replyIsKept(t *testing.T, s journey.Store) {
	j := create(t, s, 1)
	_, err := s.Reply(t.Context(), j.ID)
	require.ErrorIs(t, err, journey.ErrErased)

	first := journey.Reply{Status: 200, Header: http.Header{"Set-Cookie": {"a=1", "b=2"}}, Body: []byte{0, 1, 255}}
	second := journey.Reply{Status: 422, Header: http.Header{"X": {"y"}}, Body: []byte("second")}
	set := func(until time.Time, r *journey.Reply) {
		change(t, s, j.ID, func(c *journey.Change) { c.Journey.ReplyUntil, c.Reply = until, r })
	}
	stored := func(wanted journey.Reply) {
		got, err := s.Reply(t.Context(), j.ID)
		require.NoError(t, err)
		require.Equal(t, wanted, got)
	}
	set(T0.Add(time.Hour), &first)
	stored(first)
	set(T0.Add(2*time.Hour), nil)
	stored(first)
	set(T0.Add(2*time.Hour), &second)
	stored(second)
	set(time.Time{}, nil)
	_, err = s.Reply(t.Context(), j.ID)
	require.ErrorIs(t, err, journey.ErrErased)
	set(time.Time{}, &first)
	_, err = s.Reply(t.Context(), j.ID)
	require.ErrorIs(t, err, journey.ErrErased, "the journey says that none is stored")
}
