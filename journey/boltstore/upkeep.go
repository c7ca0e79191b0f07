package boltstore

import (
	"context"
	"errors"
	"io"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// CountOpen counts the journeys that are not at rest, by state.
func (s *Store) CountOpen(ctx context.Context) (map[journey.State]int, error) {
	counts := map[journey.State]int{}
	err := s.read(ctx, func(tx *bolt.Tx) error {
		return s.eachOpen(tx, func(_ journey.ID, entry openEntry) { counts[entry.State]++ })
	})
	return counts, err
}

// InState lists the journeys in a state that is not at rest. The cost follows the open journeys, not the stored ones.
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

// Value reads a named value. [journey.ErrNotFound] when there is none, [journey.ErrDamaged] when it was altered.
func (s *Store) Value(ctx context.Context, name string) ([]byte, error) {
	var plain []byte
	err := s.read(ctx, func(tx *bolt.Tx) (err error) {
		plain, err = s.value(tx, name)
		return err
	})
	return plain, err
}

// UpdateValue changes a named value in one step; old is nil when there is none yet. The answer is what is kept now. An
// error of change keeps nothing and comes back as it is; change may run more than once.
func (s *Store) UpdateValue(ctx context.Context, name string, change func(old []byte) ([]byte, error)) ([]byte, error) {
	var kept []byte
	err := s.write(ctx, func(tx *bolt.Tx) error {
		old, err := s.value(tx, name)
		if err != nil && !errors.Is(err, journey.ErrNotFound) {
			return err
		}
		if kept, err = call(change, old); err != nil {
			return err
		}
		return tx.Bucket(valueBucket).Put([]byte(name), s.codec().SealValue(name, kept))
	})
	if err != nil {
		return nil, err
	}
	return kept, nil
}

func (s *Store) value(tx *bolt.Tx, name string) ([]byte, error) {
	sealed := tx.Bucket(valueBucket).Get([]byte(name))
	if sealed == nil {
		return nil, journey.ErrNotFound
	}
	return s.codec().OpenValue(name, sealed)
}

// Backup writes a consistent copy of the file while it is in use. While it lasts the file cannot use again the room of
// what is erased: to should be fast. It stops when the context ends; what was written then is no backup.
func (s *Store) Backup(ctx context.Context, to io.Writer) error {
	return s.read(ctx, func(tx *bolt.Tx) error {
		_, err := tx.WriteTo(untilEnded{ctx, to})
		if ended := ctx.Err(); ended != nil { // bbolt keeps no more of it than its text
			return ended
		}
		return err
	})
}

// untilEnded writes as long as the context lasts.
type untilEnded struct {
	ctx context.Context // lives as long as one call
	to  io.Writer
}

func (w untilEnded) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.to.Write(p)
}
