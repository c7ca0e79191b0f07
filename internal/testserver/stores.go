package testserver

import (
	"context"
	"encoding/base64"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"paygate/internal/testpg"
	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/pgstore"
	"paygate/journey/seal"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// StoreKind is a kind of store that the proofs run on.
type StoreKind struct {
	name      string
	Processes int                       // that may work on one store at a time
	Setting   func(t testing.TB) string // makes an empty store, and gives the PAYGATE_STORE that leads to it
	Open      func(t testing.TB, now func() time.Time) journey.Store
	Fails     string   // how the steps begin that are failed on it one at a time
	Stories   []string // in which they are failed; none: all

	// claimsLapse lets the time pass that claims last, on a store that no process has.
	ClaimsLapse func(t testing.TB, setting string) (lapsed int)
}

func storeKinds() []StoreKind {
	return []StoreKind{
		{name: "bbolt", Processes: 1, Setting: boltSetting, Open: OpenBolt, ClaimsLapse: noClaimsLapse},
		{
			name: "PostgreSQL", Processes: 2, Setting: postgresSetting, Open: openPostgres, Fails: "store writes",
			ClaimsLapse: ClaimsLapse, Stories: []string{
				"reserved and accepted", "taken and refused", "declined, and paid on another try",
				"refused, and corrected",
				"a pass that is fetched",
				"nobody knows, and it was done", "forgotten", "delivered early",
			},
		},
	}
}

// OnEveryStore proves something on each kind of store.
func OnEveryStore(t *testing.T, prove func(t *testing.T, kind StoreKind)) {
	t.Helper()
	for _, kind := range storeKinds() {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			prove(t, kind)
		})
	}
}

func boltSetting(t testing.TB) string { return "bbolt:" + filepath.Join(t.TempDir(), "paygate.db") }

func OpenBolt(t testing.TB, now func() time.Time) journey.Store {
	store, err := boltstore.Open(filepath.Join(t.TempDir(), "paygate.db"),
		boltstore.Options{Sealer: sealer(t), Now: now, NoSync: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

func postgresSetting(t testing.TB) string { return testpg.Start(t).Database(t) }

func openPostgres(t testing.TB, now func() time.Time) journey.Store {
	store, err := pgstore.Open(t.Context(), postgresSetting(t),
		pgstore.Options{Sealer: sealer(t), Now: now, Log: slog.New(slog.DiscardHandler)})
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

// MovableClock is a clock that stands still unless it is moved.
type MovableClock struct {
	mu sync.Mutex
	at time.Time
}

func NewMovableClock() *MovableClock {
	return &MovableClock{at: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
}

func (c *MovableClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *MovableClock) Moves(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// noClaimsLapse: a process that is the only one on its store ends the claims of an earlier one when it starts.
func noClaimsLapse(testing.TB, string) int { return 0 }

// ClaimsLapse on a store that replicas share, where claims end by time, and so do the visits of sweeps.
func ClaimsLapse(t testing.TB, database string) (lapsed int) {
	t.Helper()
	secret, err := base64.RawURLEncoding.DecodeString(Secret32(1))
	require.NoError(t, err)
	sealer, err := seal.New([][]byte{secret})
	require.NoError(t, err)
	store, err := pgstore.Open(t.Context(), database, pgstore.Options{Sealer: sealer})
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	claimed, err := store.InState(t.Context(), journey.StateReleasing)
	require.NoError(t, err)
	for _, id := range claimed {
		_, err := store.Update(t.Context(), id, func(j journey.Journey) (journey.Change, error) {
			j.Claim.Until = time.Now().UTC()
			j.DueAt = j.Due(time.Now().UTC())
			return journey.Change{Journey: j}, nil
		})
		require.NoError(t, err)
	}
	conn, err := pgx.Connect(t.Context(), database)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	_, err = conn.Exec(t.Context(), "UPDATE paygate_journeys SET taken_until = NULL")
	require.NoError(t, err)
	return len(claimed)
}
