package pgstore

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/jackc/pgx/v5"
)

// FirstSight tells whether a mark (the id of a webhook) is seen for the first time, and remembers it until that time. Of
// many callers at once, on all replicas, exactly one is the first. A mark takes others with it whose time is over: more
// than one, so that they cannot pile up.
func (s *Store) FirstSight(ctx context.Context, mark string, until time.Time) (first bool, err error) {
	digest := sha256.Sum256([]byte(mark)) // any length and any bytes make a good key
	err = s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		now := s.now().Unix()
		noted, err := tx.Exec(ctx, `INSERT INTO paygate_marks AS known (digest, ends_at) VALUES ($1, $2)
			ON CONFLICT (digest) DO UPDATE SET ends_at = excluded.ends_at WHERE known.ends_at <= $3`, digest[:], until.Unix(), now)
		if first = err == nil && noted.RowsAffected() == 1; !first {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM paygate_marks WHERE digest IN (
			SELECT digest FROM paygate_marks WHERE ends_at <= $1 AND digest <> $2 ORDER BY ends_at LIMIT 8 FOR UPDATE SKIP LOCKED)`, now, digest[:])
		return err
	})
	return first && err == nil, err
}
