package pgstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"paygate/journey"
)

// errDoesNotOpen marks damage that was met just now, and not set aside before.
var errDoesNotOpen = errors.New("does not open")

// errAltered: the columns of a row do not say what the journey says.
var errAltered = errors.New("its columns were altered")

func doesNotOpen(label string, id journey.ID, why error) error {
	return fmt.Errorf("%w: the %s of %s %w: %w", journey.ErrDamaged, label, id, errDoesNotOpen, why)
}

// setAside takes a damaged journey out of the way of sweeps. It stays where it is, is counted, and everything else goes
// on. Its request stays too: a person may still need it.
func (s *Store) setAside(ctx context.Context, id journey.ID) {
	moved := false
	err := s.write(context.WithoutCancel(ctx), func(ctx context.Context, tx pgx.Tx) error {
		r, err := lockRow(ctx, tx, id) // once more, since only what lies in the database counts
		if err != nil {
			return err
		}
		_, err = s.open(r)
		if moved = errors.Is(err, errDoesNotOpen); !moved {
			return nil
		}
		_, err = tx.Exec(ctx, `UPDATE paygate_journeys SET damaged = true WHERE id = $1`, id)
		return err
	})
	switch {
	case errors.Is(err, journey.ErrNotFound): // forgotten meanwhile
	case err != nil:
		s.log.ErrorContext(ctx, "a damaged journey could not be set aside", "journey_id", id, "error", err)
	case moved:
		s.log.ErrorContext(ctx, "a damaged journey was set aside", "journey_id", id)
	}
}

// restore brings back, at a start, what opens after all: somebody put it right.
func (s *Store) restore(ctx context.Context) error {
	ids, err := s.Damaged(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.bringBack(ctx, id); err != nil && !errors.Is(err, journey.ErrNotFound) {
			return err
		}
	}
	return nil
}

func (s *Store) bringBack(ctx context.Context, id journey.ID) error {
	opens := false
	err := s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		r, err := lockRow(ctx, tx, id)
		if err != nil {
			return err
		}
		r.Damaged = false
		_, err = s.open(r)
		if opens = err == nil; !opens {
			return nil
		}
		_, err = tx.Exec(ctx, `UPDATE paygate_journeys SET damaged = false WHERE id = $1`, id)
		return err
	})
	if opens && err == nil {
		s.log.InfoContext(ctx, "a journey that was set aside opens again", "journey_id", id)
	}
	return err
}

// Damaged lists the journeys that were set aside, the oldest first.
func (s *Store) Damaged(ctx context.Context) (ids []journey.ID, err error) {
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		ids, err = column[journey.ID](ctx, conn, `SELECT id FROM paygate_journeys WHERE damaged ORDER BY id`)
		return err
	})
	return ids, err
}
