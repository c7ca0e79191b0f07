package boltstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// errNotAStore is a good bbolt file of something else.
var errNotAStore = errors.New("is not a Paygate store")

// prepare makes what is missing and checks what is there. Its cost follows the open journeys, not the stored ones.
func (s *Store) prepare() (err error) {
	defer orDamaged(&err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	return translate(s.db.Update(func(tx *bolt.Tx) error {
		if err := makeBuckets(tx); err != nil {
			return err
		}
		for _, step := range []func(*bolt.Tx) error{s.checkSecrets, s.reseal, s.restore} {
			if err := step(tx); err != nil {
				return err
			}
		}
		return nil
	}))
}

// makeBuckets refuses a file of somebody else before it writes into it.
func makeBuckets(tx *bolt.Tx) error {
	if first, _ := tx.Cursor().First(); first != nil && tx.Bucket(metaBucket) == nil {
		return errNotAStore
	}
	meta, err := tx.CreateBucketIfNotExists(metaBucket)
	if err != nil {
		return err
	}
	if err := checkSchema(meta); err != nil {
		return err
	}
	for _, name := range buckets() {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	return nil
}

// checkSchema refuses a newer layout, and marks an older file as one of this layout. Buckets are all that was ever added.
func checkSchema(meta *bolt.Bucket) error {
	text := meta.Get(schemaKey)
	if text == nil {
		if first, _ := meta.Cursor().First(); first != nil {
			return errNotAStore
		}
		return putSchema(meta)
	}
	found, err := strconv.Atoi(string(text))
	switch {
	case err != nil || found < 1:
		return errNotAStore
	case found > schema:
		return fmt.Errorf("was written by a newer version of Paygate (layout %d, this version knows %d)", found, schema)
	case found < schema:
		return putSchema(meta)
	}
	return nil
}

func putSchema(meta *bolt.Bucket) error {
	return meta.Put(schemaKey, strconv.AppendInt(nil, schema, 10))
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
	if s.open("journey", journey.ID(id), sealed, &j) == nil {
		entry.State = j.State
	}
	return entry
}

// checkSecrets refuses to start when an open journey could not be finished.
func (s *Store) checkSecrets(tx *bolt.Tx) error {
	lost := 0
	err := s.eachOpen(tx, func(_ journey.ID, entry openEntry) {
		if !s.sealer.Knows(entry.KeyID) {
			lost++
		}
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
