package pgstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"paygate/journey"
)

// prepare checks what is stored. The cost grows with the open journeys, not the stored ones. Other replicas may be
// working.
func (s *Store) prepare(ctx context.Context) error {
	for _, step := range []func(context.Context) error{s.checkSecrets, s.Ready, s.renewValues, s.restore} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// checkSecrets fails if there are open journeys that could not be finished.
func (s *Store) checkSecrets(ctx context.Context) error {
	unreadable := 0
	err := s.connect(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		keys, err := all(ctx, conn, pgx.RowTo[string],
			`SELECT DISTINCT key_id FROM paygate_journeys WHERE open AND NOT damaged`)
		if err != nil {
			return err
		}
		unreadable, err = s.countSealed(ctx, conn, slices.DeleteFunc(keys, s.codec.Knows))
		return err
	})
	if err == nil && unreadable > 0 {
		return journey.MissingSecret(unreadable)
	}
	return err
}

// countSealed counts the open journeys that were sealed under these secrets. A column that was altered does not count.
func (s *Store) countSealed(ctx context.Context, q querier, keys []string) (count int, err error) {
	rows, err := q.Query(ctx,
		`SELECT key_id, sealed FROM paygate_journeys WHERE open AND NOT damaged AND key_id = ANY($1)`, keys)
	if err != nil {
		return 0, err
	}
	var keyID string
	var sealed []byte
	_, err = pgx.ForEachRow(rows, []any{&keyID, &sealed}, func() error {
		if id, ok := s.codec.KeyID(sealed); ok && id == keyID {
			count++
		}
		return nil
	})
	return count, err
}

// renewValues seals the named values under the newest secret.
func (s *Store) renewValues(ctx context.Context) error {
	type value struct {
		Name   string
		Sealed []byte
	}
	values, err := readAll(ctx, s, pgx.RowToStructByPos[value], `SELECT name, sealed FROM paygate_values ORDER BY name`)
	if err != nil {
		return err
	}
	for _, v := range values {
		if id, _ := s.codec.KeyID(v.Sealed); id == s.codec.Newest() {
			continue
		}
		if _, err := s.UpdateValue(ctx, v.Name, func(old []byte) ([]byte, error) { return old, nil }); err != nil {
			return fmt.Errorf("holds the %s, which cannot be read: %w", v.Name, err)
		}
	}
	return nil
}
