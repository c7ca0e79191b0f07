package pgstore

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"paygate/journey"
)

// setAside hides a damaged journey from sweeps. It stays where it is and is counted, and so does its request: a person
// may still need it.
func (s *Store) setAside(ctx context.Context, id journey.ID) {
	err := s.recheck(context.WithoutCancel(ctx), id)
	if err != nil {
		s.log.ErrorContext(ctx, "a damaged journey could not be set aside", "journey_id", id, "error", err)
	}
}

// restore brings back, at a start, journeys that open again, for example because a person has repaired them.
func (s *Store) restore(ctx context.Context) error {
	ids, err := s.Damaged(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.recheck(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// recheck reads a journey again and notes whether it is damaged: only what the database holds counts. Nothing changes
// if the journey was deleted, or is sealed under a secret that this replica does not have.
func (s *Store) recheck(ctx context.Context, id journey.ID) error {
	var was, is bool
	err := s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		r, err := lockRow(ctx, tx, id)
		if err != nil {
			return err
		}
		was, is = r.Damaged, s.isDamaged(r)
		if is == was {
			return nil
		}
		_, err = tx.Exec(ctx, `UPDATE paygate_journeys SET damaged = $2 WHERE id = $1`, id, is)
		return err
	})
	switch {
	case errors.Is(err, journey.ErrNotFound):
		return nil
	case err != nil:
		return err
	case is && !was:
		s.log.ErrorContext(ctx, "a damaged journey was set aside", "journey_id", id)
	case was && !is:
		s.log.InfoContext(ctx, "a journey that was set aside opens again", "journey_id", id)
	}
	return nil
}

// isDamaged reads a row as if it had not been set aside. The answer is the old one if its secret is not listed.
func (s *Store) isDamaged(r row) bool {
	was := r.Damaged
	r.Damaged = false
	_, err := s.open(r)
	if err == nil {
		return false
	}
	return was || errors.Is(err, journey.ErrDoesNotOpen)
}

// Damaged lists the journeys that were set aside, oldest first.
func (s *Store) Damaged(ctx context.Context) ([]journey.ID, error) {
	return readAll(ctx, s, pgx.RowTo[journey.ID], `SELECT id FROM paygate_journeys WHERE damaged ORDER BY id`)
}
