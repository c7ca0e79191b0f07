package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// Salvaged says what [Salvage] could keep.
type Salvaged struct {
	Journeys, Requests, Replies int
	// Unlisted journeys are sealed under a secret that is not listed, which is how old ones are erased.
	Unlisted int
	// Lost are journeys of which other entries tell, and nothing else could be read.
	Lost []journey.ID
	// Damaged are journeys that could be read, and are not as they were written. They are set aside.
	Damaged []journey.ID
	// NoRequest are journeys whose held request could not be read and is still needed: a person has to decide.
	NoRequest []journey.ID
	// Unread are the parts of the file, besides journeys, that could not be read to their end.
	Unread []string
}

// Whole reports whether nothing is missing.
func (s Salvaged) Whole() bool {
	return len(s.Lost)+len(s.Damaged)+len(s.NoRequest)+len(s.Unread) == 0
}

// salvagePage is how many journeys one transaction stores.
const salvagePage = 100

// lostContent stands for a request that could not be read. It does not open, so nobody takes it for one that was
// delivered and erased.
var lostContent = []byte("lost")

// Salvage copies what can be read of a damaged file into a new one. It looks for each journey by its id, which several
// lists have, so that a damaged page costs what is on it and no more. The damaged file is not changed.
func Salvage(ctx context.Context, from, to string, o Options) (Salvaged, error) {
	if _, err := os.Stat(to); !errors.Is(err, fs.ErrNotExist) {
		return Salvaged{}, fmt.Errorf("%s exists already; the copy needs a name of its own", to)
	}
	if _, err := os.Stat(from); err != nil {
		return Salvaged{}, fmt.Errorf("the store %s cannot be read: %w", from, err)
	}
	partial := to + ".part" // nobody takes what was broken off for the copy
	if err := os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Salvaged{}, err
	}
	var s salvage
	err := view(from, bolt.Options{ReadOnly: true}, func(tx *bolt.Tx) (err error) {
		if s.to, err = Open(partial, o); err != nil {
			return err
		}
		s.from = tx
		return errors.Join(s.run(ctx), s.to.Close())
	})
	if err != nil {
		return Salvaged{}, fmt.Errorf("the store %s %w", from, err)
	}
	if err := os.Rename(partial, to); err != nil {
		return Salvaged{}, err
	}
	return s.found, syncFolder(to)
}

// salvage is one copying of a damaged file.
type salvage struct {
	from     *bolt.Tx
	to       *Store
	payments map[journey.ID][]string
	found    Salvaged
}

func (s *salvage) run(ctx context.Context) error {
	for page := range slices.Chunk(s.ids(), salvagePage) {
		var records []journey.Record
		for _, id := range page {
			if r, ok := s.record(id); ok {
				records = append(records, r)
			}
		}
		if err := s.to.Import(ctx, records); err != nil {
			return err
		}
	}
	for _, name := range [][]byte{valueBucket, markBucket, markEndBucket, auditBucket} {
		if err := s.copy(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// ids returns the ids of all journeys of which any list tells, in order.
func (s *salvage) ids() []journey.ID {
	ids := map[journey.ID]bool{}
	s.payments = map[journey.ID][]string{}
	note := func(id []byte) {
		if journey.IsID(string(id)) {
			ids[journey.ID(bytes.Clone(id))] = true
		}
	}
	inKey := func(key, _ []byte) { note(key) }
	atEnd := func(key, _ []byte) { note(key[max(0, len(key)-idSize):]) }
	for _, list := range []struct {
		bucket []byte
		visit  func(key, value []byte)
	}{
		{journeyBucket, inKey},
		{damagedBucket, inKey},
		{openBucket, inKey},
		{requestBucket, inKey},
		{replyBucket, inKey},
		{paymentBucket, func(payment, id []byte) {
			note(id)
			if len(payment) == 0 || len(payment) > bolt.MaxKeySize { // it comes from damage
				return
			}
			s.payments[journey.ID(id)] = append(s.payments[journey.ID(id)], string(payment))
		}},
		{listBucket, atEnd},
		{findBucket, atEnd},
		{dueBucket, atEnd},
		{earlyBucket, atEnd},
		{tellBucket, atEnd},
		{lateBucket, atEnd},
		{owedBucket, atEnd},
	} {
		whole := s.walk(list.bucket, list.visit)
		if !whole && bytes.Equal(list.bucket, journeyBucket) {
			s.found.Unread = append(s.found.Unread, "the list of journeys; those that other lists name were looked for")
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// idSize is the length of an id.
const idSize = 16

// walk visits the entries of a bucket up to the first damaged page. It reports whether it came to the end.
func (s *salvage) walk(name []byte, visit func(key, value []byte)) bool {
	return guard(func() error {
		bucket := s.from.Bucket(name)
		if bucket == nil { // an older layout lacks it
			return nil
		}
		return bucket.ForEach(func(key, value []byte) error {
			visit(key, value)
			return nil
		})
	}) == nil
}

// record reads a journey and what belongs to it. It reports false if there is nothing to keep.
func (s *salvage) record(id journey.ID) (r journey.Record, ok bool) {
	sealed, err := s.get(journeyBucket, id)
	if sealed == nil && err == nil {
		sealed, err = s.get(damagedBucket, id)
	}
	switch {
	case err != nil, sealed == nil:
		s.found.Lost = append(s.found.Lost, id)
		return r, false
	case s.isUnlisted(id, sealed):
		s.found.Unlisted++
		return r, false
	}
	r = journey.Record{ID: id, SealedJourney: sealed}
	j, err := s.to.codec.OpenJourney(id, sealed)
	if err == nil {
		r.Journey = &j
	} else {
		r.Payments = s.payments[id]
		s.found.Damaged = append(s.found.Damaged, id)
	}
	s.found.Journeys++
	s.addContent(&r, j)
	return r, true
}

// isUnlisted reports whether a journey was erased with its secret. One that was open or set aside was not: damage may
// have hit the id of the secret.
func (s *salvage) isUnlisted(id journey.ID, sealed []byte) (unlisted bool) {
	_ = guard(func() error {
		isAside := s.from.Bucket(damagedBucket).Get([]byte(id)) != nil
		unlisted = !isAside && isUnlisted(s.from, s.to.codec, []byte(id), sealed)
		return nil
	})
	return unlisted
}

// addContent adds the journey's request and reply.
func (s *salvage) addContent(r *journey.Record, j journey.Journey) {
	r.SealedRequest = s.content(journey.PartRequest, r.ID)
	if r.SealedReply = s.content(journey.PartReply, r.ID); r.SealedReply != nil {
		s.found.Replies++
	}
	switch {
	case r.SealedRequest != nil:
		s.found.Requests++
	case j.KeepsRequest():
		s.found.NoRequest = append(s.found.NoRequest, r.ID)
		r.SealedRequest = lostContent
	}
}

// content reads a request or reply. It is nil unless all of it is there as it was written.
func (s *salvage) content(part journey.Part, id journey.ID) (sealed []byte) {
	err := guard(func() error {
		if bucket := s.from.Bucket(contentBuckets[part]); bucket != nil {
			sealed = joinPieces(bucket, id)
		}
		return nil
	})
	if err != nil || sealed == nil {
		return nil
	}
	if _, err := s.to.codec.Open(string(part), string(id), sealed); err != nil {
		return nil
	}
	return sealed
}

func (s *salvage) get(name []byte, id journey.ID) (sealed []byte, err error) {
	err = guard(func() error {
		if bucket := s.from.Bucket(name); bucket != nil {
			sealed = bytes.Clone(bucket.Get([]byte(id)))
		}
		return nil
	})
	return sealed, err
}

// copy copies the entries of a bucket as they are. Values that do not open are left out.
func (s *salvage) copy(ctx context.Context, name []byte) error {
	entries := map[string][]byte{}
	whole := s.walk(name, func(key, value []byte) {
		if _, err := s.to.codec.OpenValue(string(key), value); bytes.Equal(name, valueBucket) && err != nil {
			s.found.Unread = append(s.found.Unread, "the value "+string(key))
			return
		}
		if len(key) > 0 && len(key) <= bolt.MaxKeySize { // others come from damage
			entries[string(key)] = bytes.Clone(value)
		}
	})
	if !whole {
		s.found.Unread = append(s.found.Unread, "the list of "+string(name))
	}
	return s.to.write(ctx, func(tx *bolt.Tx) error {
		for key, value := range entries {
			if err := tx.Bucket(name).Put([]byte(key), value); err != nil {
				return err
			}
		}
		return nil
	})
}
