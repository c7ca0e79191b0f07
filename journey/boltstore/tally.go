package boltstore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"time"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// tallySize is the length of a tally: three sums.
const tallySize = 24

// tally adds what an update changes to the tallies. Journeys of an older layout that are not indexed yet are left out:
// they are counted when they are.
func tally(tx *bolt.Tx, before, after journey.Journey) (err error) {
	if waiting := tx.Bucket(metaBucket).Get(indexedKey); waiting != nil &&
		string(waiting[1:]) < string(cmp.Or(after.ID, before.ID)) {
		return nil
	}
	return addTallies(tx, journey.Tallies(before, after))
}

func addTallies(tx *bolt.Tx, changed []journey.Tally) (err error) {
	bucket := tx.Bucket(tallyBucket)
	for _, t := range changed {
		key := append(hourKey(t.Hour), t.State...)
		sum := decodeTally(bucket.Get(key))
		t.Journeys, t.Taken, t.Refunded = t.Journeys+sum.Journeys, t.Taken+sum.Taken, t.Refunded+sum.Refunded
		if t.Journeys == 0 && t.Taken == 0 && t.Refunded == 0 {
			err = errors.Join(err, bucket.Delete(key))
		} else {
			err = errors.Join(err, bucket.Put(key, encodeTally(t)))
		}
	}
	return err
}

// Tallies lists the tallies of the hours since a time, in their order.
func (s *Store) Tallies(ctx context.Context, since time.Time) (all []journey.Tally, err error) {
	err = s.read(ctx, func(tx *bolt.Tx) error {
		cursor := tx.Bucket(tallyBucket).Cursor()
		for key, value := cursor.Seek(hourKey(since)); key != nil; key, value = cursor.Next() {
			t := decodeTally(value)
			t.Hour = time.Unix(int64(binary.BigEndian.Uint64(key))*3600, 0).UTC()
			t.State = journey.State(bytes.Clone(key[8:]))
			all = append(all, t)
		}
		return nil
	})
	return all, err
}

// hourKey returns the hour of a time, from 1970 on.
func hourKey(at time.Time) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(max(0, at.Unix())/3600))
}

func encodeTally(t journey.Tally) (value []byte) {
	for _, n := range []int64{t.Journeys, t.Taken, t.Refunded} {
		value = binary.BigEndian.AppendUint64(value, uint64(n))
	}
	return value
}

// decodeTally returns zeroes for what is damaged: tallies are for people to look at, and decide nothing.
func decodeTally(value []byte) journey.Tally {
	if len(value) != tallySize {
		return journey.Tally{}
	}
	number := func(n int) int64 { return int64(binary.BigEndian.Uint64(value[8*n:])) }
	return journey.Tally{Journeys: number(0), Taken: number(1), Refunded: number(2)}
}
