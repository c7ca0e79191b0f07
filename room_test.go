package main

import (
	"bytes"
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
	"paygate/journey/room"
)

// TestADeliveryWaitsForRoomAndIsOwedUntilThen lets nobody in, and then everybody.
func TestADeliveryWaitsForRoomAndIsOwedUntilThen(t *testing.T) {
	t.Parallel()
	s := newShaky(t, openBbolt, confirms, &trouble{})
	inside, asked := int64(0), int64(0)
	busy := true
	s.runner.Enter = func(_ context.Context, bytes int64) (func(), error) {
		if busy {
			return nil, room.ErrBusy
		}
		inside, asked = inside+bytes, bytes
		return func() { inside -= bytes }, nil
	}
	terms := journey.Terms{
		Route: "licence", Kind: journey.KindSubmission, Amount: 2500, Reference: "LIC-1", Description: "Licence", ReturnURL: "https://x.example/return",
		Capture: journey.CaptureOnAccept, Release: journey.ReleaseConfirmed, Accept: journey.Statuses{{From: 200, To: 399}},
		Repeat: journey.RepeatNever, OnRefused: journey.OnRefusedReturn, ClaimFor: time.Minute, RetryFor: time.Hour, CaptureMargin: time.Hour,
	}
	request := journey.HeldRequest{Method: "POST", Path: "/licences/apply", Header: http.Header{}, Body: bytes.Repeat([]byte("x"), 100_000), Host: "x"}
	held, err := s.runner.Begin(t.Context(), terms, request, "key")
	require.NoError(t, err)
	_, err = s.runner.Again(t.Context(), held.ID)
	require.ErrorIs(t, err, room.ErrBusy, "the held request is read for what prefills Pay's page")
	_, err = s.runner.CreatePayment(t.Context(), held, journey.Prefill{})
	require.NoError(t, err)
	require.NoError(t, s.pay.Pay(s.pay.Payments()[0].ID, "success"))

	progress, err := s.runner.Return(t.Context(), held.ID, journey.Visit{By: journey.ByCitizen})
	require.ErrorIs(t, err, room.ErrBusy)
	require.Equal(t, journey.StateConfirmed, progress.Journey.State)
	require.Empty(t, s.service.got(http.MethodPost))

	busy = false
	s.service.answersBy(func(w http.ResponseWriter, r *http.Request) {
		require.EqualValues(t, 100_000, inside, "while it is sent")
		confirms(w, r)
	})
	progress, err = s.runner.Return(t.Context(), held.ID, journey.Visit{By: journey.ByCitizen})
	require.NoError(t, err)
	require.Equal(t, journey.StateReleased, progress.Journey.State)
	require.NoError(t, progress.Reply.Close())
	require.Len(t, s.service.got(http.MethodPost), 1)
	require.EqualValues(t, 100_000, asked)
	require.Zero(t, inside, "all have left")
}
