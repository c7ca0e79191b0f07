package boltstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// errNotAStore is a good bbolt file of something else.
var errNotAStore = errors.New("is not a Paygate store")

// prepare makes what is missing and checks what is there. Its cost follows the open journeys, not the stored ones.
func (s *Store) prepare() error {
	err := s.commits.update(s.prepareIn)
	if isFull(err) {
		return fmt.Errorf("cannot be prepared: %w: %w", journey.ErrFull, err)
	}
	return err
}

func (s *Store) prepareIn(tx *bolt.Tx) error {
	for _, step := range []func(*bolt.Tx) error{makeBuckets, s.checkOpen, s.reseal, s.restore} {
		if err := step(tx); err != nil {
			return err
		}
	}
	return nil
}

// makeBuckets makes the buckets of a new file, and those that an older layout lacks.
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
		return 0, fmt.Errorf("was written by a newer version of Paygate (layout %d, this version knows %d)", found, schema)
	}
	return found, nil
}

// openEntry is what the list of open journeys says of one. It is not sealed, so that it can be read without the secret.
type openEntry struct {
	KeyID string        `json:"key"`
	State journey.State `json:"state"`
}

// eachOpen visits the list of open journeys.
func (s *Store) eachOpen(tx *bolt.Tx, visit func(journey.ID, openEntry)) error {
	return tx.Bucket(openBucket).ForEach(func(id, value []byte) error {
		visit(journey.ID(id), s.openEntry(tx, id, value))
		return nil
	})
}

// openEntry reads an entry. One that looks wrong is asked again of the journey itself: a flipped byte in the list must
// neither stop a start nor make up a state.
func (s *Store) openEntry(tx *bolt.Tx, id, value []byte) openEntry {
	var entry openEntry
	err := json.Unmarshal(value, &entry)
	if err == nil && s.sealer.Knows(entry.KeyID) && slices.Contains(journey.States(), entry.State) {
		return entry
	}
	sealed := tx.Bucket(journeyBucket).Get(id)
	if keyID, ok := s.sealer.KeyID(sealed); ok {
		entry.KeyID = keyID
	}
	var j journey.Journey
	if s.unseal("journey", journey.ID(id), sealed, &j) == nil {
		entry.State = j.State
	}
	return entry
}

// checkOpen refuses to start when an open journey is missing, or could not be finished.
func (s *Store) checkOpen(tx *bolt.Tx) error {
	lost, missing := 0, 0
	err := s.eachOpen(tx, func(id journey.ID, entry openEntry) {
		if !s.sealer.Knows(entry.KeyID) {
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
		return fmt.Errorf("holds %d open journeys sealed under a secret that PAYGATE_SECRETS no longer lists; "+
			"put the old secret back, after the new one", lost)
	}
	return nil
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
			return fmt.Errorf("holds the %s, which cannot be read: %w", name, err)
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
