package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// Records lists what is kept of the journeys after an id, in the order of ids, damaged ones too: at most limit, and no more
// once they come to so many bytes. Nothing is listed only at the end.
func (s *Store) Records(ctx context.Context, after journey.ID, limit, size int) (page []journey.Record, err error) {
	err = s.read(ctx, func(tx *bolt.Tx) error {
		good, bad := tx.Bucket(journeyBucket).Cursor(), tx.Bucket(damagedBucket).Cursor()
		goodID, goodSealed := behind(good, []byte(after))
		badID, badSealed := behind(bad, []byte(after))
		for len(page) < limit && size > 0 && (goodID != nil || badID != nil) {
			var k journey.Record
			if badID == nil || goodID != nil && bytes.Compare(goodID, badID) < 0 {
				k = s.record(tx, goodID, goodSealed)
				goodID, goodSealed = good.Next()
			} else {
				k = damagedRecord(tx, badID, badSealed)
				badID, badSealed = bad.Next()
			}
			page = append(page, k)
			size -= k.Size()
		}
		return nil
	})
	return page, err
}

// behind begins at the first key after that one.
func behind(cursor *bolt.Cursor, after []byte) (k, v []byte) {
	k, v = cursor.Seek(after)
	if k != nil && bytes.Equal(k, after) {
		return cursor.Next()
	}
	return k, v
}

func (s *Store) record(tx *bolt.Tx, id, sealed []byte) journey.Record {
	var j journey.Journey
	if err := s.unseal("journey", journey.ID(id), sealed, &j); err == nil {
		k := belonging(tx, id, sealed)
		k.Journey = &j
		return k
	}
	keyID, ok := s.sealer.KeyID(sealed)
	if ok && !s.sealer.Knows(keyID) && tx.Bucket(openBucket).Get(id) == nil { // an open one under such a secret stops a start
		return journey.Record{ID: journey.ID(id), Unlisted: true}
	}
	return damagedRecord(tx, id, sealed)
}

// damagedRecord is a journey that nobody can read; what belongs to it may be good.
func damagedRecord(tx *bolt.Tx, id, sealed []byte) journey.Record {
	k := belonging(tx, id, sealed)
	payments := tx.Bucket(paymentBucket).Cursor()
	for payment, of := payments.First(); payment != nil; payment, of = payments.Next() {
		if bytes.Equal(of, id) {
			k.Payments = append(k.Payments, string(payment))
		}
	}
	return k
}

// belonging is what lies there under an id.
func belonging(tx *bolt.Tx, id, sealed []byte) journey.Record {
	return journey.Record{
		ID: journey.ID(id), SealedJourney: bytes.Clone(sealed),
		SealedRequest: joinPieces(tx.Bucket(requestBucket), journey.ID(id)), SealedReply: joinPieces(tx.Bucket(replyBucket), journey.ID(id)),
	}
}

// Import takes over what another store kept, as it is, all of it or nothing. [journey.ErrExists] when an id is taken.
func (s *Store) Import(ctx context.Context, page []journey.Record) error {
	return s.write(ctx, func(tx *bolt.Tx) error {
		for _, k := range page {
			if err := s.importRecord(tx, k); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) importRecord(tx *bolt.Tx, k journey.Record) error {
	if taken(tx, k.ID) {
		return fmt.Errorf("%w: %s", journey.ErrExists, k.ID)
	}
	if err := s.importJourney(tx, k); err != nil {
		return err
	}
	if err := s.importMessage(tx, journey.PartRequest, k.ID, k.SealedRequest); err != nil {
		return err
	}
	return s.importMessage(tx, journey.PartReply, k.ID, k.SealedReply)
}

func (s *Store) importJourney(tx *bolt.Tx, k journey.Record) error {
	if k.Journey != nil {
		return s.put(tx, journey.Journey{}, *k.Journey)
	}
	for _, payment := range k.Payments {
		if err := tx.Bucket(paymentBucket).Put([]byte(payment), []byte(k.ID)); err != nil {
			return err
		}
	}
	return tx.Bucket(damagedBucket).Put([]byte(k.ID), k.SealedJourney)
}

func (s *Store) importMessage(tx *bolt.Tx, part journey.Part, id journey.ID, sealed []byte) error {
	if sealed == nil {
		return nil
	}
	return putPieces(dense(tx, messageBuckets[part]), id, s.codec().Renew(part, id, sealed))
}

// ValueNames lists the named values.
func (s *Store) ValueNames(ctx context.Context) (names []string, err error) {
	err = s.read(ctx, func(tx *bolt.Tx) error {
		return tx.Bucket(valueBucket).ForEach(func(name, _ []byte) error {
			names = append(names, string(name))
			return nil
		})
	})
	return names, err
}

// Marks lists at most limit marks after a digest, in the order of digests, those past their time too.
func (s *Store) Marks(ctx context.Context, after []byte, limit int) (marks []journey.Mark, err error) {
	err = s.read(ctx, func(tx *bolt.Tx) error {
		cursor := tx.Bucket(markBucket).Cursor()
		for k, end := behind(cursor, after); k != nil && len(marks) < limit; k, end = cursor.Next() {
			until := time.Unix(int64(binary.BigEndian.Uint64(end)), 0).UTC()
			marks = append(marks, journey.Mark{Digest: bytes.Clone(k), Until: until})
		}
		return nil
	})
	return marks, err
}

// ImportMarks takes over what another store remembers. Of two times the later holds.
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
