package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"paygate/journey"
)

// CountOpen counts the journeys that are not at rest, by state. The cost follows the open journeys, not the stored ones.
func (s *Store) CountOpen(ctx context.Context) (map[journey.State]int, error) {
	counts := map[journey.State]int{}
	err := s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, countOpen)
		if err != nil {
			return err
		}
		clear(counts)
		var state journey.State
		var count int
		_, err = pgx.ForEachRow(rows, []any{&state, &count}, func() error {
			if slices.Contains(journey.States(), state) { // one that was altered makes up no state
				counts[state] = count
			}
			return nil
		})
		return err
	})
	return counts, err
}

const countOpen = `SELECT state, count(*) FROM paygate_journeys WHERE open AND NOT damaged GROUP BY state`

// InState lists the journeys in a state that is not at rest. The cost follows the open journeys, not the stored ones.
func (s *Store) InState(ctx context.Context, state journey.State) (ids []journey.ID, err error) {
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		ids, err = column[journey.ID](ctx, conn,
			`SELECT id FROM paygate_journeys WHERE open AND NOT damaged AND state = $1 ORDER BY id`, state)
		return err
	})
	return ids, err
}

// Value reads a named value. [journey.ErrNotFound] when there is none, [journey.ErrDamaged] when it was altered.
func (s *Store) Value(ctx context.Context, name string) (plain []byte, err error) {
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		sealed, err := one(ctx, conn, pgx.RowTo[[]byte], `SELECT sealed FROM paygate_values WHERE name = $1`, name)
		if err != nil {
			return orNotFound(err)
		}
		plain, err = s.openValue(name, sealed)
		return err
	})
	return plain, err
}

// UpdateValue changes a named value in one step; old is nil when there is none yet. The answer is what is kept now. An
// error of change keeps nothing and comes back as it is; change may run more than once.
func (s *Store) UpdateValue(ctx context.Context, name string, change func(old []byte) ([]byte, error)) ([]byte, error) {
	var kept []byte
	var refused error
	err := s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var old []byte
		sealed, err := one(ctx, tx, pgx.RowTo[[]byte], lockValue, name)
		isNew := errors.Is(err, pgx.ErrNoRows)
		if err == nil {
			old, err = s.openValue(name, sealed)
		}
		if err != nil && !isNew {
			return err
		}
		if kept, refused = change(old); refused != nil {
			return errRefused
		}
		if isNew {
			return insertValue(ctx, tx, name, s.sealer.Seal("value", name, kept))
		}
		_, err = tx.Exec(ctx, setValue, name, s.sealer.Seal("value", name, kept))
		return err
	})
	if errors.Is(err, errRefused) {
		return nil, refused
	}
	if err != nil {
		return nil, err
	}
	return kept, nil
}

const (
	lockValue = `SELECT sealed FROM paygate_values WHERE name = $1 FOR UPDATE`
	setValue  = `UPDATE paygate_values SET sealed = $2 WHERE name = $1`
)

// insertValue: a row that is not there yet cannot be locked, and somebody else may have made it meanwhile.
func insertValue(ctx context.Context, tx pgx.Tx, name string, sealed []byte) error {
	made, err := tx.Exec(ctx, `INSERT INTO paygate_values (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, sealed)
	if err == nil && made.RowsAffected() == 0 {
		return errRaced
	}
	return err
}

func (s *Store) openValue(name string, sealed []byte) ([]byte, error) {
	plain, err := s.sealer.Open("value", name, sealed)
	if err != nil {
		return nil, fmt.Errorf("%w: the value %q: %w", journey.ErrDamaged, name, err)
	}
	return plain, nil
}
