package boltstore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// openEntry describes an open journey in the list of them. It is not sealed, so that it can be read without the secret.
type openEntry struct {
	KeyID string        `json:"key"`
	State journey.State `json:"state"`
}

func (s *Store) indexOpen(tx *bolt.Tx, j journey.Journey) error {
	if j.State.AtRest() {
		return drop(tx, j.ID, openBucket)
	}
	entry, err := json.Marshal(openEntry{s.codec.Newest(), j.State})
	if err != nil {
		return err
	}
	return tx.Bucket(openBucket).Put([]byte(j.ID), entry)
}

func (s *Store) eachOpen(tx *bolt.Tx, visit func(journey.ID, openEntry)) error {
	return tx.Bucket(openBucket).ForEach(func(id, value []byte) error {
		visit(journey.ID(id), s.openEntry(tx, id, value))
		return nil
	})
}

// openEntry reads an entry. If it looks wrong, the journey itself is read: a flipped byte in the list must neither
// prevent a start nor invent a state.
func (s *Store) openEntry(tx *bolt.Tx, id, value []byte) openEntry {
	var entry openEntry
	err := json.Unmarshal(value, &entry)
	if err == nil && s.codec.Knows(entry.KeyID) && slices.Contains(journey.States(), entry.State) {
		return entry
	}
	sealed := tx.Bucket(journeyBucket).Get(id)
	if keyID, ok := s.codec.KeyID(sealed); ok {
		entry.KeyID = keyID
	}
	if j, err := s.codec.OpenJourney(journey.ID(id), sealed); err == nil {
		entry.State = j.State
	}
	return entry
}

// CountOpen counts the journeys that are not at rest, by state.
func (s *Store) CountOpen(ctx context.Context) (map[journey.State]int, error) {
	counts := map[journey.State]int{}
	err := s.read(ctx, func(tx *bolt.Tx) error {
		return s.eachOpen(tx, func(_ journey.ID, entry openEntry) { counts[entry.State]++ })
	})
	return counts, err
}

// InState lists the journeys in a state that is not at rest. Its cost grows with the open journeys, not with all.
func (s *Store) InState(ctx context.Context, state journey.State) (ids []journey.ID, err error) {
	err = s.read(ctx, func(tx *bolt.Tx) error {
		return s.eachOpen(tx, func(id journey.ID, entry openEntry) {
			if entry.State == state {
				ids = append(ids, id)
			}
		})
	})
	return ids, err
}

func indexPayments(tx *bolt.Tx, before, after journey.Journey) error {
	bucket, id := tx.Bucket(paymentBucket), []byte(cmp.Or(after.ID, before.ID))
	added, removed := journey.ChangedPayments(before, after)
	for _, payment := range added {
		if owner := bucket.Get([]byte(payment)); owner != nil && !bytes.Equal(owner, id) {
			return journey.ErrTaken
		}
		if err := bucket.Put([]byte(payment), id); err != nil {
			return err
		}
	}
	for _, payment := range removed {
		if !bytes.Equal(bucket.Get([]byte(payment)), id) { // it leads to another journey
			continue
		}
		if err := bucket.Delete([]byte(payment)); err != nil {
			return err
		}
	}
	return nil
}
