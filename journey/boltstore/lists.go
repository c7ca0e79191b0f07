package boltstore

import (
	"bytes"
	"errors"
	"slices"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// listsOf returns the keys, up to the id, of the lists that a journey is in: that of its route and, at rest, those of
// its state, for all routes and for its own. The journeys that are not at rest have a list of their own.
func listsOf(j journey.Journey) [][]byte {
	switch {
	case j.ID == "":
		return nil
	case !j.State.AtRest():
		return [][]byte{listKey(j.Terms.Route, "")}
	default:
		return [][]byte{
			listKey(j.Terms.Route, ""), listKey("", j.State), listKey(j.Terms.Route, j.State),
		}
	}
}

func listKey(route string, state journey.State) []byte {
	return []byte(route + "\x00" + string(state) + "\x00")
}

// asListed returns a journey if it is in the lists, and so counted, and else none: one that did not open when it came
// into the file, or when the lists were made, is in none of them.
func asListed(tx *bolt.Tx, j journey.Journey) journey.Journey {
	if j.ID == "" || !isListed(tx, j) {
		return journey.Journey{}
	}
	return j
}

func isListed(tx *bolt.Tx, j journey.Journey) bool {
	return hasEntry(tx, listBucket, append(listKey(j.Terms.Route, ""), j.ID...))
}

// hasEntry reports whether a bucket has a key. Get would not tell, for an entry without a value that this transaction
// has put.
func hasEntry(tx *bolt.Tx, bucket, key []byte) bool {
	found, _ := tx.Bucket(bucket).Cursor().Seek(key)
	return bytes.Equal(found, key)
}

// indexLists moves a journey between the lists.
func indexLists(tx *bolt.Tx, before, after journey.Journey) (err error) {
	bucket, was, is := tx.Bucket(listBucket), listsOf(before), listsOf(after)
	for _, list := range was {
		if !contains(is, list) {
			err = errors.Join(err, bucket.Delete(append(list, before.ID...)))
		}
	}
	for _, list := range is {
		if !contains(was, list) {
			err = errors.Join(err, bucket.Put(append(list, after.ID...), nil))
		}
	}
	return err
}

func contains(lists [][]byte, list []byte) bool {
	return slices.ContainsFunc(lists, func(other []byte) bool { return bytes.Equal(list, other) })
}

// listFor returns the bucket that has the fewest of the journeys that a filter does not find, and the beginning of its
// keys, up to the id.
func listFor(f journey.Filter) (bucket, prefix []byte) {
	switch {
	case f.State != "" && !f.State.AtRest():
		return openBucket, nil
	case f.State != "" || f.Route != "":
		return listBucket, listKey(f.Route, f.State)
	default:
		return journeyBucket, nil
	}
}
