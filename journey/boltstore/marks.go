package boltstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// sweepLimit is how many expired marks each new one removes: more than one, so that they cannot pile up.
const sweepLimit = 8

// FirstSight reports whether a mark (the id of a webhook) is new, and remembers it until the given time. Of many
// concurrent callers exactly one is the first.
func (s *Store) FirstSight(ctx context.Context, mark string, until time.Time) (bool, error) {
	digest := sha256.Sum256([]byte(mark)) // marks may have any length and any bytes
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

// putMark stores the end of a mark in place of the known one, which is nil for a new mark.
func putMark(tx *bolt.Tx, key, known, end []byte) error {
	var err error
	ends := tx.Bucket(markEndBucket)
	if known != nil {
		err = ends.Delete(append(bytes.Clone(known), key...))
	}
	return errors.Join(err, ends.Put(append(bytes.Clone(end), key...), nil), tx.Bucket(markBucket).Put(key, end))
}

func sweepMarks(tx *bolt.Tx, now []byte) error {
	var expired [][]byte
	cursor := tx.Bucket(markEndBucket).Cursor()
	for k, _ := cursor.First(); k != nil && bytes.Compare(k[:8], now) <= 0; k, _ = cursor.Next() {
		if expired = append(expired, bytes.Clone(k)); len(expired) == sweepLimit {
			break
		}
	}
	var err error
	for _, k := range expired {
		err = errors.Join(err, tx.Bucket(markEndBucket).Delete(k), tx.Bucket(markBucket).Delete(k[8:]))
	}
	return err
}

// markEnd encodes a time so that it sorts, to the second.
func markEnd(at time.Time) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(max(0, at.Unix())))
}

// Marks lists at most limit marks after a digest, in the order of digests, expired ones included.
func (s *Store) Marks(ctx context.Context, after []byte, limit int) (marks []journey.Mark, err error) {
	err = s.read(ctx, func(tx *bolt.Tx) error {
		cursor := tx.Bucket(markBucket).Cursor()
		for k, end := seekAfter(cursor, after); k != nil && len(marks) < limit; k, end = cursor.Next() {
			until := time.Unix(int64(binary.BigEndian.Uint64(end)), 0).UTC()
			marks = append(marks, journey.Mark{Digest: bytes.Clone(k), Until: until})
		}
		return nil
	})
	return marks, err
}

// ImportMarks stores marks of another store. If both know one, the later time wins.
func (s *Store) ImportMarks(ctx context.Context, marks []journey.Mark) error {
	return s.write(ctx, func(tx *bolt.Tx) error {
		for _, m := range marks {
			known := tx.Bucket(markBucket).Get(m.Digest)
			if end := markEnd(m.Until); bytes.Compare(known, end) < 0 {
				if err := putMark(tx, m.Digest, known, end); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
