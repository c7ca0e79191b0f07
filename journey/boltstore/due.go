package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"time"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// indexDue updates the lists of due journeys: each has one entry for a journey, at its time, or none if that is zero.
func indexDue(tx *bolt.Tx, before, after journey.Journey) error {
	var err error
	for _, list := range dueLists() {
		was, is := entry(list.at(before), before.ID), entry(list.at(after), after.ID)
		err = errors.Join(err, moveEntry(tx.Bucket(list.bucket), was, is))
	}
	return err
}

// dueList is a list of journeys by one of their times.
type dueList struct {
	bucket []byte
	at     func(journey.Journey) time.Time
}

func dueLists() []dueList {
	return []dueList{
		{dueBucket, func(j journey.Journey) time.Time { return j.DueAt }},
		{earlyBucket, func(j journey.Journey) time.Time { return j.EarlyAt }},
		{tellBucket, func(j journey.Journey) time.Time { return j.TellAt }},
		{lateBucket, func(j journey.Journey) time.Time { return j.LateAt }},
		{owedBucket, func(j journey.Journey) time.Time { return j.OwedAt }},
	}
}

// entry returns a journey's key in a list of due ones; nil if it is never due.
func entry(at time.Time, id journey.ID) []byte {
	if at.IsZero() {
		return nil
	}
	return dueKey(at, id)
}

func moveEntry(bucket *bolt.Bucket, from, to []byte) error {
	if from != nil && !bytes.Equal(from, to) {
		if err := bucket.Delete(from); err != nil {
			return err
		}
	}
	if to == nil {
		return nil
	}
	return bucket.Put(to, nil)
}

// dueKey sorts by time, to the nanosecond, then by id. Times before 1970 come first, times after 2262 last.
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
func (s *Store) Due(ctx context.Context, until time.Time, after journey.Due, limit int) ([]journey.Due, error) {
	return s.dueIn(ctx, dueBucket, until, after, limit)
}

// DueEarly lists journeys due for early delivery.
func (s *Store) DueEarly(ctx context.Context, until time.Time, after journey.Due, limit int) ([]journey.Due, error) {
	return s.dueIn(ctx, earlyBucket, until, after, limit)
}

// DueToTell lists journeys with messages to be sent.
func (s *Store) DueToTell(ctx context.Context, until time.Time, after journey.Due, limit int) ([]journey.Due, error) {
	return s.dueIn(ctx, tellBucket, until, after, limit)
}

// Late lists journeys with a step that keeps failing.
func (s *Store) Late(ctx context.Context, until time.Time, after journey.Due, limit int) ([]journey.Due, error) {
	return s.dueIn(ctx, lateBucket, until, after, limit)
}

// OwedBack lists journeys whose citizens wait for their money.
func (s *Store) OwedBack(ctx context.Context, until time.Time, after journey.Due, limit int) ([]journey.Due, error) {
	return s.dueIn(ctx, owedBucket, until, after, limit)
}

func (s *Store) dueIn(
	ctx context.Context, list []byte, until time.Time, after journey.Due, limit int,
) (due []journey.Due, err error) {
	var idle [][]byte
	err = s.read(ctx, func(tx *bolt.Tx) error {
		cursor := tx.Bucket(list).Cursor()
		from := dueKey(after.At, after.ID)
		for k, _ := cursor.Seek(from); k != nil && len(due) < limit; k, _ = cursor.Next() {
			switch entry := dueOf(k); {
			case entry.At.After(until):
				return nil
			case after.ID != "" && bytes.Equal(k, from):
			case isIdle(tx, k[8:]):
				idle = append(idle, bytes.Clone(k))
			default:
				due = append(due, entry)
			}
		}
		return nil
	})
	if len(idle) > 0 {
		s.dropIdle(ctx, list, idle)
	}
	return due, err
}

// isIdle reports whether a listed journey was set aside or forgotten. One that is open must not be dropped, even if a
// damaged page hides it.
func isIdle(tx *bolt.Tx, id []byte) bool {
	return tx.Bucket(journeyBucket).Get(id) == nil && tx.Bucket(openBucket).Get(id) == nil
}

// dropIdle removes the entries of journeys that were set aside, whose due times could not be read.
func (s *Store) dropIdle(ctx context.Context, list []byte, keys [][]byte) {
	err := s.write(ctx, func(tx *bolt.Tx) (err error) {
		for _, key := range keys {
			if isIdle(tx, key[8:]) {
				err = errors.Join(err, tx.Bucket(list).Delete(key))
			}
		}
		return err
	})
	if err != nil {
		s.log.WarnContext(ctx, "journeys that were set aside remain in the list of due journeys", "error", err)
	}
}

// OldestDue returns the time of the most overdue journey, for a sweep or for early delivery. It reports false if none
// is.
func (s *Store) OldestDue(ctx context.Context) (time.Time, bool, error) {
	return journey.OldestDue(ctx, s, s.now())
}
