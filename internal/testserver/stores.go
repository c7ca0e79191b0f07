package testserver

import (
	"context"
	"encoding/base64"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"paygate/internal/testpg"
	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/pgstore"
	"paygate/journey/seal"
)

// StoreKind is a kind of store that tests run on.
type StoreKind struct {
	name         string
	Processes    int                       // that can use one store at a time
	Setting      func(t testing.TB) string // creates an empty store and returns its PAYGATE_STORE
	Open         func(t testing.TB, now func() time.Time) journey.Store
	FaultPrefix  string   // of the steps that the fault tests let fail
	FaultStories []string // of the fault tests to run; all when empty

	// ExpireClaims ends the claims on a store that no process uses, and returns how many there were.
	ExpireClaims func(t testing.TB, setting string) int
}

func storeKinds() []StoreKind {
	return []StoreKind{
		{name: "bbolt", Processes: 1, Setting: boltSetting, Open: OpenBolt, ExpireClaims: noExpireClaims},
		{
			name: "PostgreSQL", Processes: 2, Setting: postgresSetting, Open: openPostgres, FaultPrefix: "store writes",
			ExpireClaims: ExpireClaims, FaultStories: []string{
				"reserved and accepted", "taken and refused", "declined, and paid at the second attempt",
				"refused, and corrected",
				"pass, fetched",
				"outcome unknown, and it was done", "forgotten", "delivered early",
			},
		},
	}
}

// OnEachStore runs a test on each kind of store.
func OnEachStore(t *testing.T, test func(t *testing.T, kind StoreKind)) {
	t.Helper()
	for _, kind := range storeKinds() {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			test(t, kind)
		})
	}
}

func boltSetting(t testing.TB) string { return "bbolt:" + filepath.Join(t.TempDir(), "paygate.db") }

// OpenBolt opens an empty bbolt store until the test ends.
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

// MovableClock is a clock that only Advance moves.
type MovableClock struct {
	mu sync.Mutex
	at time.Time
}

// NewMovableClock returns a clock at a fixed time.
func NewMovableClock() *MovableClock {
	return &MovableClock{at: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
}

// Now returns the time of the clock.
func (c *MovableClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Advance moves the clock forward.
func (c *MovableClock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// noExpireClaims does nothing: the only process of a store ends the claims of the previous one when it starts.
func noExpireClaims(testing.TB, string) int { return 0 }

// ExpireClaims ends the claims on a PostgreSQL store, where they end by time, and the reservations of sweeps.
func ExpireClaims(t testing.TB, database string) int {
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
