package storetest

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

func openJourneysKeepTheirSecret(t *testing.T, p Place) {
	filledWith(t, p, 20)
	_, err := p.Open(t, Under(2))
	require.ErrorContains(t, err, "20 open journeys")
	require.ErrorContains(t, err, "PAYGATE_SECRETS")
	require.Equal(t, Example(1), get(t, opened(t, p, Under(2, 1)), Example(1).ID))
}

// followsNewestSecret: a journey that is changed is sealed under the new secret. Its request and reply must be too, or
// they would be lost with the old secret although the journey can still be read.
func followsNewestSecret(t *testing.T, p Place) {
	filledWith(t, p, 20)
	reply := journey.Reply{Status: 200, Header: map[string][]string{"X": {"y"}}, Body: []byte("page")}
	s := opened(t, p, Under(1))
	for n := range 20 {
		change(t, s, Example(n).ID, func(c *journey.Change) { c.Journey.ReplyUntil, c.Reply = T0, &reply })
	}
	require.NoError(t, s.Close())
	s = opened(t, p, Under(2, 1))
	for n := range 20 {
		change(t, s, Example(n).ID, func(*journey.Change) {})
	}
	require.NoError(t, s.Close())
	s = opened(t, p, Under(2))
	for n := range 20 {
		request, err := s.Request(t.Context(), Example(n).ID)
		require.NoError(t, err)
		require.Equal(t, Request(n), request)
		stored, err := s.Reply(t.Context(), Example(n).ID)
		require.NoError(t, err)
		require.Equal(t, reply, stored)
	}
}

// droppedSecret: dropping a secret erases old journeys; putting it back brings them back, even if they were read in
// between.
func droppedSecret(t *testing.T, p Place) {
	s := opened(t, p, Under(1))
	for n := range 3 {
		j := Example(n)
		j.State = journey.StateReleased
		require.NoError(t, s.Create(t.Context(), j, Request(n)))
	}
	require.NoError(t, s.Close())

	s = opened(t, p, Under(2))
	require.Empty(t, numbers(t, s, journey.Filter{}))
	damaged, err := s.Damaged(t.Context())
	require.NoError(t, err)
	require.Empty(t, damaged, "a list does not set such journeys aside")
	require.ErrorIs(t, byReading(t, s, Example(1).ID), journey.ErrDamaged)
	due, err := s.Due(t.Context(), FarAway, journey.Due{}, 10)
	require.NoError(t, err)
	for _, d := range due {
		require.NotEqual(t, Example(1).ID, d.ID, "sweeps do not find it again")
	}
	require.NoError(t, s.Close())

	s = opened(t, p, Under(2, 1))
	require.Equal(t, []int{2, 1, 0}, numbers(t, s, journey.Filter{}))
	due, err = s.Due(t.Context(), FarAway, journey.Due{}, 10)
	require.NoError(t, err)
	require.Len(t, due, 3)
	damaged, err = s.Damaged(t.Context())
	require.NoError(t, err)
	require.Empty(t, damaged)
}

func valuesFollowNewestSecret(t *testing.T, p Place) {
	s := opened(t, p, Under(1))
	keepKey(t, s)
	require.NoError(t, s.Close())
	_, err := p.Open(t, Under(2))
	require.ErrorContains(t, err, "signing keys, which cannot be read")
	require.NoError(t, opened(t, p, Under(2, 1)).Close())
	value, err := opened(t, p, Under(2)).Value(t.Context(), "signing keys")
	require.NoError(t, err)
	require.Equal(t, "key", string(value))
}

func keepKey(t *testing.T, s Store) {
	t.Helper()
	_, err := s.UpdateValue(t.Context(), "signing keys", func(old []byte) ([]byte, error) {
		require.Nil(t, old)
		return []byte("key"), nil
	})
	require.NoError(t, err)
}

func referenceUnderEverySecret(t *testing.T, p Place) {
	keep := func(n int, reference string, secrets ...byte) {
		s := opened(t, p, Under(secrets...))
		j := Example(n)
		j.Terms.Reference = reference
		require.NoError(t, s.Create(t.Context(), j, Request(n)))
		require.NoError(t, s.Close())
	}
	keep(1, "Straße-Ŵ-K", 1)
	keep(2, "STRAßE-ŵ-\u212a", 2, 1) // the Kelvin sign, which is a k
	s := opened(t, p, Under(2, 1))
	for reference, wanted := range map[string]int{
		"straße-ŵ-k": 2, "Straße-Ŵ-k": 2, "strasse-ŵ-k": 0, "straße-ŵ": 0,
	} {
		require.Len(t, numbers(t, s, journey.Filter{Reference: reference}), wanted, reference)
	}
}

// counting counts how often it opens something.
type counting struct {
	journey.Sealer
	opened atomic.Int32
}

func (c *counting) Open(label, id string, sealed []byte) ([]byte, error) {
	c.opened.Add(1)
	return c.Sealer.Open(label, id, sealed)
}

// startOpensNothing checks that a start does not even read journeys at rest.
func startOpensNothing(t *testing.T, p Place) {
	filledWith(t, p, 20)
	s := opened(t, p, Under(1))
	for n := 20; n < 200; n++ {
		j := Example(n)
		j.State = journey.StateAbandoned
		require.NoError(t, s.Create(t.Context(), j, Request(n)))
	}
	require.NoError(t, s.Close())
	p.Alter(t, "journeys", func(id string, sealed []byte) []byte {
		if id < string(Example(20).ID) {
			return sealed
		}
		return []byte("nothing that opens")
	})
	o := Under(1)
	sealer := &counting{}
	o.Watch = func(s journey.Sealer) journey.Sealer { sealer.Sealer = s; return sealer }
	s = opened(t, p, o)
	counts, err := s.CountOpen(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[journey.State]int{journey.StateHeld: 20}, counts)
	for state, wanted := range map[journey.State]int{journey.StateHeld: 20, journey.StateReleasing: 0} {
		ids, err := s.InState(t.Context(), state)
		require.NoError(t, err)
		require.Len(t, ids, wanted)
	}
	require.Zero(t, sealer.opened.Load())
	require.Len(t, numbers(t, s, journey.Filter{State: journey.StateHeld, Limit: 100}), 20)
	require.Equal(t, int32(20), sealer.opened.Load(), "a list of an open state costs what is open")
}
