// Package pgstore keeps journeys in PostgreSQL, for more than one replica of Paygate. What is personal is sealed; what is
// searched lies open beside it and is held against it at every read, so that a row which was altered, cut or swapped is
// noticed. All replicas share one rate, one list of due work and one memory of webhooks.
//
// The story in order: [Open] reads the URL (url.go), looks the server over (server.go), brings the tables up to date
// (migrate.go) and prepares what is in them (start.go); write.go is how every call reaches the database and what it does
// when that fails; journeys.go, kept.go, list.go and due.go are the contract of [journey.Store], row.go what a row is;
// damage.go sets aside what does not open; marks.go and rate.go are what replicas share besides; import.go hands all to
// another store, and use.go keeps others out meanwhile.
//
// Replicas are given a new secret in two steps: first behind the old one everywhere, then before it. Between the steps
// every replica reads what any other writes.
package pgstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"paygate/journey"
)

// Sealer encrypts and authenticates values; package seal has one. DeriveAll makes a key for another purpose from each
// secret, newest first.
type Sealer interface {
	Seal(label, id string, parts ...[]byte) []byte
	Open(label, id string, sealed []byte) ([]byte, error)
	OpenInPlace(label, id string, sealed []byte) ([]byte, error)
	KeyID(sealed []byte) (string, bool)
	Knows(keyID string) bool
	Newest() string
	DeriveAll(label string, n int) [][]byte
}

// Options say how a store is opened.
type Options struct {
	Sealer   Sealer           // required
	Now      func() time.Time // nil: the system's clock
	Log      *slog.Logger     // nil: nothing is logged
	Patience time.Duration    // how long a call waits for the database at most; 0 means 5 s
	Alone    bool             // nobody else may use the database meanwhile: it is refused while somebody does, and they are while it lasts
}

// Store is an opened database. Safe for concurrent use.
type Store struct {
	pool       *pgxpool.Pool
	sealer     Sealer
	references [][]byte // keys of digests, newest first
	now        func() time.Time
	log        *slog.Logger
	patience   time.Duration
}

var _ journey.Store = (*Store)(nil)

// startPatience is how long a start may take with a database that answers: others may be migrating it.
const startPatience = 2 * time.Minute

// Open opens the database behind a postgres:// URL, whose settings for TLS and for the pool (pool_max_conns and others)
// hold, and makes or updates its tables; of many replicas that start at once one does so. It fails in plain words, which
// never hold the password: [ErrURL] when the URL itself is at fault, else when the server cannot be reached, refuses the
// role, has no such database, takes no writes, or keeps confirmed writes not safe; when the tables are those of a newer
// version; and when an open journey is sealed under a secret that is no longer listed.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	if o.Sealer == nil {
		return nil, errors.New("the store needs a sealer")
	}
	if o.Now == nil {
		o.Now = func() time.Time { return time.Now().UTC() }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Patience <= 0 {
		o.Patience = 5 * time.Second
	}
	config, err := parse(url, o.Patience)
	if err != nil {
		return nil, err
	}
	s, err := open(ctx, config, o)
	if err != nil {
		return nil, fmt.Errorf("the store %s %w", where(config), err)
	}
	return s, nil
}

func open(ctx context.Context, config *pgxpool.Config, o Options) (*Store, error) {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	if err := lookOver(ctx, config, o.Patience); err != nil {
		return nil, err
	}
	if err := migrate(ctx, config, o.Log); err != nil {
		return nil, err
	}
	if o.Alone {
		alone(config)
	} else {
		together(config)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("cannot be opened: %w", err)
	}
	s := &Store{
		pool: pool, sealer: o.Sealer, references: o.Sealer.DeriveAll("reference digest", 32),
		now: o.Now, log: o.Log, patience: o.Patience,
	}
	if err := s.prepare(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return s, nil
}

// Close ends the use of the database. It waits for calls under way.
func (s *Store) Close() error {
	s.pool.Close()
	return nil
}

// Ready tells whether the store can be written, by writing.
func (s *Store) Ready(ctx context.Context) error {
	return s.write(ctx, s.noteKey)
}

// noteKey notes that the newest secret is in use. Every secret is noted before it seals anything.
func (s *Store) noteKey(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `INSERT INTO paygate_keys (id, used_at) VALUES ($1, now())
		ON CONFLICT (id) DO UPDATE SET used_at = now()`, s.sealer.Newest())
	return err
}
