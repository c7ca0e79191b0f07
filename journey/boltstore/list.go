package boltstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

const (
	// pageSize is how many journeys one read transaction visits: a long one would keep old pages alive.
	pageSize = 500
	// slack is more than the order of ids and that of start times differ.
	slack = time.Minute
)

// List finds journeys, newest first. Its cost grows with the open journeys if the filter has an open state, and else
// with all journeys since Since; a payment is found by index.
func (s *Store) List(ctx context.Context, f journey.Filter) ([]journey.Journey, error) {
	if f.Payment != "" {
		return s.listByPayment(ctx, f)
	}
	var found []journey.Journey
	for after := []byte(f.After); ; {
		p, err := s.page(ctx, f, after)
		if err != nil {
			return nil, err
		}
		for _, id := range p.damaged {
			s.setAside(ctx, id)
		}
		for _, j := range p.journeys {
			if f.Matches(j) {
				found = append(found, j)
			}
			if len(found) == f.Size() || j.StartedAt.Before(f.Since.Add(-slack)) {
				return found, nil
			}
		}
		if p.next == nil {
			return found, nil
		}
		after = p.next
	}
}

func (s *Store) listByPayment(ctx context.Context, f journey.Filter) ([]journey.Journey, error) {
	id, err := s.ByPayment(ctx, f.Payment)
	if errors.Is(err, journey.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	j, err := s.Get(ctx, id)
	switch {
	case errors.Is(err, journey.ErrDamaged) || errors.Is(err, journey.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case !f.Matches(j):
		return nil, nil
	}
	return []journey.Journey{j}, nil
}

// listPage has the journeys of one read transaction.
type listPage struct {
	journeys []journey.Journey // newest first
	damaged  []journey.ID
	next     []byte // the id to continue from; nil at the end
}

// page reads journeys older than after, newest first.
func (s *Store) page(ctx context.Context, f journey.Filter, after []byte) (p listPage, err error) {
	err = s.read(ctx, func(tx *bolt.Tx) error {
		k, value, earlier := seekBefore(tx.Bucket(bucketFor(f)), after)
		for range pageSize {
			if k == nil {
				p.next = nil
				return nil
			}
			p.next = bytes.Clone(k)
			if couldMatch(value, f) {
				s.collect(tx, k, &p)
			}
			k, value = earlier()
		}
		return nil
	})
	return p, err
}

// collect adds the journey to the page. One whose secret is not listed is left out and not damaged: operators drop an
// old secret to erase old journeys.
func (s *Store) collect(tx *bolt.Tx, id []byte, p *listPage) {
	sealed := tx.Bucket(journeyBucket).Get(id)
	if keyID, ok := s.codec.KeyID(sealed); sealed == nil || ok && !s.codec.Knows(keyID) {
		return
	}
	j, err := s.codec.OpenJourney(journey.ID(id), sealed)
	if err != nil {
		p.damaged = append(p.damaged, journey.ID(id))
		return
	}
	p.journeys = append(p.journeys, j)
}

// seekBefore moves a cursor to the last key before after, or to the last of all if after is empty.
func seekBefore(bucket *bolt.Bucket, after []byte) (k, v []byte, earlier func() ([]byte, []byte)) {
	cursor := bucket.Cursor()
	if len(after) > 0 {
		if k, _ = cursor.Seek(after); k != nil {
			k, v = cursor.Prev()
			return k, v, cursor.Prev
		}
	}
	k, v = cursor.Last()
	return k, v, cursor.Prev
}

// bucketFor returns the smallest bucket that has every journey that the filter can find.
func bucketFor(f journey.Filter) []byte {
	if f.State != "" && !f.State.AtRest() {
		return openBucket
	}
	return journeyBucket
}

// couldMatch reports whether a journey must be opened. The list of open journeys knows their states.
func couldMatch(value []byte, f journey.Filter) bool {
	if !bytes.Equal(bucketFor(f), openBucket) {
		return true
	}
	var entry openEntry
	err := json.Unmarshal(value, &entry)
	return err != nil || entry.State == f.State || !slices.Contains(journey.States(), entry.State)
}
