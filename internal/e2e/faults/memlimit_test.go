package faults

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"paygate/internal/memlimit"
	"paygate/internal/testserver"
	"paygate/journey"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDeliveryStaysOwedUntilMemoryIsFree lets nobody in, and then everybody.
func TestDeliveryStaysOwedUntilMemoryIsFree(t *testing.T) {
	t.Parallel()
	inside, asked := int64(0), int64(0)
	clock := testserver.NewMovableClock()
	s := newShaky(t, testserver.OpenBolt(t, clock.Now), clock, story{service: func(int, url.Values) testserver.Act {
		require.EqualValues(t, 100_000, inside, "while it is sent")
		return testserver.Accept
	}}, &trouble{})
	busy := true
	s.runner.Acquire = func(_ context.Context, bytes int64) (func(), error) {
		if busy {
			return nil, memlimit.ErrBusy
		}
		inside, asked = inside+bytes, bytes
		return func() { inside -= bytes }, nil
	}
	request := journey.HeldRequest{Method: "POST", Path: "/licences/apply", Header: http.Header{},
		Body: bytes.Repeat([]byte("x"), 100_000), Host: "x"}
	held, err := s.runner.Begin(t.Context(), s.terms, request, "key")
	require.NoError(t, err)
	_, err = s.runner.Again(t.Context(), held.ID)
	require.ErrorIs(t, err, memlimit.ErrBusy, "the held request is read for what prefills Pay's page")
	_, err = s.runner.CreatePayment(t.Context(), held, journey.Prefill{})
	require.NoError(t, err)
	require.NoError(t, s.pay.Pay(s.pay.Payments()[0].ID, "success"))

	progress, err := s.runner.Advance(t.Context(), held.ID, journey.Visit{By: journey.ByCitizen})
	require.ErrorIs(t, err, memlimit.ErrBusy)
	require.Equal(t, journey.StateConfirmed, progress.Journey.State)
	require.Zero(t, s.book.Given(false))

	busy = false
	progress, err = s.runner.Advance(t.Context(), held.ID, journey.Visit{By: journey.ByCitizen})
	require.NoError(t, err)
	require.Equal(t, journey.StateReleased, progress.Journey.State)
	require.NoError(t, progress.Reply.Close())
	require.Equal(t, 1, s.book.Given(false))
	require.EqualValues(t, 100_000, asked)
	require.Zero(t, inside, "all have left")
}
