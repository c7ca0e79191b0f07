// Package pgstore stores journeys in PostgreSQL, for one or more replicas of Paygate. Personal data is sealed. The
// columns that are searched are not; every read compares them with the sealed journey, so that a row that was altered,
// truncated or swapped is noticed. All replicas share one rate, one list of due work and one memory of webhooks.
//
// [Open] reads the URL (url.go), checks the server (server.go), updates the tables (migrate.go) and checks what is in
// them (start.go). Every call reaches the database through transaction.go, which repeats it where that is safe.
// journeys.go, contents.go, list.go and due.go implement [journey.Store]; row.go defines a row. damage.go sets damaged
// journeys aside. values.go, marks.go and rate.go hold what else replicas share. import.go is for moving a store, and
// exclusive.go keeps other processes out during that.
//
// A new secret is introduced in two steps: first it is listed after the old one on every replica, then before it.
// Between the steps every replica can read what any other writes.
package pgstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"paygate/journey"
	"paygate/journey/find"
)

// Options configure a store.
type Options struct {
	Sealer    journey.Sealer   // required
	Now       func() time.Time // nil: the database's clock
	Log       *slog.Logger     // nil: nothing is logged
	Timeout   time.Duration    // of a call; 0 means 5 s
	Exclusive bool             // refuse to open a database that another process uses, and keep others out until Close
}

// Store is an opened database. It is safe for concurrent use.
type Store struct {
	pool       *pgxpool.Pool
	codec      journey.Codec
	references [][]byte // keys of digests, newest first
	index      find.Index
	now        func() time.Time
	clock      *clock
	log        *slog.Logger
	timeout    time.Duration
	away       error // why the database cannot be used; see [Away]
}

var _ journey.Store = (*Store)(nil)

// startTimeout bounds the checks of a start, and the wait for another replica that is migrating the database. Migrating
// itself may take longer.
const startTimeout = 2 * time.Minute

// Open opens the database of a postgres:// URL, whose settings for TLS and for the pool (pool_max_conns and others)
// apply, and creates or updates its tables; if many replicas start together, one of them does so. Its errors never
// contain the password. [ErrURL] reports a URL that no server would accept. Open also fails if the server cannot be
// reached, refuses the role, has no such database, accepts no writes or may lose confirmed writes; if the tables were
// written by a newer version; and if an open journey is sealed under a secret that is no longer listed.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	if o.Sealer == nil {
		return nil, errors.New("the store needs a sealer")
	}
	s := newStore(o)
	config, err := parse(url, s.timeout)
	if err != nil {
		return nil, err
	}
	if err := s.start(ctx, config, o.Exclusive); err != nil {
		return nil, fmt.Errorf("the store %s %w", location(config), err)
	}
	if err := s.indexOlder(ctx); err != nil { // may take long, and is not bounded by startTimeout
		s.pool.Close()
		return nil, fmt.Errorf("the store %s cannot be indexed: %w", location(config), err)
	}
	return s, nil
}

// newStore returns a store without a database.
func newStore(o Options) *Store {
	s := &Store{
		codec: journey.Codec{Sealer: o.Sealer}, references: o.Sealer.DeriveAll("reference digest", 32),
		index: find.NewIndex(o.Sealer.DeriveAll(find.Label, 32)),
		clock: &clock{}, now: o.Now, log: cmp.Or(o.Log, slog.New(slog.DiscardHandler)),
		timeout: cmp.Or(o.Timeout, 5*time.Second),
	}
	if s.now == nil {
		s.now = s.clock.now
	}
	return s
}

// start connects a store to its database.
func (s *Store) start(ctx context.Context, config *pgxpool.Config, exclusive bool) (err error) {
	if _, err := checkServer(ctx, config, s.timeout); err != nil {
		return err
	}
	if err := migrate(ctx, config, s.log); err != nil {
		return err
	}
	if exclusive {
		beExclusive(config)
	} else {
		beShared(config)
	}
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return fmt.Errorf("cannot be opened: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := s.prepare(ctx); err != nil {
		s.pool.Close()
		return err
	}
	return nil
}

// Close waits for calls that are running and closes the connections.
func (s *Store) Close() error {
	if s.pool != nil {
		s.pool.Close()
	}
	return nil
}

// Ready checks that the store can be written by recording that the newest secret is in use. Every secret is recorded
// before it seals anything.
func (s *Store) Ready(ctx context.Context) error {
	_, err := s.exec(ctx, `INSERT INTO paygate_keys (id, used_at) VALUES ($1, now())
		ON CONFLICT (id) DO UPDATE SET used_at = now()`, s.codec.Newest())
	return err
}
