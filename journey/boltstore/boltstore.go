// Package boltstore stores journeys in one bbolt file, the default for a single process. Every value is sealed, so
// that nothing personal can be read and a flipped byte is noticed. With indexes, a sweep costs what is due, and a start
// what is open, not what is stored. Concurrent writers share one write to the disk (commit.go).
//
// Begin with [Open] and start.go. The contract of [journey.Store] is in journeys.go, contents.go, due.go and list.go.
// damage.go sets aside what does not open, [Check] reads a whole file, and records.go hands everything to another
// store.
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
	"paygate/journey/find"
)

// schema is the layout of the file. A file with a newer one is refused: version 1 would write journeys back without the
// fields that version 2 has added, layout 2 has no index of terms, layout 3 no lists, and layout 4 no tallies.
const schema = 5

// The buckets.
var (
	metaBucket    = []byte("meta")      // "schema", "ready"
	journeyBucket = []byte("journeys")  // id → sealed journey
	requestBucket = []byte("requests")  // id → sealed held request, in pieces
	replyBucket   = []byte("replies")   // id → sealed reply, in pieces
	paymentBucket = []byte("payments")  // payment id → id
	dueBucket     = []byte("due")       // time, id → nothing
	earlyBucket   = []byte("early")     // time, id → nothing: due for early delivery
	tellBucket    = []byte("tell")      // time, id → nothing: messages to be sent
	lateBucket    = []byte("late")      // time, id → nothing: a step keeps failing
	owedBucket    = []byte("owed")      // time, id → nothing: money has to go back
	openBucket    = []byte("open")      // id → key id, state: the journeys that are not at rest
	listBucket    = []byte("lists")     // route or nothing, state or nothing, id → nothing
	findBucket    = []byte("find")      // digest of a term, id → nothing
	tallyBucket   = []byte("tallies")   // hour, state or nothing → sums
	fieldBucket   = []byte("fields")    // form field by which journeys are found → 1
	damagedBucket = []byte("damaged")   // id → sealed journey that does not open
	valueBucket   = []byte("values")    // name → sealed value
	markBucket    = []byte("marks")     // digest of a mark → end of its time
	markEndBucket = []byte("mark ends") // end of its time, digest → nothing
	auditBucket   = []byte("audit")     // id → sealed entry

	schemaKey = []byte("schema")
	readyKey  = []byte("ready")
	// indexedKey is there while older journeys are not indexed yet: a zero byte, and the last id that is.
	indexedKey = []byte("indexed")
)

func buckets() [][]byte {
	return [][]byte{
		metaBucket, journeyBucket, requestBucket, replyBucket, paymentBucket, dueBucket, earlyBucket, tellBucket,
		lateBucket, owedBucket, openBucket, listBucket,
		tallyBucket, findBucket, fieldBucket, damagedBucket, valueBucket, markBucket, markEndBucket,
		auditBucket,
	}
}

// Options configure [Open].
type Options struct {
	Sealer  journey.Sealer   // required
	Now     func() time.Time // nil: the system's clock
	Log     *slog.Logger     // nil: nothing is logged
	MaxSize int              // bytes; 0: as much as the disk holds
	NoSync  bool             // for tests: a power cut may lose what was written
}

// Store is an open file. It is safe for concurrent use.
type Store struct {
	db      *bolt.DB
	commits *committer
	codec   journey.Codec
	index   find.Index
	now     func() time.Time
	log     *slog.Logger
}

var _ journey.Store = (*Store)(nil)

// Open opens the file, or creates it. It fails in plain words if another process has it, if it is empty, cut off,
// damaged, not a store or of a newer version, and if an open journey in it is missing or sealed under a secret that is
// no longer listed. The error is [journey.ErrFull] if there is no space for it.
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
	s := &Store{
		db: db, codec: journey.Codec{Sealer: o.Sealer}, index: find.NewIndex(o.Sealer.DeriveAll(find.Label, 32)),
		now: o.Now, log: o.Log, commits: newCommitter(db, file),
	}
	err = s.prepare()
	if err == nil {
		err = s.indexOlder()
	}
	if err == nil && isNew {
		err = syncFolder(path)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
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

// Now returns the time by the store's clock.
func (s *Store) Now() time.Time { return s.now() }

// Close closes the file. It waits for transactions under way.
func (s *Store) Close() error { return s.commits.close() }

// Ready checks that the store can be written, by writing.
func (s *Store) Ready(ctx context.Context) error {
	return s.write(ctx, func(tx *bolt.Tx) error {
		return tx.Bucket(metaBucket).Put(readyKey, []byte(s.now().UTC().Format(time.RFC3339)))
	})
}
