package pay

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

var (
	revoked = &Error{Call: "get", Status: 401, kind: journey.ErrPayAccount}
	busy    = &Error{Call: "get", Status: 429, Code: "P0900", kind: journey.ErrPayBusy}
)

// requireHeld requires that calls are held back for that long, and then waits for the end.
func requireHeld(t *testing.T, c *Client, pause time.Duration, means error) {
	t.Helper()
	began := time.Now()
	err := c.WaitOut(t.Context())
	if pause <= maxWait {
		require.NoError(t, err)
		require.Equal(t, pause, time.Since(began))
		return
	}
	require.ErrorIs(t, err, means)
	require.Zero(t, time.Since(began), "it is known at once")
	time.Sleep(pause - maxWait)
	require.NoError(t, c.WaitOut(t.Context()))
	require.Equal(t, pause, time.Since(began))
}

func TestCallsAreHeldBackWhilePayRefusesAll(t *testing.T) {
	t.Parallel()
	for _, cause := range []*Error{revoked, busy} {
		synctest.Test(t, func(t *testing.T) {
			c := New(Options{CreateRate: 1000})
			requireHeld(t, c, 0, nil)
			for _, seconds := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
				c.held.note(cause)
				requireHeld(t, c, seconds*time.Second, cause.kind)
			}
			c.held.note(nil)
			c.held.note(cause)
			requireHeld(t, c, time.Second, cause.kind)
		})
	}
}

func TestAnswersToEarlierCallsChangeNoHoldBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := New(Options{CreateRate: 1000})
		for range 10 {
			c.held.note(busy)
		}
		c.held.note(nil)
		requireHeld(t, c, time.Second, journey.ErrPayBusy)
		c.held.note(busy)
		requireHeld(t, c, 2*time.Second, journey.ErrPayBusy)
	})
}

func TestOtherErrorsHoldNothingBack(t *testing.T) {
	t.Parallel()
	c := New(Options{CreateRate: 1000})
	for _, err := range []error{
		nil, errors.New("any"), &Error{Status: 500}, &Error{Status: 422, kind: journey.ErrPayRefused},
		&Error{Status: 404, kind: journey.ErrPaymentNotFound}, &Error{Status: 503, kind: journey.ErrPayMaintenance},
	} {
		c.held.note(err)
		require.NoError(t, c.held.wait(t.Context(), "create"))
	}
}

func TestHeldCreateIsNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := New(Options{CreateRate: 1000, Finished: func(context.Context, string, string,
			time.Duration,
		) {
			t.Error("it was sent")
		}})
		for range 3 {
			c.held.note(revoked)
			time.Sleep(c.held.pause)
		}
		c.held.note(revoked)
		_, err := c.Create(t.Context(), journey.NewPayment{})
		require.ErrorIs(t, err, journey.ErrPayAccount)
		require.EqualError(t, err, "GOV.UK Pay create: status 401 to an earlier call: not asked again yet")

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.Error(t, c.WaitOut(ctx))
	})
}
