package boltstore

import (
	"bytes"
	"errors"
	"slices"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
	"paygate/journey/find"
)

// indexTerms keeps the entries by which a journey is found: digest, id.
func (s *Store) indexTerms(tx *bolt.Tx, before, after journey.Journey) error {
	added, removed := s.index.Changed(before, after)
	bucket := tx.Bucket(findBucket)
	var err error
	for _, digest := range removed {
		err = errors.Join(err, bucket.Delete(append(digest, before.ID...)))
	}
	for _, digest := range added {
		err = errors.Join(err, bucket.Put(append(digest, after.ID...), nil))
	}
	for _, field := range find.Fields(after) {
		if fields := tx.Bucket(fieldBucket); fields.Get([]byte(field)) == nil {
			err = errors.Join(err, fields.Put([]byte(field), []byte{1}))
		}
	}
	return err
}

// pageFound reads the journeys older than after that a query may find, newest first.
func (s *Store) pageFound(tx *bolt.Tx, q find.Query, after []byte) (p listPage) {
	ids := s.candidates(tx, q, after)
	if len(ids) > pageSize {
		ids = ids[:pageSize]
		p.next = ids[pageSize-1]
	}
	for _, id := range ids {
		s.collect(tx, id, &p)
	}
	return p
}

// candidates returns ids older than after, newest first: more than a page of them unless there are no more.
func (s *Store) candidates(tx *bolt.Tx, q find.Query, after []byte) (ids [][]byte) {
	var fields []string
	_ = tx.Bucket(fieldBucket).ForEach(func(field, _ []byte) error {
		fields = append(fields, string(field))
		return nil
	})
	direct := [][]byte{[]byte(q.JourneyID()), bytes.Clone(tx.Bucket(paymentBucket).Get([]byte(q.PaymentID())))}
	for _, id := range direct {
		if len(id) > 0 && (len(after) == 0 || bytes.Compare(id, after) < 0) {
			ids = append(ids, id)
		}
	}
	cursor := tx.Bucket(findBucket).Cursor()
	for _, digest := range s.index.Digests(q, fields) {
		ids = append(ids, idsUnder(cursor, digest, after)...)
	}
	slices.SortFunc(ids, func(a, b []byte) int { return bytes.Compare(b, a) })
	return slices.CompactFunc(ids, bytes.Equal)
}

// idsUnder returns the newest ids older than after that are indexed under a digest, one more than a page at most.
func idsUnder(cursor *bolt.Cursor, digest, after []byte) (ids [][]byte) {
	k, _ := seekBefore(cursor, upTo(digest, after))
	for ; bytes.HasPrefix(k, digest) && len(ids) <= pageSize; k, _ = cursor.Prev() {
		ids = append(ids, bytes.Clone(k[len(digest):]))
	}
	return ids
}

// indexOlder indexes the journeys of a file that an older layout wrote, a page in each transaction. If it is
// interrupted, the next start goes on where it stopped.
func (s *Store) indexOlder() error {
	for indexed, done := 0, false; !done; {
		err := s.commits.update(func(tx *bolt.Tx) error {
			next := bytes.Clone(tx.Bucket(metaBucket).Get(indexedKey))
			if next == nil {
				done = true
				return nil
			}
			count, err := s.indexPage(tx, next[1:])
			indexed += count
			return err
		})
		if err != nil {
			return err
		}
		if indexed > 0 && (done || indexed%(100*pageSize) == 0) {
			s.log.Info("journeys of an older layout are made findable", "journeys", indexed, "done", done)
		}
	}
	return nil
}

// indexPage indexes the journeys after an id and records how far it has come. Those that do not open are left out.
func (s *Store) indexPage(tx *bolt.Tx, after []byte) (count int, err error) {
	meta := tx.Bucket(metaBucket)
	cursor := tx.Bucket(journeyBucket).Cursor()
	id, sealed := seekAfter(cursor, after)
	for ; id != nil && count < pageSize; id, sealed = cursor.Next() {
		if j, openErr := s.codec.OpenJourney(journey.ID(id), sealed); openErr == nil {
			err = errors.Join(err, s.indexTerms(tx, journey.Journey{}, j), indexLists(tx, journey.Journey{}, j),
				addTallies(tx, journey.Tallies(journey.Journey{}, j)))
		}
		after = bytes.Clone(id)
		count++
	}
	if id == nil {
		return count, errors.Join(err, meta.Delete(indexedKey))
	}
	return count, errors.Join(err, meta.Put(indexedKey, append([]byte{0}, after...)))
}
