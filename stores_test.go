package main

import (
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/postgres"
	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/pgstore"
	"paygate/journey/seal"
)

// storeKind is a kind of store that the proofs run on.
type storeKind struct {
	name      string
	processes int                       // that may work on one store at a time
	setting   func(t testing.TB) string // makes an empty store, and gives the PAYGATE_STORE that leads to it
	open      func(t testing.TB, now func() time.Time) journey.Store
	fails     string // how the steps begin that are failed on it one at a time
}

func storeKinds() []storeKind {
	return []storeKind{
		{name: "bbolt", processes: 1, setting: boltSetting, open: openBolt},
		{name: "PostgreSQL", processes: 2, setting: postgresSetting, open: openPostgres, fails: "store writes"},
	}
}

// onEveryStore proves something on each kind of store.
func onEveryStore(t *testing.T, prove func(t *testing.T, kind storeKind)) {
	t.Helper()
	for _, kind := range storeKinds() {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			prove(t, kind)
		})
	}
}

func boltSetting(t testing.TB) string { return "bbolt:" + filepath.Join(t.TempDir(), "paygate.db") }

func openBolt(t testing.TB, now func() time.Time) journey.Store {
	store, err := boltstore.Open(filepath.Join(t.TempDir(), "paygate.db"), boltstore.Options{Sealer: sealer(t), Now: now, NoSync: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

func postgresSetting(t testing.TB) string { return postgres.Start(t).Database(t) }

func openPostgres(t testing.TB, now func() time.Time) journey.Store {
	store, err := pgstore.Open(t.Context(), postgresSetting(t), pgstore.Options{Sealer: sealer(t), Now: now, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

func sealer(t testing.TB) *seal.Sealer {
	t.Helper()
	s, err := seal.New([][]byte{make([]byte, 32)})
	require.NoError(t, err)
	return s
}

// movableClock is a clock that stands still unless it is moved.
type movableClock struct {
	mu sync.Mutex
	at time.Time
}

func newMovableClock() *movableClock {
	return &movableClock{at: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
}

func (c *movableClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *movableClock) moves(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}
