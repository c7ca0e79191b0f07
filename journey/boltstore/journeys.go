package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// Create keeps a new journey.
func (s *Store) Create(ctx context.Context, j journey.Journey, request journey.HeldRequest) error {
	sealedRequest, err := s.seal("request", j.ID, request)
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *bolt.Tx) error {
		if tx.Bucket(journeyBucket).Get([]byte(j.ID)) != nil || tx.Bucket(damagedBucket).Get([]byte(j.ID)) != nil {
			return journey.ErrExists
		}
		if err := s.put(tx, journey.Journey{}, j); err != nil {
			return err
		}
		if !j.KeepsRequest() {
			return nil
		}
		return dense(tx, requestBucket).Put([]byte(j.ID), sealedRequest)
	})
}

// Get reads a journey.
func (s *Store) Get(ctx context.Context, id journey.ID) (j journey.Journey, err error) {
	err = s.read(ctx, func(tx *bolt.Tx) error {
		j, err = s.get(tx, id)
		return err
	})
	if errors.Is(err, journey.ErrDamaged) {
		s.setAside(ctx, id)
	}
	return j, err
}

func (s *Store) get(tx *bolt.Tx, id journey.ID) (j journey.Journey, err error) {
	sealed := tx.Bucket(journeyBucket).Get([]byte(id))
	if sealed == nil {
		if tx.Bucket(damagedBucket).Get([]byte(id)) != nil {
			return j, fmt.Errorf("%w: %s", journey.ErrDamaged, id)
		}
		return j, journey.ErrNotFound
	}
	return j, s.open("journey", id, sealed, &j)
}

// Update changes a journey in one transaction.
func (s *Store) Update(ctx context.Context, id journey.ID, change func(journey.Journey) (journey.Change, error)) (journey.Journey, error) {
	var after journey.Journey
	err := s.write(ctx, func(tx *bolt.Tx) error {
		before, err := s.get(tx, id)
		if err != nil {
			return err
		}
		c, err := change(before)
		if err != nil {
			return err
		}
		after = c.Journey
		return s.keep(tx, before, c)
	})
	if errors.Is(err, journey.ErrDamaged) {
		s.setAside(ctx, id)
	}
	if err != nil {
		return journey.Journey{}, err
	}
	return after, nil
}

// keep stores a change: the journey, its indexes, and what comes and goes with it.
func (s *Store) keep(tx *bolt.Tx, before journey.Journey, c journey.Change) error {
	if err := s.put(tx, before, c.Journey); err != nil {
		return err
	}
	if err := s.putOrErase(tx, requestBucket, "request", c.Journey.ID, c.Request != nil, c.Request, c.Journey.KeepsRequest()); err != nil {
		return err
	}
	return s.putOrErase(tx, replyBucket, "reply", c.Journey.ID, c.Reply != nil, c.Reply, c.Journey.KeepsReply())
}

func (s *Store) putOrErase(tx *bolt.Tx, bucket []byte, label string, id journey.ID, given bool, value any, kept bool) error {
	switch {
	case !kept:
		return tx.Bucket(bucket).Delete([]byte(id))
	case given:
		sealed, err := s.seal(label, id, value)
		if err != nil {
			return err
		}
		return dense(tx, bucket).Put([]byte(id), sealed)
	default:
		return nil
	}
}

// openEntry is what the list of open journeys says of one.
type openEntry struct {
	KeyID string        `json:"key"`
	State journey.State `json:"state"`
}

// put stores the journey itself and its entries in the indexes.
func (s *Store) put(tx *bolt.Tx, before, after journey.Journey) error {
	id := []byte(after.ID)
	sealed, err := s.seal("journey", after.ID, after)
	if err != nil {
		return err
	}
	if err := dense(tx, journeyBucket).Put(id, sealed); err != nil {
		return err
	}
	for _, p := range after.Payments[min(len(before.Payments), len(after.Payments)):] {
		if err := tx.Bucket(paymentBucket).Put([]byte(p.ID), id); err != nil {
			return err
		}
	}
	if err := moveDue(tx, before, after); err != nil {
		return err
	}
	if after.State.AtRest() {
		return tx.Bucket(openBucket).Delete(id)
	}
	entry, err := json.Marshal(openEntry{s.sealer.Newest(), after.State})
	if err != nil {
		return err
	}
	return tx.Bucket(openBucket).Put(id, entry)
}

func moveDue(tx *bolt.Tx, before, after journey.Journey) error {
	due := tx.Bucket(dueBucket)
	if before.ID != "" && !before.DueAt.IsZero() && !before.DueAt.Equal(after.DueAt) {
		if err := due.Delete(dueKey(before.DueAt, before.ID)); err != nil {
			return err
		}
	}
	if after.DueAt.IsZero() {
		return nil
	}
	return due.Put(dueKey(after.DueAt, after.ID), nil)
}

// dueKey sorts by time, to the nanosecond, then by id. Times before 1970 do not happen.
func dueKey(at time.Time, id journey.ID) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(max(0, at.UnixNano()))), id...)
}

// Request reads the held request.
func (s *Store) Request(ctx context.Context, id journey.ID) (request journey.HeldRequest, err error) {
	err = s.readValue(ctx, requestBucket, "request", id, &request)
	return request, err
}

// Reply reads the kept reply.
func (s *Store) Reply(ctx context.Context, id journey.ID) (reply journey.Reply, err error) {
	err = s.readValue(ctx, replyBucket, "reply", id, &reply)
	return reply, err
}

func (s *Store) readValue(ctx context.Context, bucket []byte, label string, id journey.ID, into any) error {
	var sealed []byte
	err := s.read(ctx, func(tx *bolt.Tx) error {
		sealed = bytes.Clone(tx.Bucket(bucket).Get([]byte(id)))
		return nil
	})
	if err != nil {
		return err
	}
	if sealed == nil {
		return journey.ErrErased
	}
	return s.open(label, id, sealed, into)
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

// Due lists due journeys.
func (s *Store) Due(ctx context.Context, until time.Time, after journey.Due, limit int) (due []journey.Due, err error) {
	err = s.read(ctx, func(tx *bolt.Tx) error {
		cursor := tx.Bucket(dueBucket).Cursor()
		from := dueKey(after.At, after.ID)
		for k, _ := cursor.Seek(from); k != nil && len(due) < limit; k, _ = cursor.Next() {
			at := time.Unix(0, int64(binary.BigEndian.Uint64(k))).UTC()
			if at.After(until) {
				return nil
			}
			setAside := tx.Bucket(journeyBucket).Get(k[8:]) == nil
			if after.ID != "" && bytes.Equal(k, from) || setAside {
				continue
			}
			due = append(due, journey.Due{At: at, ID: journey.ID(k[8:])})
		}
		return nil
	})
	return due, err
}

// Forget removes a journey.
func (s *Store) Forget(ctx context.Context, id journey.ID) error {
	return s.write(ctx, func(tx *bolt.Tx) error {
		j, err := s.get(tx, id)
		if errors.Is(err, journey.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, p := range j.Payments {
			if err := tx.Bucket(paymentBucket).Delete([]byte(p.ID)); err != nil {
				return err
			}
		}
		if err := tx.Bucket(dueBucket).Delete(dueKey(j.DueAt, j.ID)); err != nil {
			return err
		}
		for _, bucket := range [][]byte{journeyBucket, requestBucket, replyBucket, openBucket} {
			if err := tx.Bucket(bucket).Delete([]byte(id)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) seal(label string, id journey.ID, value any) ([]byte, error) {
	plain, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("keeping the %s of %s: %w", label, id, err)
	}
	return s.sealer.Seal(label, string(id), plain), nil
}

// open reads a sealed value. Whatever is wrong with it, it must not be acted on.
func (s *Store) open(label string, id journey.ID, sealed []byte, into any) error {
	plain, err := s.sealer.Open(label, string(id), sealed)
	if err != nil {
		return fmt.Errorf("%w: the %s of %s: %w", journey.ErrDamaged, label, id, err)
	}
	if err := json.Unmarshal(plain, into); err != nil {
		return fmt.Errorf("%w: the %s of %s: %w", journey.ErrDamaged, label, id, err)
	}
	return nil
}

// dense is a bucket whose keys come in the order of time: full pages waste no room.
func dense(tx *bolt.Tx, name []byte) *bolt.Bucket {
	bucket := tx.Bucket(name)
	bucket.FillPercent = 0.9
	return bucket
}
