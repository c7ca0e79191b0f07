package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paygate/journey"
)

func comesBack(t *testing.T, s journey.Store) {
	j := create(t, s, 1)
	require.Equal(t, j, get(t, s, j.ID))
	request, err := s.Request(t.Context(), j.ID)
	require.NoError(t, err)
	require.Equal(t, Request(1), request)

	after := toReleased(t, s, j)
	require.Equal(t, after, get(t, s, j.ID))
}

// everythingComesBack fills every field, so that a new one cannot be forgotten.
func everythingComesBack(t *testing.T, s journey.Store) {
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n += 2 // shrinking runs again on the same store
		j, request := filledJourney(t, n), filledRequest(t)
		require.NoError(t, s.Create(context.Background(), j, request))
		require.Equal(t, j, get(t, s, j.ID))
		if j.KeepsRequest() {
			got, err := s.Request(context.Background(), j.ID)
			require.NoError(t, err)
			require.Equal(t, request, got)
		}

		next, reply := filledJourney(t, n), filledReply(t)
		full := journey.Change{Journey: next, Request: &request, Reply: &reply}
		change(t, s, j.ID, func(c *journey.Change) { *c = full })
		require.Equal(t, next, get(t, s, j.ID))
		if next.KeepsReply() {
			got, err := s.Reply(context.Background(), j.ID)
			require.NoError(t, err)
			require.Equal(t, reply, got)
		}
	})
}

// bytesComeBack: browsers and old services send Latin-1, and worse, in headers.
func bytesComeBack(t *testing.T, s journey.Store) {
	var every []byte
	for b := range 256 {
		every = append(every, byte(b))
	}
	request := Request(1)
	request.Body, request.Query = every, string(every)
	request.Header = http.Header{"Cookie": {string(every), "", "caf\xe9=\xff"}, "X-Welsh": {"Tŷ â ẅ 🐉"}}
	request.Prefill.CardholderName = "Andr\xe9"
	j := Example(1)
	require.NoError(t, s.Create(t.Context(), j, request))
	got, err := s.Request(t.Context(), j.ID)
	require.NoError(t, err)
	require.Equal(t, request, got)

	reply := journey.Reply{
		Status: 200, Header: http.Header{"Content-Disposition": {"filename=\"caf\xe9.pdf\""}}, Body: every,
	}
	change(t, s, j.ID, func(c *journey.Change) { c.Journey.ReplyUntil, c.Reply = T0, &reply })
	stored, err := s.Reply(t.Context(), j.ID)
	require.NoError(t, err)
	require.Equal(t, reply, stored)
}

func largeRequest(t *testing.T, s journey.Store) {
	request := Request(1)
	request.Body = make([]byte, 10<<20)
	for i := range request.Body {
		request.Body[i] = byte(i * 7)
	}
	require.NoError(t, s.Create(t.Context(), Example(1), request))
	got, err := s.Request(t.Context(), Example(1).ID)
	require.NoError(t, err)
	require.True(t, slices.Equal(request.Body, got.Body))
}

func usedOnce(t *testing.T, s journey.Store) {
	j := create(t, s, 1)
	other := j
	other.Note = "another one"
	require.ErrorIs(t, s.Create(t.Context(), other, Request(2)), journey.ErrExists)
	require.Equal(t, j, get(t, s, j.ID))
	request, err := s.Request(t.Context(), j.ID)
	require.NoError(t, err)
	require.Equal(t, Request(1), request, "the first one's request")
}

func usedOnceAmongMany(t *testing.T, s journey.Store) {
	var all sync.WaitGroup
	var created, refused atomic.Int32
	for n := range 32 {
		all.Go(func() {
			j := Example(1)
			j.Note = fmt.Sprint(n)
			switch err := s.Create(context.Background(), j, Request(n)); {
			case err == nil:
				created.Add(1)
			case errors.Is(err, journey.ErrExists):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Equal(t, int32(1), created.Load())
	require.Equal(t, int32(31), refused.Load())
	request, err := s.Request(t.Context(), Example(1).ID)
	require.NoError(t, err)
	require.Equal(t, get(t, s, Example(1).ID).Note, fmt.Sprint(request.Body[2]), "journey and request of one caller")
}

func notFound(t *testing.T, s journey.Store) {
	for _, id := range []journey.ID{"UNKNOWN", "", "Ŵ\x00\xff"} {
		_, err := s.Get(t.Context(), id)
		require.ErrorIs(t, err, journey.ErrNotFound)
		_, err = s.Update(t.Context(), id, func(journey.Journey) (journey.Change, error) {
			t.Error("changed nothing")
			return journey.Change{}, nil
		})
		require.ErrorIs(t, err, journey.ErrNotFound)
		_, err = s.ByPayment(t.Context(), string(id))
		require.ErrorIs(t, err, journey.ErrNotFound)
		_, err = s.Request(t.Context(), id)
		require.ErrorIs(t, err, journey.ErrErased)
		_, err = s.Reply(t.Context(), id)
		require.ErrorIs(t, err, journey.ErrErased)
		require.NoError(t, s.Forget(t.Context(), id))
	}
}

func contextEnds(t *testing.T, s journey.Store) {
	j := create(t, s, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	unchanged := func(journey.Journey) (journey.Change, error) {
		t.Error("ran a change after the end")
		return journey.Change{}, nil
	}
	for name, call := range map[string]func() error{
		"Create":    func() error { return s.Create(ctx, Example(2), Request(2)) },
		"Get":       func() error { _, err := s.Get(ctx, j.ID); return err },
		"Update":    func() error { _, err := s.Update(ctx, j.ID, unchanged); return err },
		"Request":   func() error { _, err := s.Request(ctx, j.ID); return err },
		"Reply":     func() error { _, err := s.Reply(ctx, j.ID); return err },
		"ByPayment": func() error { _, err := s.ByPayment(ctx, "pay1"); return err },
		"Due":       func() error { _, err := s.Due(ctx, T0, journey.Due{}, 1); return err },
		"List":      func() error { _, err := s.List(ctx, journey.Filter{}); return err },
		"Forget":    func() error { return s.Forget(ctx, j.ID) },
	} {
		require.ErrorIs(t, call(), context.Canceled, name)
	}
	require.Equal(t, j, get(t, s, j.ID))
	_, err := s.Get(t.Context(), Example(2).ID)
	require.ErrorIs(t, err, journey.ErrNotFound)
}

func outlivesRestart(t *testing.T, p Place) {
	s := opened(t, p, Under(1))
	held, released, gone := create(t, s, 1), toReleased(t, s, create(t, s, 2)), create(t, s, 3)
	reply := journey.Reply{Status: 200, Header: http.Header{}, Body: bytes.Repeat([]byte("page "), 1000)}
	held = change(t, s, held.ID, func(c *journey.Change) {
		c.Journey.ReplyUntil, c.Reply = T0.Add(time.Hour), &reply
		c.Journey.Payments = append(c.Journey.Payments, journey.Payment{ID: "pay1", CreatedAt: T0, ReadAt: T0})
	})
	require.NoError(t, s.Forget(t.Context(), gone.ID))
	due, err := s.Due(t.Context(), FarAway, journey.Due{}, 10)
	require.NoError(t, err)

	require.NoError(t, s.Close())

	s = opened(t, p, Under(1))
	require.Equal(t, held, get(t, s, held.ID))
	require.Equal(t, released, get(t, s, released.ID))
	_, err = s.Get(t.Context(), gone.ID)
	require.ErrorIs(t, err, journey.ErrNotFound)
	request, err := s.Request(t.Context(), held.ID)
	require.NoError(t, err)
	require.Equal(t, Request(1), request)
	stored, err := s.Reply(t.Context(), held.ID)
	require.NoError(t, err)
	require.Equal(t, reply.Body, stored.Body)
	_, err = s.Request(t.Context(), released.ID)
	require.ErrorIs(t, err, journey.ErrErased)
	id, err := s.ByPayment(t.Context(), "pay1")
	require.NoError(t, err)
	require.Equal(t, held.ID, id)
	dueAgain, err := s.Due(t.Context(), FarAway, journey.Due{}, 10)
	require.NoError(t, err)
	require.Equal(t, due, dueAgain)
}
