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
// with those that a single one of its conditions finds: a payment, a reference and what Find looks for, a state, a
// route and a range of time are found by index.
func (s *Store) List(ctx context.Context, f journey.Filter) ([]journey.Journey, error) {
	if f.Payment != "" {
		return s.listByPayment(ctx, f)
	}
	q := find.Of(f)
	if q.Asked() && q.Empty() {
		return nil, nil
	}
	var found []journey.Journey
	after := []byte(f.After)
	if newest := []byte(journey.IDsFrom(f.Until.Add(slack))); len(after) == 0 && !f.Until.IsZero() {
		after = newest
	}
	for {
		p, err := s.page(ctx, f, q, after)
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
func (s *Store) page(ctx context.Context, f journey.Filter, q find.Query, after []byte) (p listPage, err error) {
	bucket, prefix := listFor(f)
	isOpen := f.State != "" && !f.State.AtRest()
	err = s.read(ctx, func(tx *bolt.Tx) error {
		if q.Asked() {
			p = s.pageFound(tx, q, after)
			return nil
		}
		cursor := tx.Bucket(bucket).Cursor()
		k, value := seekBefore(cursor, upTo(prefix, after))
		for n := 0; n < pageSize && k != nil && bytes.HasPrefix(k, prefix); n++ {
			id := k[len(prefix):]
			if !isOpen || s.openEntry(tx, id, value).State == f.State {
				s.collect(tx, id, &p)
			}
			after = bytes.Clone(id)
			k, value = cursor.Prev()
		}
		if k != nil && bytes.HasPrefix(k, prefix) {
			p.next = after
		}
		return nil
	})
	return p, err
}

// upTo returns a key that comes after those with a prefix and an id before after, or after all with the prefix if after
// is empty. It is empty if there is neither.
func upTo(prefix, after []byte) []byte {
	if len(prefix) > 0 && len(after) == 0 {
		return append(bytes.Clone(prefix), 0xff)
	}
	return append(bytes.Clone(prefix), after...)
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
