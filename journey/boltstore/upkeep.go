package boltstore

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// setAside takes a damaged journey out of the way of sweeps. It stays in the file, is counted, and everything else goes
// on.
func (s *Store) setAside(ctx context.Context, id journey.ID) {
	err := s.write(context.WithoutCancel(ctx), func(tx *bolt.Tx) error {
		sealed := tx.Bucket(journeyBucket).Get([]byte(id))
		if sealed == nil {
			return nil
		}
		if err := tx.Bucket(damagedBucket).Put([]byte(id), bytes.Clone(sealed)); err != nil {
			return err
		}
		if err := tx.Bucket(openBucket).Delete([]byte(id)); err != nil {
			return err
		}
		return tx.Bucket(journeyBucket).Delete([]byte(id))
	})
	s.log.ErrorContext(ctx, "a damaged journey was set aside", "journey_id", id, "error", err)
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

// CountOpen counts the journeys that are not at rest, by state.
func (s *Store) CountOpen(ctx context.Context) (map[journey.State]int, error) {
	counts := map[journey.State]int{}
	err := s.read(ctx, func(tx *bolt.Tx) error {
		return tx.Bucket(openBucket).ForEach(func(_, value []byte) error {
			var entry openEntry
			if err := json.Unmarshal(value, &entry); err != nil {
				return fmt.Errorf("the list of open journeys is damaged: %w", err)
			}
			counts[entry.State]++
			return nil
		})
	})
	return counts, err
}

// Value reads a named value. journey.ErrNotFound when there is none.
func (s *Store) Value(ctx context.Context, name string) ([]byte, error) {
	var plain []byte
	err := s.read(ctx, func(tx *bolt.Tx) (err error) {
		plain, err = s.value(tx, name)
		return err
	})
	return plain, err
}

// UpdateValue changes a named value in one step; old is nil when there is none yet. The answer is what is kept now.
func (s *Store) UpdateValue(ctx context.Context, name string, change func(old []byte) ([]byte, error)) ([]byte, error) {
	var kept []byte
	err := s.write(ctx, func(tx *bolt.Tx) error {
		old, err := s.value(tx, name)
		if err != nil && err != journey.ErrNotFound { //nolint:errorlint // our own, just made
			return err
		}
		if kept, err = change(old); err != nil {
			return err
		}
		return tx.Bucket(valueBucket).Put([]byte(name), s.sealer.Seal("value", name, kept))
	})
	return kept, err
}

func (s *Store) value(tx *bolt.Tx, name string) ([]byte, error) {
	sealed := tx.Bucket(valueBucket).Get([]byte(name))
	if sealed == nil {
		return nil, journey.ErrNotFound
	}
	plain, err := s.sealer.Open("value", name, sealed)
	if err != nil {
		return nil, fmt.Errorf("the value %s cannot be read: %w", name, err)
	}
	return plain, nil
}

// Backup writes a consistent copy of the file while it is in use.
func (s *Store) Backup(ctx context.Context, to io.Writer) error {
	return s.read(ctx, func(tx *bolt.Tx) error {
		_, err := tx.WriteTo(to)
		return err
	})
}

// OldestDue is the time of the most overdue journey; false when none is listed.
func (s *Store) OldestDue(ctx context.Context) (time.Time, bool, error) {
	due, err := s.Due(ctx, s.now(), journey.Due{}, 1)
	if err != nil || len(due) == 0 {
		return time.Time{}, false, err
	}
	return due[0].At, true, nil
}
