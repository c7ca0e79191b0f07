package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// prepare checks what is there. Its cost follows the open journeys, not the stored ones. Other replicas work meanwhile.
func (s *Store) prepare(ctx context.Context) error {
	for _, step := range []func(context.Context) error{s.checkSecrets, s.Ready, s.reseal, s.restore} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// checkSecrets refuses to start when an open journey could not be finished.
func (s *Store) checkSecrets(ctx context.Context) error {
	unreadable := 0
	err := s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		unreadable = 0
		keys, err := column[string](ctx, conn, `SELECT DISTINCT key_id FROM paygate_journeys WHERE open AND NOT damaged`)
		for _, keyID := range slices.DeleteFunc(keys, s.sealer.Knows) {
			n, countErr := s.sealedUnder(ctx, conn, keyID)
			unreadable += n
			err = errors.Join(err, countErr)
		}
		return err
	})
	if err == nil && unreadable > 0 {
		return fmt.Errorf("holds %d open journeys sealed under a secret that PAYGATE_SECRETS no longer lists; put the old secret back, behind the new one", unreadable)
	}
	return err
}

// sealedUnder counts the open journeys that a secret did seal: a column that was altered must not stop a start.
func (s *Store) sealedUnder(ctx context.Context, a asker, keyID string) (count int, err error) {
	rows, err := a.Query(ctx, `SELECT sealed FROM paygate_journeys WHERE open AND NOT damaged AND key_id = $1`, keyID)
	if err != nil {
		return 0, err
	}
	var sealed []byte
	_, err = pgx.ForEachRow(rows, []any{&sealed}, func() error {
		if id, ok := s.sealer.KeyID(sealed); ok && id == keyID {
			count++
		}
		return nil
	})
	return count, err
}

// reseal brings the named values under the newest secret, one after the other.
func (s *Store) reseal(ctx context.Context) error {
	var names []string
	err := s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) (err error) {
		names, err = column[string](ctx, conn, `SELECT name FROM paygate_values ORDER BY name`)
		return err
	})
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := s.write(ctx, s.resealing(name)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) resealing(name string) func(context.Context, pgx.Tx) error {
	return func(ctx context.Context, tx pgx.Tx) error {
		sealed, err := one(ctx, tx, pgx.RowTo[[]byte], lockValue, name)
		if err != nil {
			return err
		}
		if id, _ := s.sealer.KeyID(sealed); id == s.sealer.Newest() {
			return nil
		}
		plain, err := s.sealer.Open("value", name, sealed)
		if err != nil {
			return fmt.Errorf("holds the %s, which cannot be read: %w", name, err)
		}
		_, err = tx.Exec(ctx, setValue, name, s.sealer.Seal("value", name, plain))
		return err
	}
}
