package boltstore

import (
	"context"
	"errors"
	"io"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// ValueNames lists the named values.
func (s *Store) ValueNames(ctx context.Context) ([]string, error) {
	return keys[string](ctx, s, valueBucket)
}

// Value reads a named value. Errors are [journey.ErrNotFound], and [journey.ErrDamaged] if it was altered.
func (s *Store) Value(ctx context.Context, name string) (plain []byte, err error) {
	err = s.read(ctx, func(tx *bolt.Tx) error {
		plain, err = s.value(tx, name)
		return err
	})
	return plain, err
}

// UpdateValue changes a named value in one atomic step and returns the new one; old is nil if there is none yet. If
// change fails, nothing is stored, and its error is returned unchanged. change may run more than once.
func (s *Store) UpdateValue(
	ctx context.Context, name string, change func(old []byte) ([]byte, error),
) (value []byte, err error) {
	err = s.write(ctx, func(tx *bolt.Tx) error {
		old, err := s.value(tx, name)
		if err != nil && !errors.Is(err, journey.ErrNotFound) {
			return err
		}
		if value, err = call(change, old); err != nil {
			return err
		}
		return tx.Bucket(valueBucket).Put([]byte(name), s.codec.SealValue(name, value))
	})
	if err != nil {
		return nil, err
	}
	return value, nil
}

func (s *Store) value(tx *bolt.Tx, name string) ([]byte, error) {
	sealed := tx.Bucket(valueBucket).Get([]byte(name))
	if sealed == nil {
		return nil, journey.ErrNotFound
	}
	return s.codec.OpenValue(name, sealed)
}

// Backup writes a consistent copy of the file while it is in use. Erased space cannot be reused until then, so the
// writer should be fast. If the context ends, what was written is not a backup.
func (s *Store) Backup(ctx context.Context, to io.Writer) error {
	return s.read(ctx, func(tx *bolt.Tx) error {
		_, err := tx.WriteTo(contextWriter{ctx, to})
		if ended := ctx.Err(); ended != nil { // bbolt wraps only its text
			return ended
		}
		return err
	})
}

// contextWriter writes until the context ends.
type contextWriter struct {
	ctx context.Context // lives as long as one call
	to  io.Writer
}

func (w contextWriter) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.to.Write(p)
}
