// Package boltstore keeps journeys in one bbolt file, the default for a single process. Every value is sealed, so that a
// flipped byte is noticed and nothing personal lies open; indexes make a sweep cost what is due, and a start what is open,
// not what is stored; writers that come at the same time share one write to the disk.
//
// The story in order: [Open] looks the file over (inspect.go, tree.go) and prepares it (start.go); journeys.go, kept.go and
// due.go are the contract of [journey.Store]; damage.go sets aside what does not open; import.go hands all to another store.
package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// schema is the layout of the file. A file with a newer one is refused: version 1 would write journeys back without what version
// 2 has added to them.
const schema = 2

// The buckets.
var (
	metaBucket    = []byte("meta")      // "schema", "ready"
	journeyBucket = []byte("journeys")  // id → sealed journey
	requestBucket = []byte("requests")  // id → sealed held request, in pieces
	replyBucket   = []byte("replies")   // id → sealed reply, in pieces
	paymentBucket = []byte("payments")  // payment id → id
	dueBucket     = []byte("due")       // time, id → nothing
	earlyBucket   = []byte("early")     // time, id → nothing: due for early delivery
	openBucket    = []byte("open")      // id → key id, state: the journeys that are not at rest
	damagedBucket = []byte("damaged")   // id → sealed journey that does not open
	valueBucket   = []byte("values")    // name → sealed value
	markBucket    = []byte("marks")     // digest of a mark → end of its time
	markEndBucket = []byte("mark ends") // end of its time, digest → nothing

	schemaKey = []byte("schema")
	readyKey  = []byte("ready")
)

func buckets() [][]byte {
	return [][]byte{
		metaBucket, journeyBucket, requestBucket, replyBucket, paymentBucket, dueBucket, earlyBucket, openBucket, damagedBucket,
		valueBucket, markBucket, markEndBucket,
	}
}

// Sealer encrypts and authenticates values; package seal has one.
type Sealer interface {
	Seal(label, id string, parts ...[]byte) []byte
	Open(label, id string, sealed []byte) ([]byte, error)
	OpenInPlace(label, id string, sealed []byte) ([]byte, error)
	KeyID(sealed []byte) (string, bool)
	Knows(keyID string) bool
	Newest() string
}

// Options say how a file is opened.
type Options struct {
	Sealer  Sealer           // required
	Now     func() time.Time // nil: the system's clock
	Log     *slog.Logger     // nil: nothing is logged
	MaxSize int              // bytes; 0 means as much as the disk holds
	NoSync  bool             // for tests alone: what was written may be lost in a power cut
}

// Store is the file, opened. Safe for concurrent use.
type Store struct {
	db      *bolt.DB
	commits *committer
	sealer  Sealer
	now     func() time.Time
	log     *slog.Logger
}

var _ journey.Store = (*Store)(nil)

// Open opens the file, or makes it. It fails in plain words when another process has it, when it is no store, empty, cut,
// damaged in its structure or of a newer version, and when an open journey in it is sealed under a secret that is no longer
// listed. [journey.ErrFull] when there is no room to begin.
func Open(path string, o Options) (*Store, error) {
	if o.Sealer == nil {
		return nil, errors.New("the store needs a sealer")
	}
	if o.Now == nil {
		o.Now = func() time.Time { return time.Now().UTC() }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s, err := open(path, o)
	if errors.Is(err, errStructure) {
		return nil, fmt.Errorf("the store %s %w. Run paygate check -store, and restore a backup", path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("the store %s %w", path, err)
	}
	return s, nil
}

func open(path string, o Options) (*Store, error) {
	_, err := os.Stat(path)
	isNew := errors.Is(err, fs.ErrNotExist)
	if !isNew {
		if err := examine(path, lockTimeout); err != nil {
			return nil, err
		}
	}
	db, file, err := openFile(path, bolt.Options{MaxSize: o.MaxSize, NoSync: o.NoSync})
	if err != nil {
		return nil, err
	}
	s := &Store{db: db, sealer: o.Sealer, now: o.Now, log: o.Log, commits: newCommitter(db, file)}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if isNew {
		if err := syncFolder(path); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	s.warnOfReaders(path)
	return s, nil
}

func (s *Store) warnOfReaders(path string) {
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		s.log.Warn("the store can be opened by other users; its mode should be 0600",
			"store", path, "mode", info.Mode().Perm().String())
	}
}

// Close closes the file. It waits for transactions under way.
func (s *Store) Close() error { return s.commits.close() }

// Ready reports whether the store can be written, by writing.
func (s *Store) Ready(ctx context.Context) error {
	return s.write(ctx, func(tx *bolt.Tx) error {
		return tx.Bucket(metaBucket).Put(readyKey, []byte(s.now().UTC().Format(time.RFC3339)))
	})
}
