package boltstore

import (
	"bytes"
	"context"
	"errors"
	"strings"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// pageSize is how many journeys one read transaction looks at: a long one would keep old pages alive.
const pageSize = 500

// List finds journeys, newest first.
func (s *Store) List(ctx context.Context, f journey.Filter) ([]journey.Journey, error) {
	if f.Limit == 0 {
		f.Limit = 50
	}
	if f.Payment != "" {
		return s.listByPayment(ctx, f)
	}
	var found []journey.Journey
	for after := []byte(f.After); ; {
		page, next, err := s.page(ctx, after)
		if err != nil {
			return nil, err
		}
		for _, j := range page {
			if len(found) < f.Limit && matches(j, f) {
				found = append(found, j)
			}
			if !f.Since.IsZero() && j.StartedAt.Before(f.Since) { // ids sort by StartedAt
				return found, nil
			}
		}
		if next == nil || len(found) == f.Limit {
			return found, nil
		}
		after = next
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
	if errors.Is(err, journey.ErrDamaged) || err == nil && !matches(j, f) {
		return nil, nil
	}
	return []journey.Journey{j}, err
}

// page reads the journeys older than after, newest first, and gives the id to go on from, nil at the end.
func (s *Store) page(ctx context.Context, after []byte) (page []journey.Journey, next []byte, err error) {
	err = s.read(ctx, func(tx *bolt.Tx) error {
		cursor := tx.Bucket(journeyBucket).Cursor()
		k, sealed := cursor.Last()
		if len(after) > 0 {
			if k, _ = cursor.Seek(after); k == nil {
				k, sealed = cursor.Last()
			} else {
				k, sealed = cursor.Prev()
			}
		}
		for n := 0; k != nil && n < pageSize; n++ {
			var j journey.Journey
			if s.open("journey", journey.ID(k), sealed, &j) == nil {
				page = append(page, j)
			}
			next = bytes.Clone(k)
			k, sealed = cursor.Prev()
		}
		if k == nil {
			next = nil
		}
		return nil
	})
	return page, next, err
}

func matches(j journey.Journey, f journey.Filter) bool {
	switch {
	case f.State != "" && j.State != f.State,
		f.Route != "" && j.Terms.Route != f.Route,
		f.Reference != "" && !strings.EqualFold(j.Terms.Reference, f.Reference),
		!f.Since.IsZero() && j.StartedAt.Before(f.Since),
		!f.Until.IsZero() && !j.StartedAt.Before(f.Until),
		f.After != "" && j.ID >= f.After:
		return false
	default:
		return true
	}
}
