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
