package pgstore

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

const (
	getValue = `SELECT sealed FROM paygate_values WHERE name = $1`
	setValue = `UPDATE paygate_values SET sealed = $2 WHERE name = $1`
	addValue = `INSERT INTO paygate_values (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`
)

// Value reads a named value. Errors are [journey.ErrNotFound], and [journey.ErrDamaged] if it was altered.
func (s *Store) Value(ctx context.Context, name string) ([]byte, error) {
	sealed, err := readOne(ctx, s, pgx.RowTo[[]byte], getValue, name)
	if err != nil {
		return nil, err
	}
	return s.codec.OpenValue(name, sealed)
}

// UpdateValue changes a named value in one atomic step and returns the new one; old is nil if there is none yet. If
// change fails, nothing is stored, and its error is returned unchanged. change may run more than once.
func (s *Store) UpdateValue(
	ctx context.Context, name string, change func(old []byte) ([]byte, error),
) (updated []byte, err error) {
	err = s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		updated, err = s.updateValue(ctx, tx, name, change)
		return err
	})
	if err != nil {
		return nil, refused(err)
	}
	return updated, nil
}

func (s *Store) updateValue(
	ctx context.Context, tx pgx.Tx, name string, change func(old []byte) ([]byte, error),
) ([]byte, error) {
	var old []byte
	statement := setValue
	sealed, err := one(ctx, tx, pgx.RowTo[[]byte], getValue+` FOR UPDATE`, name)
	if errors.Is(err, pgx.ErrNoRows) {
		statement, err = addValue, nil
	} else if err == nil {
		old, err = s.codec.OpenValue(name, sealed)
	}
	if err != nil {
		return nil, err
	}
	updated, err := change(old)
	if err != nil {
		return nil, refusal{err}
	}
	written, err := tx.Exec(ctx, statement, name, s.codec.SealValue(name, updated))
	if err == nil && written.RowsAffected() == 0 { // a row that does not exist cannot be locked
		return nil, errRaced
	}
	return updated, err
}

// ValueNames lists the named values.
func (s *Store) ValueNames(ctx context.Context) ([]string, error) {
	return readAll(ctx, s, pgx.RowTo[string], `SELECT name FROM paygate_values ORDER BY name`)
}
