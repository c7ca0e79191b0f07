package pgstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"paygate/journey"
)

// Create stores a new journey.
func (s *Store) Create(ctx context.Context, j journey.Journey, request journey.HeldRequest) error {
	sealedRequest, err := s.codec.SealContent(journey.PartRequest, j.ID, request)
	if err != nil {
		return err
	}
	r, err := s.rowOf(j)
	if err != nil {
		return err
	}
	return s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		inserted, err := tx.Exec(ctx, insertRow+` ON CONFLICT (id) DO NOTHING`, r.args()...)
		if err != nil {
			return err
		}
		if inserted.RowsAffected() == 0 {
			return journey.ErrExists
		}
		var more pgx.Batch
		indexPayments(&more, journey.Journey{}, j)
		s.indexTerms(&more, journey.Journey{}, j)
		putTallies(&more, j.ID, journey.Tallies(journey.Journey{}, j))
		if j.KeepsRequest() {
			more.Queue(tables[journey.PartRequest].put(), j.ID, sealedRequest)
		}
		return tx.SendBatch(ctx, &more).Close()
	})
}

// Get reads a journey.
func (s *Store) Get(ctx context.Context, id journey.ID) (journey.Journey, error) {
	r, err := readOne(ctx, s, scanRow, getRow, id)
	if err != nil {
		return journey.Journey{}, err
	}
	j, err := s.open(r)
	if errors.Is(err, journey.ErrDoesNotOpen) {
		s.setAside(ctx, id)
	}
	return j, err
}

// refusal carries the error of a change through the transaction, which must not interpret it.
type refusal struct{ error }

// refused returns the error that a change returned, and any other error unchanged.
func refused(err error) error {
	if r, ok := errors.AsType[refusal](err); ok {
		return r.error
	}
	return err
}

// Update changes a journey in one transaction, while its row is locked.
func (s *Store) Update(
	ctx context.Context, id journey.ID, change func(journey.Journey) (journey.Change, error),
) (after journey.Journey, err error) {
	err = s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		after, err = s.update(ctx, tx, id, change)
		return err
	})
	if errors.Is(err, journey.ErrDoesNotOpen) {
		s.setAside(ctx, id)
	}
	if err != nil {
		return journey.Journey{}, refused(err)
	}
	return after, nil
}

func (s *Store) update(
	ctx context.Context, tx pgx.Tx, id journey.ID, change func(journey.Journey) (journey.Change, error),
) (journey.Journey, error) {
	r, err := lockRow(ctx, tx, id)
	if err != nil {
		return journey.Journey{}, err
	}
	before, err := s.open(r)
	if err != nil {
		return journey.Journey{}, err
	}
	if err := ctx.Err(); err != nil { // the caller gave up while another held the row
		return journey.Journey{}, err
	}
	c, err := change(before)
	if err != nil {
		return journey.Journey{}, refusal{err}
	}
	if c.Journey.ID != id {
		return journey.Journey{}, fmt.Errorf("an update of %s answered with %q", id, c.Journey.ID)
	}
	return c.Journey, s.store(ctx, tx, r.KeyID, before, c)
}

// lockRow reads a row and keeps other transactions from changing it until this one ends.
func lockRow(ctx context.Context, tx pgx.Tx, id journey.ID) (row, error) {
	r, err := one(ctx, tx, scanRow, getRow+` FOR UPDATE`, id)
	return r, orNotFound(err)
}

// updateRow ends the visit of a sweep if the journey is now due at another time.
const updateRow = `UPDATE paygate_journeys SET
	taken_until = CASE WHEN due_at IS NOT DISTINCT FROM $7 THEN taken_until END,
	state = $2, open = $3, route = $4, reference = $5, started_at = $6, due_at = $7, key_id = $8, sealed = $9,
	damaged = $10, early_at = $11, tell_at = $12, late_at = $13, owed_at = $14 WHERE id = $1`

// store writes a change: the journey, its payments, its request and its reply. keyID names the secret under which the
// journey was sealed before.
func (s *Store) store(ctx context.Context, tx pgx.Tx, keyID string, before journey.Journey, c journey.Change) error {
	r, err := s.rowOf(c.Journey)
	if err != nil {
		return err
	}
	var all pgx.Batch
	all.Queue(updateRow, r.args()...)
	indexPayments(&all, before, c.Journey)
	s.indexTerms(&all, before, c.Journey)
	for _, m := range c.Contents() {
		if err := s.storeContent(ctx, tx, &all, keyID, c.Journey.ID, m); err != nil {
			return err
		}
	}
	putTallies(&all, c.Journey.ID, journey.Tallies(before, c.Journey))
	return tx.SendBatch(ctx, &all).Close()
}

const putPayment = `INSERT INTO paygate_payments AS known (id, journey_id) VALUES ($1, $2)
	ON CONFLICT (id) DO UPDATE SET journey_id = known.journey_id WHERE known.journey_id = excluded.journey_id`

// indexPayments keeps an entry for each payment of a journey. A removed payment whose entry leads to another journey
// keeps that entry.
func indexPayments(batch *pgx.Batch, before, after journey.Journey) {
	added, removed := journey.ChangedPayments(before, after)
	for _, id := range added {
		batch.Queue(putPayment, id, after.ID).Exec(orTaken)
	}
	for _, id := range removed {
		batch.Queue(`DELETE FROM paygate_payments WHERE id = $1 AND journey_id = $2`, id, after.ID)
	}
}

// orTaken returns ErrTaken if no row was written, because the payment leads to another journey.
func orTaken(written pgconn.CommandTag) error {
	if written.RowsAffected() == 0 {
		return journey.ErrTaken
	}
	return nil
}

// ByPayment finds the journey of a payment.
func (s *Store) ByPayment(ctx context.Context, paymentID string) (journey.ID, error) {
	return readOne(ctx, s, pgx.RowTo[journey.ID], `SELECT journey_id FROM paygate_payments WHERE id = $1`, paymentID)
}

// Forget deletes a journey and everything that belongs to it, even if it was set aside.
func (s *Store) Forget(ctx context.Context, id journey.ID) error {
	return s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		r, err := lockRow(ctx, tx, id)
		if errors.Is(err, journey.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		var all pgx.Batch
		all.Queue(`DELETE FROM paygate_journeys WHERE id = $1`, id)
		if j, err := s.open(r); err == nil {
			putTallies(&all, id, journey.Tallies(j, journey.Journey{}))
		}
		return tx.SendBatch(ctx, &all).Close()
	})
}
