package pgstore

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"paygate/journey"
	"paygate/journey/find"
)

const (
	putTerms = `INSERT INTO paygate_terms (digest, journey_id) SELECT unnest($1::bytea[]), $2 ON CONFLICT DO NOTHING`

	dropTerms = `DELETE FROM paygate_terms WHERE digest = ANY($1) AND journey_id = $2`

	putFields = `INSERT INTO paygate_term_fields (name) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING`
)

// indexTerms keeps the entries by which a journey is found.
func (s *Store) indexTerms(batch *pgx.Batch, before, after journey.Journey) {
	added, removed := s.index.Changed(before, after)
	if len(removed) > 0 {
		batch.Queue(dropTerms, removed, after.ID)
	}
	if len(added) > 0 {
		batch.Queue(putTerms, added, after.ID)
		if fields := find.Fields(after); len(fields) > 0 {
			batch.Queue(putFields, fields)
		}
	}
}

// indexPageSize is how many journeys one transaction indexes.
const indexPageSize = 500

// indexOlder indexes the journeys that an older layout wrote. If it is interrupted, the next start goes on where it
// stopped. Of several replicas, one works at a time.
func (s *Store) indexOlder(ctx context.Context) error {
	for indexed, done := 0, false; !done; {
		count := 0
		err := s.write(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
			count, done, err = s.indexPage(ctx, tx)
			return err
		})
		if err != nil {
			return err
		}
		indexed += count
		if indexed > 0 && (done || indexed%(100*indexPageSize) == 0) {
			s.log.InfoContext(ctx, "journeys of an older layout are made findable", "journeys", indexed, "done", done)
		}
	}
	return nil
}

// indexPage indexes the next journeys and records how far it has come. Those that do not open are left out.
func (s *Store) indexPage(ctx context.Context, tx pgx.Tx) (count int, done bool, err error) {
	after, err := one(ctx, tx, pgx.RowTo[string], `SELECT after FROM paygate_unindexed FOR UPDATE`)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, true, nil
	}
	if err != nil {
		return 0, false, err
	}
	rows, err := all(ctx, tx, scanRow,
		`SELECT `+columns+` FROM paygate_journeys WHERE id > $1 ORDER BY id LIMIT $2`, after, indexPageSize)
	if err != nil {
		return 0, false, err
	}
	var batch pgx.Batch
	var opened []journey.Journey
	for _, r := range rows {
		after = string(r.ID)
		if j, err := s.open(r); err == nil {
			opened = append(opened, j)
			s.indexTerms(&batch, journey.Journey{}, j)
		}
	}
	putTallies(&batch, counted, journey.TalliesOf(opened))
	if len(rows) < indexPageSize {
		batch.Queue(`DELETE FROM paygate_unindexed`)
	} else {
		batch.Queue(`UPDATE paygate_unindexed SET after = $1`, after)
	}
	return len(rows), len(rows) < indexPageSize, tx.SendBatch(ctx, &batch).Close()
}
