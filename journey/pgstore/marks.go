package pgstore

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/jackc/pgx/v5"

	"paygate/journey"
)

// FirstSight reports whether a mark (the id of a webhook) is seen for the first time, and remembers it until the
// given time. Of many concurrent callers, on all replicas, exactly one is the first. A new mark deletes several
// whose time is over, so that they cannot pile up.
func (s *Store) FirstSight(ctx context.Context, mark string, until time.Time) (first bool, err error) {
	digest := sha256.Sum256([]byte(mark)) // marks may have any length and any bytes
	err = s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		now := s.now().Unix()
		noted, err := tx.Exec(ctx, `INSERT INTO paygate_marks AS known (digest, ends_at) VALUES ($1, $2)
			ON CONFLICT (digest) DO UPDATE SET ends_at = excluded.ends_at WHERE known.ends_at <= $3`,
			digest[:], until.Unix(), now)
		if first = err == nil && noted.RowsAffected() == 1; !first {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM paygate_marks WHERE digest IN (SELECT digest FROM paygate_marks
			WHERE ends_at <= $1 AND digest <> $2 ORDER BY ends_at LIMIT 8 FOR UPDATE SKIP LOCKED)`, now, digest[:])
		return err
	})
	return first && err == nil, err
}

// Marks lists at most limit marks after a digest, in the order of digests, including those whose time is over.
func (s *Store) Marks(ctx context.Context, after []byte, limit int) ([]journey.Mark, error) {
	if after == nil {
		after = []byte{}
	}
	return readAll(ctx, s, scanMark,
		`SELECT digest, ends_at FROM paygate_marks WHERE digest > $1 ORDER BY digest LIMIT $2`, after, limit)
}

func scanMark(from pgx.CollectableRow) (m journey.Mark, err error) {
	var until int64
	err = from.Scan(&m.Digest, &until)
	m.Until = time.Unix(until, 0).UTC()
	return m, err
}

// ImportMarks stores the marks of another store. If a mark is known, the later time applies.
func (s *Store) ImportMarks(ctx context.Context, marks []journey.Mark) error {
	return s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var all pgx.Batch
		for _, m := range marks {
			all.Queue(`INSERT INTO paygate_marks AS known (digest, ends_at) VALUES ($1, $2)
				ON CONFLICT (digest) DO UPDATE SET ends_at = greatest(known.ends_at, excluded.ends_at)`,
				m.Digest, m.Until.Unix())
		}
		return tx.SendBatch(ctx, &all).Close()
	})
}
