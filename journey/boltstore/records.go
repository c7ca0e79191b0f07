package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// Records lists the journeys after an id in the order of ids, including damaged ones: at most limit, and no more once
// they add up to size bytes. It is empty only at the end.
func (s *Store) Records(ctx context.Context, after journey.ID, limit, size int) (page []journey.Record, err error) {
	err = s.read(ctx, func(tx *bolt.Tx) error {
		good, bad := tx.Bucket(journeyBucket).Cursor(), tx.Bucket(damagedBucket).Cursor()
		goodID, goodSealed := seekAfter(good, []byte(after))
		badID, badSealed := seekAfter(bad, []byte(after))
		for len(page) < limit && size > 0 && (goodID != nil || badID != nil) {
			var r journey.Record
			if badID == nil || goodID != nil && bytes.Compare(goodID, badID) < 0 {
				r = s.record(tx, goodID, goodSealed)
				goodID, goodSealed = good.Next()
			} else {
				r = damagedRecord(tx, badID, badSealed)
				badID, badSealed = bad.Next()
			}
			page = append(page, r)
			size -= r.Size()
		}
		return nil
	})
	return page, err
}

// seekAfter moves the cursor to the first key after the given one.
func seekAfter(cursor *bolt.Cursor, after []byte) (k, v []byte) {
	k, v = cursor.Seek(after)
	if k != nil && bytes.Equal(k, after) {
		return cursor.Next()
	}
	return k, v
}

func (s *Store) record(tx *bolt.Tx, id, sealed []byte) journey.Record {
	if j, err := s.codec.OpenJourney(journey.ID(id), sealed); err == nil {
		r := rawRecord(tx, id, sealed)
		r.Journey = &j
		return r
	}
	if isUnlisted(s.codec, sealed, isOpen(tx, id)) {
		return journey.Record{ID: journey.ID(id), Unlisted: true}
	}
	return damagedRecord(tx, id, sealed)
}

// isUnlisted reports whether a journey at rest is sealed under a secret that is no longer listed.
func isUnlisted(codec journey.Codec, sealed []byte, isOpen bool) bool {
	keyID, ok := codec.KeyID(sealed)
	return ok && !codec.Knows(keyID) && !isOpen
}

func isOpen(tx *bolt.Tx, id []byte) bool { return tx.Bucket(openBucket).Get(id) != nil }

// damagedRecord returns the record of a journey that cannot be read. Its request and its reply may be intact.
func damagedRecord(tx *bolt.Tx, id, sealed []byte) journey.Record {
	r := rawRecord(tx, id, sealed)
	payments := tx.Bucket(paymentBucket).Cursor()
	for payment, of := payments.First(); payment != nil; payment, of = payments.Next() {
		if bytes.Equal(of, id) {
			r.Payments = append(r.Payments, string(payment))
		}
	}
	return r
}

// rawRecord returns what is stored under an id.
func rawRecord(tx *bolt.Tx, id, sealed []byte) journey.Record {
	return journey.Record{
		ID:            journey.ID(id),
		SealedJourney: bytes.Clone(sealed),
		SealedRequest: joinPieces(tx.Bucket(requestBucket), journey.ID(id)),
		SealedReply:   joinPieces(tx.Bucket(replyBucket), journey.ID(id)),
	}
}

// Import stores what another store listed, all of it or nothing. The error is [journey.ErrExists] if an id is taken.
func (s *Store) Import(ctx context.Context, page []journey.Record) error {
	return s.write(ctx, func(tx *bolt.Tx) error {
		for _, r := range page {
			if err := s.importRecord(tx, r); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) importRecord(tx *bolt.Tx, r journey.Record) error {
	if taken(tx, r.ID) {
		return fmt.Errorf("%w: %s", journey.ErrExists, r.ID)
	}
	return errors.Join(
		s.importJourney(tx, r),
		s.importContent(tx, journey.PartRequest, r.ID, r.SealedRequest),
		s.importContent(tx, journey.PartReply, r.ID, r.SealedReply),
	)
}

func (s *Store) importJourney(tx *bolt.Tx, r journey.Record) error {
	if r.Journey != nil {
		return s.put(tx, journey.Journey{}, *r.Journey)
	}
	for _, payment := range r.Payments {
		if err := tx.Bucket(paymentBucket).Put([]byte(payment), []byte(r.ID)); err != nil {
			return err
		}
	}
	return tx.Bucket(damagedBucket).Put([]byte(r.ID), r.SealedJourney)
}

func (s *Store) importContent(tx *bolt.Tx, part journey.Part, id journey.ID, sealed []byte) error {
	if sealed == nil {
		return nil
	}
	return putPieces(dense(tx, contentBuckets[part]), id, s.codec.Renew(part, id, sealed))
}
