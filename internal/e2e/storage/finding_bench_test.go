package storage

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
	"paygate/journey/storetest"
)

// finding measures what staff ask of stores with the journeys of two years, among few and among many.
func finding(b *testing.B, kind string) {
	small, large := newStore(b, kind), newStore(b, kind)
	for store, size := range map[string]int{small: min(10*few, *stored), large: *stored} {
		fillTwoYears(b, store, size)
		settle(b, store)
	}
	b.Run("start", func(b *testing.B) { inTurn(b, starts(b, small), starts(b, large)) })
	amongFew, amongMany := openDirectly(b, small), openDirectly(b, large)
	for name, ask := range questions() {
		timed := func(s directStore) func() time.Duration {
			return func() time.Duration {
				began := time.Now()
				if err := ask(b, s); err != nil {
					b.Fatal(err)
				}
				return time.Since(began)
			}
		}
		b.Run(fmt.Sprintf("%s/stored=%d", name, *stored), func(b *testing.B) {
			inTurn(b, timed(amongFew), timed(amongMany))
		})
	}
	require.NoError(b, amongFew.Close())
	require.NoError(b, amongMany.Close())
}

// fillTwoYears creates n paid journeys of two years. A thousandth of them have a rare route, as many were reversed, and
// as many need a person.
func fillTwoYears(b *testing.B, store string, n int) {
	b.Helper()
	s := openDirectly(b, store)
	defer s.Close()
	for from := 0; from < n; from += 500 {
		var page []journey.Record
		for i := from; i < min(n, from+500); i++ {
			j := twoYearsOld(i, n)
			page = append(page, journey.Record{ID: j.ID, Journey: &j})
		}
		require.NoError(b, s.Import(b.Context(), page))
	}
}

func twoYearsOld(i, n int) journey.Journey {
	at := storetest.T0.Add(-time.Duration(n-i) * (2 * 365 * 24 * time.Hour / time.Duration(n)))
	terms := storetest.Example(i).Terms
	if i%1000 == 7 {
		terms.Route = "rare"
	}
	j := journey.Hold(journey.NewID(at), "key", terms, storetest.Request(i).Fingerprint(), at)
	j.State, j.DueAt, j.PaidAt = journey.StateReleased, at.Add(20_000*time.Hour), at
	j.PaidWith = fmt.Sprintf("stored-%d", i)
	j.Payments = []journey.Payment{{
		ID: j.PaidWith, CreatedAt: at, ReadAt: at, Status: journey.StatusSuccess, Money: 2500, Total: 2500,
	}}
	switch i % 1000 {
	case 8:
		j.State = journey.StateReversed
	case 9:
		j.State = journey.StateStuck
	}
	return j
}

func starts(b *testing.B, store string) func() time.Duration {
	return func() time.Duration {
		began := time.Now()
		s := openDirectly(b, store)
		took := time.Since(began)
		_ = s.Close()
		return took
	}
}

// questions are what staff ask.
func questions() map[string]func(*testing.B, directStore) error {
	list := func(f journey.Filter) func(*testing.B, directStore) error {
		return func(b *testing.B, s directStore) error {
			_, err := s.List(b.Context(), f)
			return err
		}
	}
	yearAgo := storetest.T0.AddDate(-1, 0, 0)
	return map[string]func(*testing.B, directStore) error{
		"a-reference": list(journey.Filter{Reference: "LIC-4711"}),
		"read-out":    list(journey.Filter{Find: "LIC 4711"}),
		"reversed":    list(journey.Filter{State: journey.StateReversed}),
		"rare-route":  list(journey.Filter{Route: "rare"}),
		"day-a-year-ago": list(journey.Filter{
			Since: yearAgo, Until: yearAgo.AddDate(0, 0, 1), Limit: 1_000_000,
		}),
		"overview": readOverview,
	}
}

// readOverview reads what the first page of staff shows.
func readOverview(b *testing.B, s directStore) error {
	since := storetest.T0.AddDate(0, 0, -14)
	for _, f := range []journey.Filter{
		{State: journey.StateStuck, Limit: 500}, {Approval: true}, {Uncollected: true, Since: since},
	} {
		if _, err := s.List(b.Context(), f); err != nil {
			return err
		}
	}
	if _, err := s.Tallies(b.Context(), since); err != nil {
		return err
	}
	_, err := s.CountOpen(b.Context())
	return err
}
