package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// errDoesNotOpen marks damage that was met just now, and not set aside before.
var errDoesNotOpen = errors.New("does not open")

func doesNotOpen(label string, id journey.ID, why error) error {
	return fmt.Errorf("%w: the %s of %s %w: %w", journey.ErrDamaged, label, id, errDoesNotOpen, why)
}

// setAside takes a damaged journey out of the way of sweeps. It stays in the file, is counted, and everything else goes
// on. Its request stays too: a person may still need it.
func (s *Store) setAside(ctx context.Context, id journey.ID) {
	moved := false
	err := s.write(context.WithoutCancel(ctx), func(tx *bolt.Tx) error {
		moved = false
		_, err := s.get(tx, id) // once more, since only what lies in the file counts
		if !errors.Is(err, errDoesNotOpen) {
			return nil
		}
		sealed := bytes.Clone(tx.Bucket(journeyBucket).Get([]byte(id)))
		if err := tx.Bucket(damagedBucket).Put([]byte(id), sealed); err != nil {
			return err
		}
		if err := tx.Bucket(openBucket).Delete([]byte(id)); err != nil {
			return err
		}
		moved = true
		return tx.Bucket(journeyBucket).Delete([]byte(id))
	})
	switch {
	case err != nil:
		s.log.ErrorContext(ctx, "a damaged journey could not be set aside", "journey_id", id, "error", err)
	case moved:
		s.log.ErrorContext(ctx, "a damaged journey was set aside", "journey_id", id)
	}
}

// restore brings back, at a start, what opens after all: its secret is listed again.
func (s *Store) restore(tx *bolt.Tx) error {
	var good []journey.Journey
	err := tx.Bucket(damagedBucket).ForEach(func(id, sealed []byte) error {
		var j journey.Journey
		if keyID, ok := s.sealer.KeyID(sealed); ok && s.sealer.Knows(keyID) && s.unseal("journey", journey.ID(id), sealed, &j) == nil {
			good = append(good, j)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, j := range good {
		if err := s.put(tx, journey.Journey{}, j); err != nil {
			return err
		}
		if err := tx.Bucket(damagedBucket).Delete([]byte(j.ID)); err != nil {
			return err
		}
		s.log.Info("a journey that was set aside opens again", "journey_id", j.ID)
	}
	return nil
}

// Damaged lists the journeys that were set aside, the oldest first.
func (s *Store) Damaged(ctx context.Context) (ids []journey.ID, err error) {
	err = s.read(ctx, func(tx *bolt.Tx) error {
		return tx.Bucket(damagedBucket).ForEach(func(id, _ []byte) error {
			ids = append(ids, journey.ID(id))
			return nil
		})
	})
	return ids, err
}
