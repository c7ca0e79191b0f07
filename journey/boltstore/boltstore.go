// Package boltstore keeps journeys in one bbolt file, the default for a single process. Every value is sealed, so that a
// flipped byte is noticed and nothing personal lies open; indexes make a sweep cost what is due, and a start what is open,
// not what is stored; writers that come at the same time share one write to the disk.
//
// The story in order: [Open] looks the file over (inspect.go, tree.go) and prepares it (start.go); journeys.go, kept.go and
// due.go are the contract of [journey.Store]; damage.go sets aside what does not open; import.go hands all to another store.
package boltstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

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
	db     *bolt.DB
	sealer Sealer
	now    func() time.Time
	log    *slog.Logger
}

var _ journey.Store = (*Store)(nil)

// errStructure is damage to the file's own pages, which no single journey can be blamed for.
var errStructure = errors.New("is damaged in its structure")

var errInUse = errors.New("is in use by another Paygate process")

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
	if err != nil {
		return nil, fmt.Errorf("the store %s %w", path, err)
	}
	return s, nil
}

func open(path string, o Options) (*Store, error) {
	_, err := os.Stat(path)
	isNew := errors.Is(err, fs.ErrNotExist)
	if !isNew {
		if err := lookOver(path); err != nil {
			return nil, err
		}
	}
	db, err := openFile(path, bolt.Options{MaxSize: o.MaxSize, NoSync: o.NoSync})
	if err != nil {
		return nil, err
	}
	s := &Store{db: db, sealer: o.Sealer, now: o.Now, log: o.Log}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if isNew {
		if err := syncFolder(path); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	s.warnOfReaders(path)
	return s, nil
}

// openFile gives bbolt's errors, and its panics on damaged files, words.
func openFile(path string, o bolt.Options) (db *bolt.DB, err error) {
	defer orDamaged(&err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	o.Timeout = cmp.Or(o.Timeout, 2*time.Second)
	o.FreelistType = bolt.FreelistMapType
	o.NoFreelistSync = true // else every commit writes the list of all free pages
	db, err = bolt.Open(path, 0o600, &o)
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, errInUse
	case errors.Is(err, fs.ErrPermission):
		return nil, errors.New("may not be read and written by this user")
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("cannot be made: its folder does not exist")
	case full(err):
		return nil, fmt.Errorf("cannot be opened: %w: %w", journey.ErrFull, err)
	case err != nil:
		return nil, fmt.Errorf("cannot be opened: %w", err)
	}
	db.MaxBatchDelay = time.Millisecond // the default of 10 ms makes a lone request wait
	db.MaxBatchSize = 256
	return db, nil
}

// syncFolder makes the new file's name as durable as its content.
func syncFolder(path string) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("is new, and its folder cannot be opened: %w", err)
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) {
		return fmt.Errorf("is new, and its folder cannot be made durable: %w", err)
	}
	return nil
}

func (s *Store) warnOfReaders(path string) {
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		s.log.Warn("the store can be opened by other users; its mode should be 0600", "store", path, "mode", info.Mode().Perm().String())
	}
}

// Close ends the use of the file. It waits for transactions under way.
func (s *Store) Close() error { return s.db.Close() }

// Ready tells whether the store can be written, by writing.
func (s *Store) Ready(ctx context.Context) error {
	return s.write(ctx, func(tx *bolt.Tx) error {
		return tx.Bucket(metaBucket).Put(readyKey, []byte(s.now().UTC().Format(time.RFC3339)))
	})
}

// write runs a change together with others that come at the same time. change may run more than once; its error comes
// back as it is and keeps nothing, of this change alone.
func (s *Store) write(ctx context.Context, change func(*bolt.Tx) error) error {
	unlessEnded := func(tx *bolt.Tx) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return change(tx)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err := s.db.Batch(unlessEnded)
	if full(err) { // perhaps by the fault of another in the batch: one that makes room must not fail with it
		err = s.db.Update(unlessEnded)
	}
	return translate(err)
}

// read turns bbolt's panics on damaged pages, and faults of the disk under its memory map, into errors.
func (s *Store) read(ctx context.Context, look func(*bolt.Tx) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	defer func() {
		if errors.Is(err, errStructure) {
			err = fmt.Errorf("the store %w", err)
		}
	}()
	defer orDamaged(&err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	return s.db.View(look)
}

func orDamaged(err *error) {
	if trouble := recover(); trouble != nil {
		*err = fmt.Errorf("%w: %v. Restore a backup", errStructure, trouble)
	}
}

// translate gives the errors of a full disk the store's word.
func translate(err error) error {
	if full(err) {
		return fmt.Errorf("%w: %w", journey.ErrFull, err)
	}
	return err
}

// full goes by the text too, because bbolt keeps nothing else of an error that it meets when it grows the file.
func full(err error) bool {
	if err == nil {
		return false
	}
	for _, noRoom := range []error{bolterrors.ErrMaxSizeReached, syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, noRoom) || strings.HasPrefix(err.Error(), "file ") && strings.Contains(err.Error(), noRoom.Error()) {
			return true
		}
	}
	return false
}
