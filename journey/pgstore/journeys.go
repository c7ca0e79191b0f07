package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"paygate/journey"
)

// Create keeps a new journey.
func (s *Store) Create(ctx context.Context, j journey.Journey, request journey.HeldRequest) error {
	sealedRequest, err := s.seal(requests, j.ID, request)
	if err != nil {
		return err
	}
	r, err := s.rowOf(j)
	if err != nil {
		return err
	}
	return s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		made, err := tx.Exec(ctx, `INSERT INTO paygate_journeys (`+columns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING`, r.args()...)
		if err != nil {
			return err
		}
		if made.RowsAffected() == 0 {
			return journey.ErrExists
		}
		var more pgx.Batch
		indexPayments(&more, journey.Journey{}, j)
		if j.KeepsRequest() {
			more.Queue(requests.put(), j.ID, sealedRequest)
		}
		return tx.SendBatch(ctx, &more).Close()
	})
}

// Get reads a journey.
func (s *Store) Get(ctx context.Context, id journey.ID) (j journey.Journey, err error) {
	if !storable(id) {
		return j, orEnded(ctx, journey.ErrNotFound)
	}
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		r, err := one(ctx, conn, scanRow, `SELECT `+columns+` FROM paygate_journeys WHERE id = $1`, id)
		if err != nil {
			return orNotFound(err)
		}
		j, err = s.open(r)
		return err
	})
	if errors.Is(err, errDoesNotOpen) {
		s.setAside(ctx, id)
	}
	return j, err
}

// errRefused stands for an error of a change while it goes up through the transaction: it is nobody's to judge.
var errRefused = errors.New("refused by the change")

// Update changes a journey in one transaction, while its row is locked.
func (s *Store) Update(ctx context.Context, id journey.ID, change func(journey.Journey) (journey.Change, error)) (journey.Journey, error) {
	if !storable(id) {
		return journey.Journey{}, orEnded(ctx, journey.ErrNotFound)
	}
	var after journey.Journey
	var refused error
	err := s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		r, err := lockRow(ctx, tx, id)
		if err != nil {
			return err
		}
		before, err := s.open(r)
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil { // the caller gave up while another held the row
			return err
		}
		var c journey.Change
		if c, refused = change(before); refused != nil {
			return errRefused
		}
		if c.Journey.ID != id {
			return fmt.Errorf("an update of %s answered with %q", id, c.Journey.ID)
		}
		after = c.Journey
		return s.keep(ctx, tx, r.KeyID, before, c)
	})
	switch {
	case errors.Is(err, errRefused):
		return journey.Journey{}, refused
	case errors.Is(err, errDoesNotOpen):
		s.setAside(ctx, id)
	}
	if err != nil {
		return journey.Journey{}, err
	}
	return after, nil
}

// keep stores a change: the journey, its indexes, and what comes and goes with it. keyID is that of the secret which
// sealed the journey before.
func (s *Store) keep(ctx context.Context, tx pgx.Tx, keyID string, before journey.Journey, c journey.Change) error {
	r, err := s.rowOf(c.Journey)
	if err != nil {
		return err
	}
	var all pgx.Batch
	// Who was to visit it has done so when it is due at another time.
	all.Queue(`UPDATE paygate_journeys SET taken_until = CASE WHEN due_at IS NOT DISTINCT FROM $7 THEN taken_until END,
		state = $2, open = $3, route = $4, reference = $5, started_at = $6, due_at = $7, key_id = $8, sealed = $9, damaged = $10, early_at = $11
		WHERE id = $1`, r.args()...)
	indexPayments(&all, before, c.Journey)
	if err := s.keepRequest(ctx, tx, &all, keyID, c); err != nil {
		return err
	}
	if err := s.keepReply(ctx, tx, &all, keyID, c); err != nil {
		return err
	}
	return tx.SendBatch(ctx, &all).Close()
}

const putPayment = `INSERT INTO paygate_payments AS known (id, journey_id) VALUES ($1, $2)
	ON CONFLICT (id) DO UPDATE SET journey_id = known.journey_id WHERE known.journey_id = excluded.journey_id`

// indexPayments keeps an entry for each payment of a journey. One that leads to another journey is left alone when a
// payment goes.
func indexPayments(batch *pgx.Batch, before, after journey.Journey) {
	was, is := paymentIDs(before), paymentIDs(after)
	for _, id := range is {
		if !slices.Contains(was, id) {
			batch.Queue(putPayment, id, after.ID).Exec(orTaken)
		}
	}
	for _, id := range was {
		if !slices.Contains(is, id) {
			batch.Queue(`DELETE FROM paygate_payments WHERE id = $1 AND journey_id = $2`, id, after.ID)
		}
	}
}

// orTaken: no row was written because the payment leads to another journey.
func orTaken(written pgconn.CommandTag) error {
	if written.RowsAffected() == 0 {
		return journey.ErrTaken
	}
	return nil
}

func paymentIDs(j journey.Journey) (ids []string) {
	for _, p := range j.Payments {
		if p.ID != "" && !slices.Contains(ids, p.ID) {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// lockRow reads a row and keeps every other change from it until the transaction ends.
func lockRow(ctx context.Context, tx pgx.Tx, id journey.ID) (row, error) {
	r, err := one(ctx, tx, scanRow, `SELECT `+columns+` FROM paygate_journeys WHERE id = $1 FOR UPDATE`, id)
	return r, orNotFound(err)
}

// ByPayment finds the journey of a payment.
func (s *Store) ByPayment(ctx context.Context, paymentID string) (id journey.ID, err error) {
	if !storable(paymentID) {
		return "", orEnded(ctx, journey.ErrNotFound)
	}
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		id, err = one(ctx, conn, pgx.RowTo[journey.ID], `SELECT journey_id FROM paygate_payments WHERE id = $1`, paymentID)
		return orNotFound(err)
	})
	return id, err
}

// Forget removes a journey, and all that belongs to it with it. One that was set aside goes too.
func (s *Store) Forget(ctx context.Context, id journey.ID) error {
	if !storable(id) {
		return ctx.Err()
	}
	return s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM paygate_journeys WHERE id = $1`, id)
		return err
	})
}

// asker is a connection or a transaction.
type asker interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// one reads one row; pgx.ErrNoRows.
func one[T any](ctx context.Context, a asker, scan pgx.RowToFunc[T], sql string, args ...any) (T, error) {
	rows, err := a.Query(ctx, sql, args...)
	if err != nil {
		var none T
		return none, err
	}
	return pgx.CollectOneRow(rows, scan)
}

// all reads all rows.
func all[T any](ctx context.Context, a asker, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	rows, err := a.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.AppendRows([]T(nil), rows, scan)
}

// column reads the one column of all rows.
func column[T any](ctx context.Context, a asker, sql string, args ...any) ([]T, error) {
	return all(ctx, a, pgx.RowTo[T], sql, args...)
}

func orNotFound(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return journey.ErrNotFound
	}
	return err
}

// orEnded is the error of a call that needs no database, unless its caller has given up.
func orEnded(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	return err
}
