package boltstore

import (
	"bytes"
	"context"
	"errors"
	"time"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
	"paygate/journey/find"
)

const (
	// pageSize is how many journeys one read transaction visits: a long one would keep old pages alive.
	pageSize = 500
	// slack is more than the order of ids can differ from the order of start times.
	slack = time.Minute
)

// List finds journeys, newest first. Its cost grows with the open journeys if the filter has an open state, and else
// with all journeys since Since; a payment, and what Find looks for, are found by index.
func (s *Store) List(ctx context.Context, f journey.Filter) ([]journey.Journey, error) {
	if f.Payment != "" {
		return s.listByPayment(ctx, f)
	}
	q := find.Parse(f.Find)
	if f.Find != "" && q.Empty() {
		return nil, nil
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
			if f.Matches(j) && (f.Find == "" || q.Matches(j)) {
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
	var j journey.Journey
	if err == nil {
		j, err = s.Get(ctx, id)
	}
	switch {
	case errors.Is(err, journey.ErrDamaged), errors.Is(err, journey.ErrNotFound), err == nil && !f.Matches(j):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return []journey.Journey{j}, nil
}

// listPage is what one read transaction found.
type listPage struct {
	journeys []journey.Journey // newest first
	damaged  []journey.ID
	next     []byte // the id to continue from; nil at the end
}

// page reads journeys older than after, newest first. The list of open journeys knows their states.
func (s *Store) page(ctx context.Context, f journey.Filter, after []byte) (p listPage, err error) {
	isOpen := f.State != "" && !f.State.AtRest()
	bucket := journeyBucket
	if isOpen {
		bucket = openBucket
	}
	err = s.read(ctx, func(tx *bolt.Tx) error {
		if f.Find != "" {
			p = s.pageFound(tx, find.Parse(f.Find), after)
			return nil
		}
		cursor := tx.Bucket(bucket).Cursor()
		k, value := seekBefore(cursor, after)
		for n := 0; n < pageSize && k != nil; n++ {
			if !isOpen || s.openEntry(tx, k, value).State == f.State {
				s.collect(tx, k, &p)
			}
			after = bytes.Clone(k)
			k, value = cursor.Prev()
		}
		if k != nil {
			p.next = after
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

// seekBefore moves the cursor to the last key before after, or to the last of all if after is empty.
func seekBefore(cursor *bolt.Cursor, after []byte) (k, v []byte) {
	if len(after) > 0 {
		if k, _ := cursor.Seek(after); k != nil {
			return cursor.Prev()
		}
	}
	return cursor.Last()
}
