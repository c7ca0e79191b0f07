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
	// pageSize is how many journeys one read transaction looks at: a long one would keep old pages alive.
	pageSize = 500
	// slack is more than ids and start times, both taken from one clock, differ in their order.
	slack = time.Minute
)

// List finds journeys, newest first. By state it costs what is open, where that is an open state; by payment, nothing;
// else what is stored since Since.
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

// listPage is what one read transaction found.
type listPage struct {
	journeys []journey.Journey // newest first
	damaged  []journey.ID
	next     []byte // the id to go on from; nil at the end
}

// page looks at journeys older than after, newest first.
func (s *Store) page(ctx context.Context, f journey.Filter, after []byte) (p listPage, err error) {
	err = s.read(ctx, func(tx *bolt.Tx) error {
		k, value, earlier := backwards(tx.Bucket(listed(f)), after)
		for range pageSize {
			if k == nil {
				p.next = nil
				return nil
			}
			p.next = bytes.Clone(k)
			if mayMatch(value, f) {
				s.collect(tx, k, &p)
			}
			k, value = earlier()
		}
		return nil
	})
	return p, err
}

// collect adds the journey to the page. One under a secret that is not listed is no damage: dropping an old secret is how
// old journeys are erased.
func (s *Store) collect(tx *bolt.Tx, id []byte, p *listPage) {
	sealed := tx.Bucket(journeyBucket).Get(id)
	var j journey.Journey
	switch keyID, ok := s.sealer.KeyID(sealed); {
	case sealed == nil || ok && !s.sealer.Knows(keyID):
	case s.unseal("journey", journey.ID(id), sealed, &j) != nil:
		p.damaged = append(p.damaged, journey.ID(id))
	default:
		p.journeys = append(p.journeys, j)
	}
}

// backwards begins at the last key before after, or at the very last one.
func backwards(bucket *bolt.Bucket, after []byte) (k, v []byte, earlier func() ([]byte, []byte)) {
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

// listed is the smallest bucket that names all that the filter may find.
func listed(f journey.Filter) []byte {
	if f.State != "" && !f.State.AtRest() {
		return openBucket
	}
	return journeyBucket
}

// mayMatch spares opening journeys that the list of open ones says are in another state.
func mayMatch(value []byte, f journey.Filter) bool {
	if !bytes.Equal(listed(f), openBucket) {
		return true
	}
	var entry openEntry
	err := json.Unmarshal(value, &entry)
	return err != nil || entry.State == f.State || !slices.Contains(journey.States(), entry.State)
}
