package boltstore

import (
	"errors"
	"fmt"
	"strconv"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// errNotAStore reports a bbolt file of another program.
var errNotAStore = errors.New("is not a Paygate store")

// prepare creates what is missing and checks what is there. Its cost grows with the open journeys, not the stored ones.
func (s *Store) prepare() error {
	err := s.commits.update(func(tx *bolt.Tx) error {
		for _, step := range []func(*bolt.Tx) error{makeBuckets, s.checkOpen, s.reseal, s.restore} {
			if err := step(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, journey.ErrFull) {
		return fmt.Errorf("cannot be prepared: %w", err)
	}
	return err
}

// makeBuckets creates the buckets of a new file, and those that an older layout lacks.
func makeBuckets(tx *bolt.Tx) error {
	found, err := schemaOf(tx)
	if err != nil {
		return err
	}
	for _, name := range buckets() {
		if found == schema && tx.Bucket(name) == nil {
			return fmt.Errorf("%w: it lacks the bucket %q", errStructure, name)
		}
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	if found == schema {
		return nil
	}
	if found != 0 {
		if err := tx.Bucket(metaBucket).Put(indexedKey, []byte{0}); err != nil {
			return err
		}
	}
	return tx.Bucket(metaBucket).Put(schemaKey, strconv.AppendInt(nil, schema, 10))
}

// schemaOf reads the layout, which is 0 in a new file. It refuses newer ones and files of other programs.
func schemaOf(tx *bolt.Tx) (int, error) {
	if first, _ := tx.Cursor().First(); first == nil {
		return 0, nil
	}
	meta := tx.Bucket(metaBucket)
	if meta == nil {
		return 0, errNotAStore
	}
	found, err := strconv.Atoi(string(meta.Get(schemaKey)))
	switch {
	case err != nil || found < 1:
		return 0, errNotAStore
	case found > schema:
		return 0, fmt.Errorf("was written by a newer version of Paygate (layout %d, this version knows %d)",
			found, schema)
	}
	return found, nil
}

// checkOpen fails if an open journey is missing, or could not be finished.
func (s *Store) checkOpen(tx *bolt.Tx) error {
	lost, missing := 0, 0
	err := s.eachOpen(tx, func(id journey.ID, entry openEntry) {
		if !s.codec.Knows(entry.KeyID) {
			lost++
		}
		if tx.Bucket(journeyBucket).Get([]byte(id)) == nil {
			missing++
		}
	})
	switch {
	case err != nil:
		return err
	case missing > 0:
		return fmt.Errorf("%w: %d open journeys are missing", errStructure, missing)
	case lost > 0:
		return journey.MissingSecret(lost)
	}
	return nil
}

// reseal seals the named values under the newest secret.
func (s *Store) reseal(tx *bolt.Tx) error {
	bucket := tx.Bucket(valueBucket)
	renewed := map[string][]byte{}
	err := bucket.ForEach(func(name, sealed []byte) error {
		if id, _ := s.codec.KeyID(sealed); id == s.codec.Newest() {
			return nil
		}
		plain, err := s.codec.Open("value", string(name), sealed)
		if err != nil {
			return fmt.Errorf("holds the %s, which cannot be read: %w", name, err)
		}
		renewed[string(name)] = s.codec.SealValue(string(name), plain)
		return nil
	})
	for name, sealed := range renewed {
		err = errors.Join(err, bucket.Put([]byte(name), sealed))
	}
	return err
}
