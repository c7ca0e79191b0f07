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
	Now       func() time.Time // nil: the system's clock
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
	log        *slog.Logger
	timeout    time.Duration
}

var _ journey.Store = (*Store)(nil)

// startTimeout bounds a start with a database that answers: another replica may be migrating it.
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
	if o.Now == nil {
		o.Now = func() time.Time { return time.Now().UTC() }
	}
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	o.Timeout = cmp.Or(o.Timeout, 5*time.Second)
	config, err := parse(url, o.Timeout)
	if err != nil {
		return nil, err
	}
	s, err := open(ctx, config, o)
	if err != nil {
		return nil, fmt.Errorf("the store %s %w", location(config), err)
	}
	if err := s.indexOlder(ctx); err != nil { // may take long, and is not bounded by startTimeout
		s.pool.Close()
		return nil, fmt.Errorf("the store %s cannot be indexed: %w", location(config), err)
	}
	return s, nil
}

func open(ctx context.Context, config *pgxpool.Config, o Options) (*Store, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := checkServer(ctx, config, o.Timeout); err != nil {
		return nil, err
	}
	if err := migrate(ctx, config, o.Log); err != nil {
		return nil, err
	}
	if o.Exclusive {
		beExclusive(config)
	} else {
		beShared(config)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("cannot be opened: %w", err)
	}
	s := &Store{
		pool: pool, codec: journey.Codec{Sealer: o.Sealer}, references: o.Sealer.DeriveAll("reference digest", 32),
		index: find.NewIndex(o.Sealer.DeriveAll(find.Label, 32)),
		now:   o.Now, log: o.Log, timeout: o.Timeout,
	}
	if err := s.prepare(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return s, nil
}

// Close waits for calls that are running and closes the connections.
func (s *Store) Close() error {
	s.pool.Close()
	return nil
}

// Ready checks that the store can be written by recording that the newest secret is in use. Every secret is recorded
// before it seals anything.
func (s *Store) Ready(ctx context.Context) error {
	_, err := s.exec(ctx, `INSERT INTO paygate_keys (id, used_at) VALUES ($1, now())
		ON CONFLICT (id) DO UPDATE SET used_at = now()`, s.codec.Newest())
	return err
}
