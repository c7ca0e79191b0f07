package pgstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"paygate/journey"
)

// recordPage reads as many of the next journeys as fit: before asks for what they come to without the last.
const recordPage = `SELECT ` + columns + `, request, reply, CASE WHEN damaged THEN ARRAY(SELECT p.id FROM paygate_payments p WHERE p.journey_id = page.id ORDER BY p.id) END
	FROM (SELECT j.*, r.sealed AS request, y.sealed AS reply,
			sum(octet_length(j.sealed) + coalesce(octet_length(r.sealed), 0) + coalesce(octet_length(y.sealed), 0))
				OVER (ORDER BY j.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
		FROM paygate_journeys j LEFT JOIN paygate_requests r ON r.journey_id = j.id LEFT JOIN paygate_replies y ON y.journey_id = j.id
		WHERE j.id > $1 ORDER BY j.id LIMIT $2) page
	WHERE coalesce(before, 0) < $3 ORDER BY id`

// Records lists what is kept of the journeys after an id, in the order of ids, damaged ones too: at most limit, and no more
// once they come to so many bytes. Nothing is listed only at the end.
func (s *Store) Records(ctx context.Context, after journey.ID, limit, size int) (page []journey.Record, err error) {
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		page, err = all(ctx, conn, s.scanRecord, recordPage, after, limit, size)
		return err
	})
	return page, err
}

func (s *Store) scanRecord(from pgx.CollectableRow) (k journey.Record, err error) {
	var r row
	if err := from.Scan(append(r.fields(), &k.SealedRequest, &k.SealedReply, &k.Payments)...); err != nil {
		return k, err
	}
	k.ID, k.SealedJourney = r.ID, r.Sealed
	j, err := s.open(r)
	switch {
	case err == nil:
		k.Journey = &j
	case !r.Damaged && !errors.Is(err, errDoesNotOpen):
		return journey.Record{ID: r.ID, Unlisted: true}, nil
	}
	return k, nil
}

// Import takes over what another store kept, as it is, all of it or nothing. [journey.ErrExists] when an id is taken.
func (s *Store) Import(ctx context.Context, page []journey.Record) error {
	return s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var all pgx.Batch
		for _, k := range page {
			if err := s.importRecord(&all, k); err != nil {
				return err
			}
		}
		err := tx.SendBatch(ctx, &all).Close()
		var said *pgconn.PgError
		if errors.As(err, &said) && said.Code == "23505" { // unique_violation
			return fmt.Errorf("%w: %s", journey.ErrExists, said.Detail)
		}
		return err
	})
}

func (s *Store) importRecord(batch *pgx.Batch, k journey.Record) error {
	r, err := s.rowOfRecord(k)
	if err != nil {
		return err
	}
	batch.Queue(`INSERT INTO paygate_journeys (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, r.args()...)
	if k.Journey != nil {
		indexPayments(batch, journey.Journey{}, *k.Journey)
	}
	for _, payment := range k.Payments {
		batch.Queue(putPayment, payment, k.ID)
	}
	s.importSealed(batch, requests, k.ID, k.SealedRequest)
	s.importSealed(batch, replies, k.ID, k.SealedReply)
	return nil
}

// rowOfRecord has nothing to be searched by where the journey does not open.
func (s *Store) rowOfRecord(k journey.Record) (row, error) {
	if k.Journey != nil {
		return s.rowOf(*k.Journey)
	}
	keyID, _ := s.sealer.KeyID(k.SealedJourney)
	return row{ID: k.ID, State: journey.StateStuck, Reference: []byte{}, KeyID: keyID, Sealed: k.SealedJourney, Damaged: true}, nil
}

// importSealed leaves what does not open as it is: whoever reads it is told so.
func (s *Store) importSealed(batch *pgx.Batch, sh shelf, id journey.ID, sealed []byte) {
	if sealed == nil {
		return
	}
	if plain, err := s.sealer.Open(string(sh), string(id), sealed); err == nil {
		sealed = s.sealer.Seal(string(sh), string(id), plain)
	}
	batch.Queue(sh.put(), id, sealed)
}

// ValueNames lists the named values.
func (s *Store) ValueNames(ctx context.Context) (names []string, err error) {
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		names, err = column[string](ctx, conn, `SELECT name FROM paygate_values ORDER BY name`)
		return err
	})
	return names, err
}

// Marks lists at most limit marks after a digest, in the order of digests, those past their time too.
func (s *Store) Marks(ctx context.Context, after []byte, limit int) (marks []journey.Mark, err error) {
	if after == nil {
		after = []byte{}
	}
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		marks, err = all(ctx, conn, scanMark, `SELECT digest, ends_at FROM paygate_marks WHERE digest > $1 ORDER BY digest LIMIT $2`, after, limit)
		return err
	})
	return marks, err
}

func scanMark(from pgx.CollectableRow) (m journey.Mark, err error) {
	var until int64
	err = from.Scan(&m.Digest, &until)
	m.Until = time.Unix(until, 0).UTC()
	return m, err
}

// ImportMarks takes over what another store remembers. Of two times the later holds.
func (s *Store) ImportMarks(ctx context.Context, marks []journey.Mark) error {
	return s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var all pgx.Batch
		for _, m := range marks {
			all.Queue(`INSERT INTO paygate_marks AS known (digest, ends_at) VALUES ($1, $2)
				ON CONFLICT (digest) DO UPDATE SET ends_at = greatest(known.ends_at, excluded.ends_at)`, m.Digest, m.Until.Unix())
		}
		return tx.SendBatch(ctx, &all).Close()
	})
}
