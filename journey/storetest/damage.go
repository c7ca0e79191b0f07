package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

// everyByteCounts creates one journey for each byte of a journey, and changes that byte in it.
func everyByteCounts(t *testing.T, p Place) {
	s := opened(t, p, Under(1))
	const journeys = 1500 // more than a journey, a request or a reply has bytes
	Together(journeys, func(n int) {
		j := Example(n)
		j.ReplyUntil = T0
		err := s.Create(context.Background(), j, Request(n))
		if err == nil {
			_, err = s.Update(context.Background(), j.ID, func(j journey.Journey) (journey.Change, error) {
				return journey.Change{Journey: j, Reply: &journey.Reply{Status: 200, Body: []byte("page")}}, nil
			})
		}
		if err != nil {
			t.Error(err)
		}
	})
	require.NoError(t, s.Close())
	for _, what := range []string{"journeys", "requests", "replies"} {
		n := 0
		p.Alter(t, what, func(_ string, sealed []byte) []byte {
			require.Less(t, len(sealed), journeys, "every byte is changed once")
			sealed[n%len(sealed)] ^= byte(1 << (n % 8))
			n++
			return sealed
		})
		require.Equal(t, journeys, n)
	}
	s = opened(t, p, Under(1))
	Together(journeys, func(n int) {
		id := Example(n).ID
		_, requestErr := s.Request(context.Background(), id)
		_, replyErr := s.Reply(context.Background(), id)
		_, err := s.Get(context.Background(), id)
		for _, err := range []error{requestErr, replyErr, err} {
			if !errors.Is(err, journey.ErrDamaged) {
				t.Error(n, err)
			}
		}
	})
	damaged, err := s.Damaged(t.Context())
	require.NoError(t, err)
	require.Len(t, damaged, journeys)
}

// setAside checks that a damaged journey is set aside, however it is found, and that the rest goes on.
func setAside(meet func(*testing.T, Store, journey.ID) error) func(*testing.T, Place) {
	return func(t *testing.T, p Place) {
		id := Example(3).ID
		filledWith(t, p, 20)
		flip(t, p, "journeys", string(id), 200)
		s := opened(t, p, Under(1))
		for range 2 {
			require.ErrorIs(t, meet(t, s, id), journey.ErrDamaged)
		}
		require.ErrorIs(t, s.Create(t.Context(), Example(3), Request(3)), journey.ErrExists)
		goesOnWithout(t, s, id)
		require.NoError(t, s.Close())

		s = opened(t, p, Under(1))
		goesOnWithout(t, s, id)
		require.NoError(t, s.Forget(t.Context(), id), "a person may end it")
		damaged, err := s.Damaged(t.Context())
		require.NoError(t, err)
		require.Empty(t, damaged)
		_, err = s.Request(t.Context(), id)
		require.ErrorIs(t, err, journey.ErrErased)
	}
}

func byReading(t *testing.T, s Store, id journey.ID) error {
	_, err := s.Get(t.Context(), id)
	return err
}

func byAnUpdate(t *testing.T, s Store, id journey.ID) error {
	_, err := s.Update(t.Context(), id, func(journey.Journey) (journey.Change, error) {
		t.Error("acted on a damaged journey")
		return journey.Change{}, nil
	})
	return err
}

func byAList(t *testing.T, s Store, id journey.ID) error {
	all, err := s.List(t.Context(), journey.Filter{Limit: 19})
	require.NoError(t, err)
	require.Len(t, all, 19, "the list continues after it")
	return byReading(t, s, id)
}

func byAListOfItsState(t *testing.T, s Store, id journey.ID) error {
	_, err := s.List(t.Context(), journey.Filter{State: journey.StateHeld})
	require.NoError(t, err)
	return byReading(t, s, id)
}

func goesOnWithout(t *testing.T, s Store, id journey.ID) {
	t.Helper()
	damaged, err := s.Damaged(t.Context())
	require.NoError(t, err)
	require.Equal(t, []journey.ID{id}, damaged)
	due, err := s.Due(t.Context(), FarAway, journey.Due{}, 100)
	require.NoError(t, err)
	require.Len(t, due, 19, "sweeps do not find it again")
	for _, f := range []journey.Filter{{}, {State: journey.StateHeld}} {
		require.Len(t, numbers(t, s, f), 19)
	}
	counts, err := s.CountOpen(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[journey.State]int{journey.StateHeld: 19}, counts)
	record := recordOf(t, s, id)
	require.Nil(t, record.Journey)
	require.NotEmpty(t, record.SealedJourney, "a person may still need it")
	require.NotEmpty(t, record.SealedRequest)
}

func recordOf(t *testing.T, s Store, id journey.ID) journey.Record {
	t.Helper()
	page, err := s.Records(t.Context(), "", 100, 1<<20)
	require.NoError(t, err)
	for _, r := range page {
		if r.ID == id {
			return r
		}
	}
	t.Fatalf("there is no record of %s", id)
	return journey.Record{}
}

// damageIsReportedOnce: a second reader must not overwrite what was set aside with nothing.
func damageIsReportedOnce(t *testing.T, p Place) {
	id := Example(3).ID
	filledWith(t, p, 20)
	flip(t, p, "journeys", string(id), 100)
	var log Log
	o := Under(1)
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	stores := replicas(t, p, o)
	Together(64, func(n int) {
		_, err := stores[n%len(stores)].Get(context.Background(), id)
		if !errors.Is(err, journey.ErrDamaged) || strings.Contains(err.Error(), "example.org") {
			t.Error(err)
		}
	})
	require.NotContains(t, log.String(), "example.org")
	require.Equal(t, 1, strings.Count(log.String(), "was set aside"))
	require.NotEmpty(t, recordOf(t, stores[0], id).SealedJourney)
}

// changeCannotClaimDamage: an error that a change returns says nothing about what is stored.
func changeCannotClaimDamage(t *testing.T, s journey.Store) {
	j := create(t, s, 3)
	_, err := s.Update(t.Context(), j.ID, func(journey.Journey) (journey.Change, error) {
		return journey.Change{}, fmt.Errorf("another source: %w", journey.ErrDamaged)
	})
	require.ErrorIs(t, err, journey.ErrDamaged)
	require.Equal(t, j, get(t, s, j.ID))
}

func movedIsDamaged(t *testing.T, p Place) {
	filledWith(t, p, 3)
	to, from := string(Example(1).ID), string(Example(2).ID)
	for _, what := range []string{"journeys", "requests"} {
		var other []byte
		p.Alter(t, what, func(name string, sealed []byte) []byte {
			if name == from {
				other = bytes.Clone(sealed)
			}
			return sealed
		})
		p.Alter(t, what, func(name string, sealed []byte) []byte {
			if name == to {
				return other
			}
			return sealed
		})
	}
	s := opened(t, p, Under(1))
	_, err := s.Request(t.Context(), Example(1).ID)
	require.ErrorIs(t, err, journey.ErrDamaged)
	require.ErrorIs(t, byReading(t, s, Example(1).ID), journey.ErrDamaged)
	require.Equal(t, Example(2), get(t, s, Example(2).ID))
}

func alteredPaymentEntry(t *testing.T, p Place) {
	s := opened(t, p, Under(1))
	for n := range 2 {
		j := Example(n)
		j.Payments = []journey.Payment{{ID: fmt.Sprint("pay", n)}}
		require.NoError(t, s.Create(t.Context(), j, Request(n)))
	}
	require.NoError(t, s.Close())
	p.Alter(t, "payments", func(string, []byte) []byte { return []byte(Example(1).ID) })
	s = opened(t, p, Under(1))
	require.Empty(t, numbers(t, s, journey.Filter{Payment: "pay0"}))
	require.Equal(t, []int{1}, numbers(t, s, journey.Filter{Payment: "pay1"}))
}

func alteredValue(t *testing.T, p Place) {
	s := opened(t, p, Under(1))
	keepKey(t, s)
	require.NoError(t, s.Close())
	flip(t, p, "values", "signing keys", 60)
	s = opened(t, p, Under(1))
	_, err := s.Value(t.Context(), "signing keys")
	require.ErrorIs(t, err, journey.ErrDamaged)
	_, err = s.UpdateValue(t.Context(), "signing keys", func([]byte) ([]byte, error) {
		t.Error("acted on a damaged value")
		return nil, nil
	})
	require.ErrorIs(t, err, journey.ErrDamaged)
}
