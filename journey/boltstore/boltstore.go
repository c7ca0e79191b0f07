// Package boltstore keeps journeys in one bbolt file, the default for a single process. Every value is sealed, so that a
// flipped byte is noticed and nothing personal lies open; an index of due journeys makes a sweep cost what is due and not
// what is stored; writers that come at the same time share one write to the disk.
package boltstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"paygate/journey"
)

// schema is the layout of the file. A file with a newer one is refused.
const schema = 1

// The buckets.
var (
	metaBucket                  = []byte("meta")     // "schema"
	journeyBucket               = []byte("journeys") // id → sealed journey
	requestBucket               = []byte("requests") // id → sealed held request
	replyBucket                 = []byte("replies")  // id → sealed reply
	paymentBucket               = []byte("payments") // payment id → id
	dueBucket                   = []byte("due")      // time, id → nothing
	openBucket                  = []byte("open")     // id → key id, state: the journeys that are not at rest
	damagedBucket               = []byte("damaged")  // id → sealed journey that does not open
	valueBucket                 = []byte("values")   // name → sealed value
	allBuckets                  = [][]byte{metaBucket, journeyBucket, requestBucket, replyBucket, paymentBucket, dueBucket, openBucket, damagedBucket, valueBucket}
	schemaKey                   = []byte("schema")
	readyKey                    = []byte("ready")
	_             journey.Store = (*Store)(nil)
	errNotAStore                = errors.New("is not a Paygate store")
)

// Sealer encrypts and authenticates values; package seal has one.
type Sealer interface {
	Seal(label, id string, plain []byte) []byte
	Open(label, id string, sealed []byte) ([]byte, error)
	KeyID(sealed []byte) (string, bool)
	Knows(keyID string) bool
	Newest() string
}

// Options say how a file is opened.
type Options struct {
	Sealer  Sealer
	Now     func() time.Time
	Log     *slog.Logger
	MaxSize int  // bytes; 0 means as much as the disk holds
	NoSync  bool // for tests alone: what was written may be lost in a power cut
}

// Store is the file, opened. Safe for concurrent use.
type Store struct {
	db     *bolt.DB
	sealer Sealer
	now    func() time.Time
	log    *slog.Logger
}

// Open opens the file, or makes it. It fails in plain words when another process has it, when it is no store, cut, of a
// newer version, or when an open journey in it is sealed under a secret that is no longer listed.
func Open(path string, o Options) (*Store, error) {
	if err := inspect(path); err != nil {
		return nil, fmt.Errorf("the store %s %w", path, err)
	}
	db, err := openFile(path, o)
	if err != nil {
		return nil, fmt.Errorf("the store %s %w", path, err)
	}
	s := &Store{db: db, sealer: o.Sealer, now: o.Now, log: o.Log}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(fmt.Errorf("the store %s %w", path, err), db.Close())
	}
	return s, nil
}

// openFile turns bbolt's panics on damaged files into errors.
func openFile(path string, o Options) (db *bolt.DB, err error) {
	defer func() {
		if trouble := recover(); trouble != nil {
			err = fmt.Errorf("is damaged: %v", trouble)
		}
	}()
	db, err = bolt.Open(path, 0o600, &bolt.Options{
		Timeout:        2 * time.Second,
		FreelistType:   bolt.FreelistMapType,
		NoFreelistSync: true,
		MaxSize:        o.MaxSize,
		NoSync:         o.NoSync,
	})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, errors.New("is in use by another Paygate process")
	case errors.Is(err, os.ErrPermission):
		return nil, errors.New("may not be written by this user")
	case errors.Is(err, os.ErrNotExist):
		return nil, errors.New("cannot be made: its folder does not exist")
	case full(err):
		return nil, journey.ErrFull
	case err != nil:
		return nil, fmt.Errorf("cannot be opened: %w", err)
	}
	db.MaxBatchDelay = time.Millisecond // the default of 10 ms makes a lone request wait
	db.MaxBatchSize = 256
	return db, nil
}

// prepare makes what is missing and checks what is there. Its cost follows the open journeys, not the stored ones.
func (s *Store) prepare() (err error) {
	defer func() {
		if trouble := recover(); trouble != nil {
			err = fmt.Errorf("is damaged: %v", trouble)
		}
	}()
	return translate(s.db.Update(func(tx *bolt.Tx) error {
		for _, name := range allBuckets {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		if err := checkSchema(tx); err != nil {
			return err
		}
		if err := s.checkSecrets(tx); err != nil {
			return err
		}
		return s.reseal(tx)
	}))
}

func checkSchema(tx *bolt.Tx) error {
	meta := tx.Bucket(metaBucket)
	var found int
	switch text := meta.Get(schemaKey); {
	case text == nil:
		return meta.Put(schemaKey, []byte(fmt.Sprint(schema)))
	default:
		if _, err := fmt.Sscan(string(text), &found); err != nil {
			return errNotAStore
		}
	}
	if found > schema {
		return fmt.Errorf("was written by a newer version of Paygate (layout %d, this version knows %d)", found, schema)
	}
	return nil
}

// checkSecrets refuses to start when an open journey could not be finished.
func (s *Store) checkSecrets(tx *bolt.Tx) error {
	lost := 0
	err := tx.Bucket(openBucket).ForEach(func(_, value []byte) error {
		var entry openEntry
		if json.Unmarshal(value, &entry) == nil && !s.sealer.Knows(entry.KeyID) {
			lost++
		}
		return nil
	})
	if err == nil && lost > 0 {
		return fmt.Errorf("holds %d open journeys sealed under a secret that PAYGATE_SECRETS no longer lists; put the old secret back, behind the new one", lost)
	}
	return err
}

// reseal brings the named values under the newest secret.
func (s *Store) reseal(tx *bolt.Tx) error {
	bucket := tx.Bucket(valueBucket)
	renewed := map[string][]byte{}
	err := bucket.ForEach(func(name, sealed []byte) error {
		if id, _ := s.sealer.KeyID(sealed); id == s.sealer.Newest() {
			return nil
		}
		plain, err := s.sealer.Open("value", string(name), sealed)
		if err != nil {
			return fmt.Errorf("holds %s, which cannot be read: %w", name, err)
		}
		renewed[string(name)] = s.sealer.Seal("value", string(name), plain)
		return nil
	})
	if err != nil {
		return err
	}
	for name, sealed := range renewed {
		if err := bucket.Put([]byte(name), sealed); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the use of the file. It waits for transactions under way.
func (s *Store) Close() error { return s.db.Close() }

// Ready tells whether the store can be written, by writing.
func (s *Store) Ready(ctx context.Context) error {
	return s.write(ctx, func(tx *bolt.Tx) error {
		return tx.Bucket(metaBucket).Put(readyKey, []byte(s.now().UTC().Format(time.RFC3339)))
	})
}

// write runs a change together with others that come at the same time. fn may run more than once.
func (s *Store) write(ctx context.Context, fn func(*bolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return translate(s.db.Batch(fn))
}

func (s *Store) read(ctx context.Context, fn func(*bolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return translate(s.db.View(fn))
}

// translate gives the errors of the disk the store's words.
func translate(err error) error {
	if full(err) {
		return fmt.Errorf("%w: %w", journey.ErrFull, err)
	}
	return err
}

func full(err error) bool {
	return errors.Is(err, bolterrors.ErrMaxSizeReached) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}
