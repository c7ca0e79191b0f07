package boltstore

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"paygate/journey"
)

// remains are what can be read of a damaged file. They lie in the memory of that file.
type remains struct {
	codec    journey.Codec
	ids      map[journey.ID]bool // of which anything tells
	entries  map[string]map[string][]byte
	payments map[journey.ID][]string
	unread   []string
}

func newRemains(t *tree, codec journey.Codec) *remains {
	r := &remains{
		codec: codec,
		ids:   map[journey.ID]bool{}, entries: map[string]map[string][]byte{}, payments: map[journey.ID][]string{},
	}
	if t.firstPages() != nil {
		r.unread = append(r.unread, "one of the first two pages; the last change may be lost")
	}
	heads, fault := t.buckets()
	if fault != nil {
		r.unread = append(r.unread, "the list of the file's pages")
	}
	for _, name := range slices.Sorted(maps.Keys(heads)) {
		r.read(t, []byte(name), heads[name])
	}
	if t.shared {
		r.unread = append(r.unread, "one of two lists that lead to the same page")
	}
	if len(r.unread) > 0 && t.fault == nil { // without the list of free pages, older forms could not be told apart
		t.leaves(r.addLoose)
	}
	return r
}

// addLoose adds an entry to which nothing may lead any more, because the page that did is damaged. What opens under its
// id tells where it belongs.
func (r *remains) addLoose(key, value []byte) {
	if !journey.IsID(string(key)) {
		return
	}
	if _, err := r.codec.OpenJourney(journey.ID(key), value); err == nil {
		r.addMissing(journeyBucket, key, value)
	}
	for part, bucket := range contentBuckets {
		if _, err := r.codec.Open(string(part), string(key), value); err == nil {
			r.addMissing(bucket, key, value)
		}
	}
}

func (r *remains) addMissing(bucket, key, value []byte) {
	entries := r.entries[string(bucket)]
	if entries == nil {
		entries = map[string][]byte{}
		r.entries[string(bucket)] = entries
	}
	if entries[string(key)] == nil {
		r.note(key)
		entries[string(key)] = value
	}
}

// read reads a bucket.
func (r *remains) read(t *tree, name, head []byte) {
	r.entries[string(name)] = map[string][]byte{}
	visit := r.visitor(name)
	switch whole := visit != nil && t.walk(head, visit) == nil; {
	case whole:
	case bytes.Equal(name, journeyBucket):
		r.unread = append(r.unread, "the list of journeys; those that other lists name were looked for")
	default:
		r.unread = append(r.unread, fmt.Sprintf("the list of %.40q", name))
	}
}

// visitor returns what reads the entries of a bucket, nil if Paygate has none of this name.
func (r *remains) visitor(name []byte) func(key, value []byte) {
	is := func(names ...[]byte) bool {
		return slices.ContainsFunc(names, func(n []byte) bool { return bytes.Equal(n, name) })
	}
	entries := r.entries[string(name)]
	switch {
	case is(journeyBucket, damagedBucket, openBucket, requestBucket, replyBucket):
		return func(key, value []byte) {
			r.note(key)
			entries[string(key)] = r.better(name, key, value, entries[string(key)])
		}
	case is(valueBucket):
		return func(key, value []byte) { r.addValue(entries, string(key), value) }
	case is(markBucket, markEndBucket, auditBucket):
		return func(key, value []byte) { entries[string(key)] = value }
	case is(paymentBucket):
		return func(payment, id []byte) {
			r.note(id)
			r.payments[journey.ID(id)] = append(r.payments[journey.ID(id)], string(payment))
		}
	case is(listBucket, findBucket, dueBucket, earlyBucket, tellBucket, lateBucket, owedBucket):
		return func(key, _ []byte) { r.note(key[max(0, len(key)-idSize):]) }
	case is(metaBucket, fieldBucket, tallyBucket): // made again from the journeys
		return func([]byte, []byte) {}
	}
	return nil
}

// idSize is the length of an id.
const idSize = 16

func (r *remains) note(id []byte) {
	if journey.IsID(string(id)) {
		r.ids[journey.ID(id)] = true
	}
}

// better returns the one of two values that opens: a page of another list may have come in between.
func (r *remains) better(name, key, value, other []byte) []byte {
	if other == nil || !bytes.Equal(name, journeyBucket) {
		return value
	}
	if _, err := r.codec.OpenJourney(journey.ID(key), other); err == nil {
		return other
	}
	return value
}

func (r *remains) addValue(values map[string][]byte, name string, sealed []byte) {
	if _, err := r.codec.OpenValue(name, sealed); err != nil {
		r.unread = append(r.unread, fmt.Sprintf("the value %.40q", name))
		return
	}
	values[name] = sealed
}

// get returns an entry of a bucket, nil if it could not be read.
func (r *remains) get(bucket []byte, key string) []byte { return r.entries[string(bucket)][key] }
