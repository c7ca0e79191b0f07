package boltstore

import (
	"context"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// Create stores a new journey.
func (s *Store) Create(ctx context.Context, j journey.Journey, request journey.HeldRequest) error {
	sealedRequest, err := s.codec.SealContent(journey.PartRequest, j.ID, request)
	if err != nil {
		return err
	}
	if len(sealedRequest) > pieceBytes {
		defer s.releasePages()
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

// taken reports whether a journey has the id, damaged ones included.
func taken(tx *bolt.Tx, id journey.ID) bool {
	return tx.Bucket(journeyBucket).Get([]byte(id)) != nil || tx.Bucket(damagedBucket).Get([]byte(id)) != nil
}

// Get reads a journey.
func (s *Store) Get(ctx context.Context, id journey.ID) (j journey.Journey, err error) {
	err = s.read(ctx, func(tx *bolt.Tx) error {
		j, err = s.get(tx, id)
		return err
	})
	return s.orSetAside(ctx, id, j, err)
}

// orSetAside sets a journey aside if the error says that it does not open.
func (s *Store) orSetAside(ctx context.Context, id journey.ID, j journey.Journey, err error) (journey.Journey, error) {
	if errors.Is(err, journey.ErrDoesNotOpen) {
		s.setAside(ctx, id)
	}
	if err != nil {
		return journey.Journey{}, err
	}
	return j, nil
}

func (s *Store) get(tx *bolt.Tx, id journey.ID) (journey.Journey, error) {
	if sealed := tx.Bucket(journeyBucket).Get([]byte(id)); sealed != nil {
		return s.codec.OpenJourney(id, sealed)
	}
	if tx.Bucket(damagedBucket).Get([]byte(id)) != nil {
		return journey.Journey{}, fmt.Errorf("%w: %s was set aside", journey.ErrDamaged, id)
	}
	if tx.Bucket(openBucket).Get([]byte(id)) != nil {
		return journey.Journey{}, fmt.Errorf("%w: the open journey %s is missing", errStructure, id)
	}
	return journey.Journey{}, journey.ErrNotFound
}

// Update changes a journey in one transaction.
func (s *Store) Update(
	ctx context.Context, id journey.ID, change func(journey.Journey) (journey.Change, error),
) (journey.Journey, error) {
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
		movesRequest := c.Request != nil || before.KeepsRequest() != after.KeepsRequest()
		large = movesRequest && before.Fingerprint.Size > pieceBytes
		return s.storeChange(tx, before, c)
	})
	if err == nil && large {
		s.releasePages()
	}
	return s.orSetAside(ctx, id, after, err)
}

// storeChange stores the journey, its index entries, its request and its reply.
func (s *Store) storeChange(tx *bolt.Tx, before journey.Journey, c journey.Change) error {
	err := s.put(tx, before, c.Journey)
	for _, m := range c.Contents() {
		err = errors.Join(err, s.storeContent(tx, c.Journey.ID, m))
	}
	return err
}

// put stores the journey itself, its index entries and what it adds to the tallies.
func (s *Store) put(tx *bolt.Tx, before, after journey.Journey) error {
	return s.putListed(tx, before, asListed(tx, before), after)
}

// putListed is put for a journey that is in the lists as listed is, even if it was set aside since.
func (s *Store) putListed(tx *bolt.Tx, before, listed, after journey.Journey) error {
	sealed, err := s.codec.SealJourney(after)
	if err != nil {
		return err
	}
	if err := dense(tx, journeyBucket).Put([]byte(after.ID), sealed); err != nil {
		return err
	}
	return errors.Join(
		indexPayments(tx, before, after), indexDue(tx, before, after), s.indexOpen(tx, after),
		s.indexTerms(tx, listed, after), indexLists(tx, listed, after), tally(tx, listed, after),
	)
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

// Forget removes a journey. The payments of one that was set aside still lead to its id, because only the journey
// itself names them.
func (s *Store) Forget(ctx context.Context, id journey.ID) error {
	if id == "" {
		return ctx.Err()
	}
	return s.write(ctx, func(tx *bolt.Tx) error {
		if j, err := s.get(tx, id); err == nil {
			none := journey.Journey{}
			err := errors.Join(tally(tx, asListed(tx, j), none), // before it leaves the lists
				indexDue(tx, j, none), indexPayments(tx, j, none), s.indexTerms(tx, j, none), indexLists(tx, j, none))
			if err != nil {
				return err
			}
		}
		return errors.Join(
			dropPieces(tx.Bucket(requestBucket), id), dropPieces(tx.Bucket(replyBucket), id),
			drop(tx, id, journeyBucket, openBucket, damagedBucket),
		)
	})
}

// drop deletes an id from buckets.
func drop(tx *bolt.Tx, id journey.ID, buckets ...[]byte) error {
	var err error
	for _, bucket := range buckets {
		err = errors.Join(err, tx.Bucket(bucket).Delete([]byte(id)))
	}
	return err
}

// dense returns a bucket whose keys arrive in the order of time, so that its pages can be filled.
func dense(tx *bolt.Tx, name []byte) *bolt.Bucket {
	bucket := tx.Bucket(name)
	bucket.FillPercent = 0.9
	return bucket
}
