package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"time"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// indexDue keeps the list of due journeys: exactly one entry for a journey, at its DueAt, and none when that is zero.
func indexDue(tx *bolt.Tx, before, after journey.Journey) error {
	bucket := tx.Bucket(dueBucket)
	if !before.DueAt.IsZero() && !before.DueAt.Equal(after.DueAt) {
		if err := bucket.Delete(dueKey(before.DueAt, before.ID)); err != nil {
			return err
		}
	}
	if after.DueAt.IsZero() {
		return nil
	}
	return bucket.Put(dueKey(after.DueAt, after.ID), nil)
}

// dueKey sorts by time, to the nanosecond, then by id. Times before 1970 and after 2262 are the first and the last.
func dueKey(at time.Time, id journey.ID) []byte {
	var nanoseconds int64
	switch {
	case at.Unix() >= math.MaxInt64/int64(time.Second):
		nanoseconds = math.MaxInt64
	case at.Unix() >= 0:
		nanoseconds = at.UnixNano()
	}
	return append(binary.BigEndian.AppendUint64(nil, uint64(nanoseconds)), id...)
}

func dueOf(key []byte) journey.Due {
	return journey.Due{At: time.Unix(0, int64(binary.BigEndian.Uint64(key))).UTC(), ID: journey.ID(key[8:])}
}

// Due lists due journeys.
func (s *Store) Due(ctx context.Context, until time.Time, after journey.Due, limit int) (due []journey.Due, err error) {
	var idle [][]byte
	err = s.read(ctx, func(tx *bolt.Tx) error {
		cursor := tx.Bucket(dueBucket).Cursor()
		from := dueKey(after.At, after.ID)
		for k, _ := cursor.Seek(from); k != nil && len(due) < limit; k, _ = cursor.Next() {
			switch entry := dueOf(k); {
			case entry.At.After(until):
				return nil
			case after.ID != "" && bytes.Equal(k, from):
			case tx.Bucket(journeyBucket).Get(k[8:]) == nil:
				idle = append(idle, bytes.Clone(k))
			default:
				due = append(due, entry)
			}
		}
		return nil
	})
	if len(idle) > 0 {
		s.dropIdle(ctx, idle)
	}
	return due, err
}

// dropIdle removes entries whose journey was set aside: nobody could read there when it was due.
func (s *Store) dropIdle(ctx context.Context, keys [][]byte) {
	err := s.write(ctx, func(tx *bolt.Tx) error {
		for _, key := range keys {
			if tx.Bucket(journeyBucket).Get(key[8:]) != nil {
				continue
			}
			if err := tx.Bucket(dueBucket).Delete(key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.log.WarnContext(ctx, "entries of journeys that were set aside stay in the list of due ones", "error", err)
	}
}

// OldestDue is the time of the most overdue journey; false when none is overdue.
func (s *Store) OldestDue(ctx context.Context) (time.Time, bool, error) {
	due, err := s.Due(ctx, s.now(), journey.Due{}, 1)
	if err != nil || len(due) == 0 {
		return time.Time{}, false, err
	}
	return due[0].At, true, nil
}
