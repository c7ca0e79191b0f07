package boltstore

import (
	"bytes"
	"context"
	"errors"
	"time"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// PutAudit stores an entry, or replaces it. It deletes some entries from before keepFrom: more than one, so that they
// cannot pile up.
func (s *Store) PutAudit(ctx context.Context, e journey.AuditEntry, keepFrom time.Time) error {
	sealed, err := s.codec.SealAudit(e)
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *bolt.Tx) error {
		return errors.Join(dropAudits(tx.Bucket(auditBucket), []byte(journey.IDsFrom(keepFrom))),
			tx.Bucket(auditBucket).Put([]byte(e.ID), sealed))
	})
}

func dropAudits(bucket *bolt.Bucket, before []byte) error {
	var old [][]byte // cursors do not survive changes
	cursor := bucket.Cursor()
	for id, _ := cursor.First(); id != nil && bytes.Compare(id, before) < 0 &&
		len(old) < sweepLimit; id, _ = cursor.Next() {
		old = append(old, bytes.Clone(id))
	}
	var err error
	for _, id := range old {
		err = errors.Join(err, bucket.Delete(id))
	}
	return err
}

// Audits lists at most limit entries after an id, the oldest first.
func (s *Store) Audits(ctx context.Context, after journey.ID, limit int) (page []journey.AuditEntry, err error) {
	err = s.read(ctx, func(tx *bolt.Tx) error {
		cursor := tx.Bucket(auditBucket).Cursor()
		for id, sealed := seekAfter(cursor, []byte(after)); id != nil && len(page) < limit; id, sealed = cursor.Next() {
			page = append(page, s.codec.OpenAudit(journey.ID(id), sealed))
		}
		return nil
	})
	return page, err
}
