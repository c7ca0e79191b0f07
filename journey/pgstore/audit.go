package pgstore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"paygate/journey"
)

// PutAudit stores an entry, or replaces it. It deletes some entries from before keepFrom: more than one, so that they
// cannot pile up.
func (s *Store) PutAudit(ctx context.Context, e journey.AuditEntry, keepFrom time.Time) error {
	sealed, err := s.codec.SealAudit(e)
	if err != nil {
		return err
	}
	return s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var both pgx.Batch
		both.Queue(`INSERT INTO paygate_audit (id, sealed) VALUES ($1, $2)
			ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed`, e.ID, sealed)
		both.Queue(`DELETE FROM paygate_audit WHERE id IN (SELECT id FROM paygate_audit
			WHERE id < $1 ORDER BY id LIMIT 8 FOR UPDATE SKIP LOCKED)`, journey.IDsFrom(keepFrom))
		return tx.SendBatch(ctx, &both).Close()
	})
}

// Audits lists at most limit entries after an id, the oldest first.
func (s *Store) Audits(ctx context.Context, after journey.ID, limit int) ([]journey.AuditEntry, error) {
	return readAll(ctx, s, s.scanAudit, `SELECT id, sealed FROM paygate_audit WHERE id > $1 ORDER BY id LIMIT $2`,
		after, limit)
}

func (s *Store) scanAudit(from pgx.CollectableRow) (journey.AuditEntry, error) {
	var id journey.ID
	var sealed []byte
	err := from.Scan(&id, &sealed)
	return s.codec.OpenAudit(id, sealed), err
}
