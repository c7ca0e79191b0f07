package boltstore

import (
	"bytes"
	"context"
	"errors"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// setAside moves a damaged journey to where sweeps do not meet it. It is counted, and its request stays, because a
// person may still need it.
func (s *Store) setAside(ctx context.Context, id journey.ID) {
	moved := false
	err := s.write(context.WithoutCancel(ctx), func(tx *bolt.Tx) error {
		moved = false
		if _, err := s.get(tx, id); !errors.Is(err, journey.ErrDoesNotOpen) { // only what is in the file counts
			return nil
		}
		sealed := bytes.Clone(tx.Bucket(journeyBucket).Get([]byte(id)))
		moved = true
		return errors.Join(tx.Bucket(damagedBucket).Put([]byte(id), sealed), drop(tx, id, openBucket, journeyBucket))
	})
	switch {
	case err != nil:
		s.log.ErrorContext(ctx, "a damaged journey could not be set aside", "journey_id", id, "error", err)
	case moved:
		s.log.ErrorContext(ctx, "a damaged journey was set aside", "journey_id", id)
	}
}

// restore brings back journeys that were set aside and open again, because their secret is listed again.
func (s *Store) restore(tx *bolt.Tx) error {
	good := map[journey.ID]journey.Journey{}
	err := tx.Bucket(damagedBucket).ForEach(func(key, sealed []byte) error {
		id := journey.ID(key)
		if j, err := s.codec.OpenJourney(id, sealed); err == nil {
			good[id] = j
		}
		return nil
	})
	for id, j := range good {
		err = errors.Join(err, s.putListed(tx, journey.Journey{}, asListed(tx, j), j), drop(tx, id, damagedBucket))
		s.log.Info("a journey that was set aside opens again", "journey_id", id)
	}
	return err
}

// Damaged lists the journeys that were set aside, oldest first.
func (s *Store) Damaged(ctx context.Context) ([]journey.ID, error) {
	return keys[journey.ID](ctx, s, damagedBucket)
}

// keys lists the keys of a bucket.
func keys[K ~string](ctx context.Context, s *Store, bucket []byte) (keys []K, err error) {
	err = s.read(ctx, func(tx *bolt.Tx) error {
		return tx.Bucket(bucket).ForEach(func(key, _ []byte) error {
			keys = append(keys, K(key))
			return nil
		})
	})
	return keys, err
}
