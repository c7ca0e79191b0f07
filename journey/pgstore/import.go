package pgstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"paygate/journey"
)

// recordPage reads as many of the next journeys as fit. before is the size of those that precede a journey on the page.
const recordPage = `SELECT ` + columns + `, request, reply,
		CASE WHEN damaged THEN ARRAY(SELECT p.id FROM paygate_payments p WHERE p.journey_id = page.id ORDER BY p.id) END
	FROM (SELECT j.*, r.sealed AS request, y.sealed AS reply,
			sum(octet_length(j.sealed) + coalesce(octet_length(r.sealed), 0) + coalesce(octet_length(y.sealed), 0))
				OVER (ORDER BY j.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
		FROM paygate_journeys j
		LEFT JOIN paygate_requests r ON r.journey_id = j.id LEFT JOIN paygate_replies y ON y.journey_id = j.id
		WHERE j.id > $1 ORDER BY j.id LIMIT $2) page
	WHERE coalesce(before, 0) < $3 ORDER BY id`

// Records lists the journeys after an id in the order of ids, including damaged ones: at most limit, and no more once
// they add up to size bytes. It is empty only at the end.
func (s *Store) Records(ctx context.Context, after journey.ID, limit, size int) ([]journey.Record, error) {
	return readAll(ctx, s, s.scanRecord, recordPage, after, limit, size)
}

func (s *Store) scanRecord(from pgx.CollectableRow) (journey.Record, error) {
	r, err := pgx.RowToStructByPos[struct {
		row
		Request, Reply []byte
		Payments       []string
	}](from)
	if err != nil {
		return journey.Record{}, err
	}
	record := journey.Record{
		ID: r.ID, SealedJourney: r.Sealed, SealedRequest: r.Request, SealedReply: r.Reply, Payments: r.Payments,
	}
	j, err := s.open(r.row)
	switch {
	case err == nil:
		record.Journey = &j
	case !r.Damaged && !errors.Is(err, journey.ErrDoesNotOpen):
		return journey.Record{ID: r.ID, Unlisted: true}, nil
	}
	return record, nil
}

// Import stores what another store listed, all of it or nothing. The error is [journey.ErrExists] if an id is taken.
func (s *Store) Import(ctx context.Context, page []journey.Record) error {
	return s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var all pgx.Batch
		var opened []journey.Journey
		for _, r := range page {
			if err := s.importRecord(&all, r); err != nil {
				return err
			}
			if r.Journey != nil {
				opened = append(opened, *r.Journey)
			}
		}
		putTallies(&all, counted, journey.TalliesOf(opened))
		err := tx.SendBatch(ctx, &all).Close()
		if refused, ok := errors.AsType[*pgconn.PgError](err); ok && refused.Code == "23505" { // unique_violation
			return fmt.Errorf("%w: %s", journey.ErrExists, refused.Detail)
		}
		return err
	})
}

func (s *Store) importRecord(batch *pgx.Batch, r journey.Record) error {
	stored, err := s.rowOfRecord(r)
	if err != nil {
		return err
	}
	batch.Queue(insertRow, stored.args()...)
	if r.Journey != nil {
		indexPayments(batch, journey.Journey{}, *r.Journey)
		s.indexTerms(batch, journey.Journey{}, *r.Journey)
	}
	for _, payment := range r.Payments {
		batch.Queue(putPayment, payment, r.ID)
	}
	for part, sealed := range map[journey.Part][]byte{
		journey.PartRequest: r.SealedRequest, journey.PartReply: r.SealedReply,
	} {
		if sealed != nil {
			batch.Queue(tables[part].put(), r.ID, s.codec.Renew(part, r.ID, sealed))
		}
	}
	return nil
}

// rowOfRecord returns a row that no search finds if the journey does not open.
func (s *Store) rowOfRecord(r journey.Record) (row, error) {
	if r.Journey != nil {
		return s.rowOf(*r.Journey)
	}
	keyID, _ := s.codec.KeyID(r.SealedJourney)
	return row{
		ID: r.ID, State: journey.StateStuck, Reference: []byte{}, KeyID: keyID, Sealed: r.SealedJourney, Damaged: true,
	}, nil
}
