package boltstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// Create keeps a new journey.
func (s *Store) Create(ctx context.Context, j journey.Journey, request journey.HeldRequest) error {
	sealedRequest, err := s.codec().SealMessage(journey.PartRequest, j.ID, request)
	if err != nil {
		return err
	}
	if len(sealedRequest) > pieceBytes {
		defer s.letGo()
	}
	return s.write(ctx, func(tx *bolt.Tx) error {
		if taken(tx, j.ID) {
			return journey.ErrExists
		}
		if err := s.put(tx, journey.Journey{}, j); err != nil {
			return err
		}
		if !j.KeepsRequest() {
			return nil
		}
		return putPieces(dense(tx, requestBucket), j.ID, sealedRequest)
	})
}

// taken tells whether an id is that of a journey, a damaged one too.
func taken(tx *bolt.Tx, id journey.ID) bool {
	return tx.Bucket(journeyBucket).Get([]byte(id)) != nil || tx.Bucket(damagedBucket).Get([]byte(id)) != nil
}

// Get reads a journey.
func (s *Store) Get(ctx context.Context, id journey.ID) (j journey.Journey, err error) {
	err = s.read(ctx, func(tx *bolt.Tx) error {
		j, err = s.get(tx, id)
		return err
	})
	if errors.Is(err, errDoesNotOpen) {
		s.setAside(ctx, id)
	}
	if err != nil {
		return journey.Journey{}, err
	}
	return j, nil
}

func (s *Store) get(tx *bolt.Tx, id journey.ID) (j journey.Journey, err error) {
	if sealed := tx.Bucket(journeyBucket).Get([]byte(id)); sealed != nil {
		return j, s.unseal("journey", id, sealed, &j)
	}
	if tx.Bucket(damagedBucket).Get([]byte(id)) != nil {
		return j, fmt.Errorf("%w: %s was set aside", journey.ErrDamaged, id)
	}
	if tx.Bucket(openBucket).Get([]byte(id)) != nil {
		return j, fmt.Errorf("%w: the open journey %s is missing", errStructure, id)
	}
	return j, journey.ErrNotFound
}

// Update changes a journey in one transaction.
func (s *Store) Update(ctx context.Context, id journey.ID, change func(journey.Journey) (journey.Change, error)) (journey.Journey, error) {
	var after journey.Journey
	large := false
	err := s.write(ctx, func(tx *bolt.Tx) error {
		before, err := s.get(tx, id)
		if err != nil {
			return err
		}
		c, err := call(change, before)
		if err != nil {
			return err
		}
		if c.Journey.ID != id {
			return fmt.Errorf("an update of %s answered with %q", id, c.Journey.ID)
		}
		after = c.Journey
		large = before.Fingerprint.Size > pieceBytes && (c.Request != nil || before.KeepsRequest() != after.KeepsRequest())
		return s.keep(tx, before, c)
	})
	if errors.Is(err, errDoesNotOpen) {
		s.setAside(ctx, id)
	}
	if err != nil {
		return journey.Journey{}, err
	}
	if large {
		s.letGo()
	}
	return after, nil
}

// keep stores a change: the journey, its indexes, and what comes and goes with it.
func (s *Store) keep(tx *bolt.Tx, before journey.Journey, c journey.Change) error {
	if err := s.put(tx, before, c.Journey); err != nil {
		return err
	}
	for _, m := range c.Messages() {
		if err := s.storeMessage(tx, c.Journey.ID, m); err != nil {
			return err
		}
	}
	return nil
}

// put stores the journey itself and its entries in the indexes.
func (s *Store) put(tx *bolt.Tx, before, after journey.Journey) error {
	plain, err := json.Marshal(after)
	if err != nil {
		return fmt.Errorf("keeping the journey %s: %w", after.ID, err)
	}
	if err := dense(tx, journeyBucket).Put([]byte(after.ID), s.sealer.Seal("journey", string(after.ID), plain)); err != nil {
		return err
	}
	for _, index := range []func(*bolt.Tx, journey.Journey, journey.Journey) error{indexPayments, indexDue, s.indexOpen} {
		if err := index(tx, before, after); err != nil {
			return err
		}
	}
	return nil
}

func indexPayments(tx *bolt.Tx, before, after journey.Journey) error {
	bucket, id := tx.Bucket(paymentBucket), []byte(after.ID)
	added, removed := journey.ChangedPayments(before, after)
	for _, payment := range added {
		if owner := bucket.Get([]byte(payment)); owner != nil && !bytes.Equal(owner, id) {
			return journey.ErrTaken
		}
		if err := bucket.Put([]byte(payment), id); err != nil {
			return err
		}
	}
	for _, payment := range removed {
		if err := dropPayment(bucket, payment, id); err != nil {
			return err
		}
	}
	return nil
}

// dropPayment leaves an entry alone that leads to another journey.
func dropPayment(bucket *bolt.Bucket, paymentID string, id []byte) error {
	if !bytes.Equal(bucket.Get([]byte(paymentID)), id) {
		return nil
	}
	return bucket.Delete([]byte(paymentID))
}

func (s *Store) indexOpen(tx *bolt.Tx, _, after journey.Journey) error {
	if after.State.AtRest() {
		return tx.Bucket(openBucket).Delete([]byte(after.ID))
	}
	entry, err := json.Marshal(openEntry{s.sealer.Newest(), after.State})
	if err != nil {
		return err
	}
	return tx.Bucket(openBucket).Put([]byte(after.ID), entry)
}

// ByPayment finds the journey of a payment.
func (s *Store) ByPayment(ctx context.Context, paymentID string) (id journey.ID, err error) {
	err = s.read(ctx, func(tx *bolt.Tx) error {
		found := tx.Bucket(paymentBucket).Get([]byte(paymentID))
		if found == nil {
			return journey.ErrNotFound
		}
		id = journey.ID(found)
		return nil
	})
	return id, err
}

// Forget removes a journey. One that was set aside goes too, with what it held, but its payments still lead to its id.
func (s *Store) Forget(ctx context.Context, id journey.ID) error {
	if id == "" {
		return ctx.Err()
	}
	return s.write(ctx, func(tx *bolt.Tx) error {
		j, err := s.get(tx, id)
		if err == nil {
			if err := indexDue(tx, j, journey.Journey{}); err != nil {
				return err
			}
		}
		for _, p := range j.Payments {
			if err := dropPayment(tx.Bucket(paymentBucket), p.ID, []byte(id)); err != nil {
				return err
			}
		}
		for _, bucket := range [][]byte{requestBucket, replyBucket} {
			if err := dropPieces(tx.Bucket(bucket), id); err != nil {
				return err
			}
		}
		for _, bucket := range [][]byte{journeyBucket, openBucket, damagedBucket} {
			if err := tx.Bucket(bucket).Delete([]byte(id)); err != nil {
				return err
			}
		}
		return nil
	})
}

// unseal reads a sealed journey.
func (s *Store) unseal(label string, id journey.ID, sealed []byte, into *journey.Journey) error {
	plain, err := s.sealer.Open(label, string(id), sealed)
	if err == nil {
		err = json.Unmarshal(plain, into)
	}
	if err != nil {
		return doesNotOpen(label, id, err)
	}
	return nil
}

// dense is a bucket whose keys come in the order of time: full pages waste no room.
func dense(tx *bolt.Tx, name []byte) *bolt.Bucket {
	bucket := tx.Bucket(name)
	bucket.FillPercent = 0.9
	return bucket
}
