package faults

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/memlimit"
	"paygate/internal/testserver"
	"paygate/journey"
)

// TestDeliveryStaysOwedUntilMemoryIsFree first refuses memory to every delivery, and then grants it.
func TestDeliveryStaysOwedUntilMemoryIsFree(t *testing.T) {
	t.Parallel()
	used, asked := int64(0), int64(0)
	clock := testserver.NewMovableClock()
	s := newScenario(t, testserver.OpenBolt(t, clock.Now), clock, story{service: func(int, url.Values) testserver.Act {
		require.EqualValues(t, 100_000, used, "held while it is sent")
		return testserver.Accept
	}}, &failingStep{})
	busy := true
	s.runner.Acquire = func(_ context.Context, bytes int64) (func(), error) {
		if busy {
			return nil, memlimit.ErrBusy
		}
		used, asked = used+bytes, bytes
		return func() { used -= bytes }, nil
	}
	request := journey.HeldRequest{
		Method: "POST", Path: "/licences/apply", Header: http.Header{},
		Body: bytes.Repeat([]byte("x"), 100_000), Host: "x",
	}
	held, err := s.runner.Begin(t.Context(), s.terms, request, "key")
	require.NoError(t, err)
	_, err = s.runner.Again(t.Context(), held.ID)
	require.ErrorIs(t, err, memlimit.ErrBusy, "reading the held request to prefill the page of Pay needs memory too")
	_, err = s.runner.CreatePayment(t.Context(), held, journey.Prefill{})
	require.NoError(t, err)
	require.NoError(t, s.pay.Pay(s.pay.Payments()[0].ID, "success"))

	progress, err := s.runner.Advance(t.Context(), held.ID, journey.Visit{By: journey.ByCitizen})
	require.ErrorIs(t, err, memlimit.ErrBusy)
	require.Equal(t, journey.StateConfirmed, progress.Journey.State)
	require.Zero(t, s.ledger.Given(false))

	busy = false
	progress, err = s.runner.Advance(t.Context(), held.ID, journey.Visit{By: journey.ByCitizen})
	require.NoError(t, err)
	require.Equal(t, journey.StateReleased, progress.Journey.State)
	require.NoError(t, progress.Reply.Close())
	require.Equal(t, 1, s.ledger.Given(false))
	require.EqualValues(t, 100_000, asked)
	require.Zero(t, used, "all of it is released")
}
