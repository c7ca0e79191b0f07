package boltstore_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/storetest"
)

// many returns a closed store with n journeys, all but the first hundred at rest and not due for years.
func many(b *testing.B, n int) string {
	b.Helper()
	path := newPath(b)
	s := open(b, path, options(b, 1))
	storetest.Together(n, func(i int) {
		j := storetest.Example(i)
		if i >= 100 {
			j.State, j.DueAt = journey.StateAbandoned, j.DueAt.Add(20_000*time.Hour)
		}
		if err := s.Create(b.Context(), j, storetest.Request(i)); err != nil {
			b.Error(err)
		}
	})
	require.NoError(b, s.Close())
	return path
}

func durable(b *testing.B) *boltstore.Store {
	b.Helper()
	o := options(b, 1)
	o.NoSync = false
	return open(b, newPath(b), o)
}

func BenchmarkCreate(b *testing.B) {
	s, n := durable(b), 0
	for b.Loop() {
		n++
		if err := s.Create(b.Context(), storetest.Example(n), storetest.Request(n)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUpdateInParallel(b *testing.B) {
	s := durable(b)
	const journeys = 128
	for n := range journeys {
		require.NoError(b, s.Create(b.Context(), storetest.Example(n), storetest.Request(n)))
	}
	var next atomic.Int64
	b.SetParallelism(journeys / 2) // two processors
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		id := storetest.Example(int(next.Add(1)) % journeys).ID
		for pb.Next() {
			_, err := s.Update(b.Context(), id, func(j journey.Journey) (journey.Change, error) {
				j.Failures++
				return journey.Change{Journey: j}, nil
			})
			if err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkGet(b *testing.B) {
	s := open(b, many(b, 1000), options(b, 1))
	for b.Loop() {
		if _, err := s.Get(b.Context(), storetest.Example(500).ID); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkListByReference is the most expensive list that staff can ask for.
func BenchmarkListByReference(b *testing.B) {
	s := open(b, many(b, 100_000), options(b, 1))
	for b.Loop() {
		found, err := s.List(b.Context(), journey.Filter{Reference: "lic-0"})
		if err != nil || len(found) != 1 {
			b.Fatal(len(found), err)
		}
	}
}
