package boltstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"

	bolt "go.etcd.io/bbolt"
)

// sweptMarks is how many marks past their time a new one takes with it: more than one, so that they cannot pile up.
const sweptMarks = 8

// FirstSight tells whether a mark (the id of a webhook) is seen for the first time, and remembers it until that time. Of
// many callers at once exactly one is the first.
func (s *Store) FirstSight(ctx context.Context, mark string, until time.Time) (bool, error) {
	digest := sha256.Sum256([]byte(mark)) // any length and any bytes make a good key
	key := digest[:]
	first := false
	err := s.write(ctx, func(tx *bolt.Tx) error {
		marks, now := tx.Bucket(markBucket), markEnd(s.now())
		known := marks.Get(key)
		if first = known == nil || bytes.Compare(known, now) <= 0; !first {
			return nil
		}
		if err := sweepMarks(tx, now); err != nil {
			return err
		}
		return putMark(tx, key, marks.Get(key), markEnd(until))
	})
	return first && err == nil, err
}

// putMark remembers a mark until that end, and no longer until the one that was known.
func putMark(tx *bolt.Tx, key, known, end []byte) error {
	ends := tx.Bucket(markEndBucket)
	if known != nil {
		if err := ends.Delete(append(bytes.Clone(known), key...)); err != nil {
			return err
		}
	}
	if err := ends.Put(append(bytes.Clone(end), key...), nil); err != nil {
		return err
	}
	return tx.Bucket(markBucket).Put(key, end)
}

func sweepMarks(tx *bolt.Tx, now []byte) error {
	var over [][]byte
	cursor := tx.Bucket(markEndBucket).Cursor()
	for k, _ := cursor.First(); k != nil && bytes.Compare(k[:8], now) <= 0 && len(over) < sweptMarks; k, _ = cursor.Next() {
		over = append(over, bytes.Clone(k))
	}
	for _, k := range over {
		if err := tx.Bucket(markEndBucket).Delete(k); err != nil {
			return err
		}
		if err := tx.Bucket(markBucket).Delete(k[8:]); err != nil {
			return err
		}
	}
	return nil
}

// markEnd sorts by time, to the second.
func markEnd(at time.Time) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(max(0, at.Unix())))
}
