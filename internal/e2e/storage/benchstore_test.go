package storage

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"paygate/gateway/config"
	"paygate/internal/testpg"
	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/move"
	"paygate/journey/pgstore"
	"paygate/journey/storetest"
)

// newStore returns the PAYGATE_STORE of an empty store.
func newStore(b *testing.B, kind string) string {
	b.Helper()
	switch {
	case kind == config.Bbolt:
		return "bbolt:" + filepath.Join(b.TempDir(), "paygate.db")
	case *database == "":
		return testpg.Start(b).Database(b)
	default:
		return newSchema(b)
	}
}

var schemas atomic.Int64

// newSchema creates a schema in the given database.
func newSchema(b *testing.B) string {
	b.Helper()
	name := fmt.Sprintf("paygate_bench_%d_%d", time.Now().UnixNano(), schemas.Add(1))
	run := func(statement string) {
		conn, err := pgx.Connect(context.Background(), *database)
		require.NoError(b, err)
		defer conn.Close(context.Background())
		_, err = conn.Exec(context.Background(), statement)
		require.NoError(b, err)
	}
	run("CREATE SCHEMA " + name)
	b.Cleanup(func() { run("DROP SCHEMA " + name + " CASCADE") })
	u, err := url.Parse(*database)
	require.NoError(b, err)
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String()
}

// directStore is a store that no gateway uses.
type directStore interface {
	journey.Store
	move.Store
	CountOpen(context.Context) (map[journey.State]int, error)
	Tallies(ctx context.Context, since time.Time) ([]journey.Tally, error)
	Close() error
}

func openDirectly(b *testing.B, store string) directStore {
	b.Helper()
	sealer := sealerOf(b, testserver.Secret32(1))
	if path, isFile := strings.CutPrefix(store, "bbolt:"); isFile {
		s, err := boltstore.Open(path, boltstore.Options{Sealer: sealer, NoSync: true})
		require.NoError(b, err)
		return s
	}
	s, err := pgstore.Open(b.Context(), store, pgstore.Options{Sealer: sealer, Timeout: time.Minute})
	require.NoError(b, err)
	return s
}

// fillStore creates n journeys. All but the first hundred are at rest and due only after years.
func fillStore(b *testing.B, store string, n int) {
	b.Helper()
	s := openDirectly(b, store)
	defer s.Close()
	for from := 0; from < n; from += 500 {
		var page []journey.Record
		for i := from; i < min(n, from+500); i++ {
			j := storetest.Example(i)
			j.Payments = []journey.Payment{{
				ID: fmt.Sprintf("stored-%d", i), CreatedAt: j.StartedAt,
				ReadAt: j.StartedAt, Status: "success", Money: 2500,
			}}
			if i >= 100 {
				j.State, j.DueAt = journey.StateReleased, j.DueAt.Add(20_000*time.Hour)
			}
			page = append(page, journey.Record{ID: j.ID, Journey: &j})
		}
		require.NoError(b, s.Import(b.Context(), page))
	}
}

// settle vacuums a PostgreSQL store now, so that the server does not do so during the measurement.
func settle(b *testing.B, store string) {
	b.Helper()
	if strings.HasPrefix(store, "bbolt:") {
		return
	}
	conn, err := pgx.Connect(b.Context(), store)
	require.NoError(b, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(b.Context(),
		"VACUUM ANALYZE paygate_journeys, paygate_payments, paygate_requests, paygate_terms, "+
			"paygate_tallies")
	require.NoError(b, err)
	_, _ = conn.Exec(b.Context(), "CHECKPOINT") // if the role has pg_checkpoint
}
