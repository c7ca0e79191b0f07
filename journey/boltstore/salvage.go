package boltstore

import (
	"bytes"
	"cmp"
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

// salvageEntries and salvageBytes are how much one transaction stores.
const (
	salvageEntries = 1000
	salvageBytes   = 4 << 20
)

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
	store, err := Open(partial, o)
	if err != nil {
		return Salvaged{}, err
	}
	s := salvage{to: store}
	err = view(from, bolt.Options{ReadOnly: true}, func(tx *bolt.Tx) error {
		return withTree(tx, func(t *tree) error { return s.run(ctx, t) })
	})
	if err != nil {
		err = fmt.Errorf("the store %s %w", from, err)
	}
	if err = cmp.Or(s.failed, err); err != nil {
		return Salvaged{}, errors.Join(err, store.Close(), os.Remove(partial))
	}
	if err := errors.Join(store.Close(), os.Rename(partial, to)); err != nil {
		return Salvaged{}, err
	}
	return s.found, syncFolder(to)
}

// salvage is one copying of a damaged file.
type salvage struct {
	from   *remains
	to     *Store
	failed error // of the copy, not of the damaged file
	found  Salvaged
}

func (s *salvage) run(ctx context.Context, t *tree) error {
	s.from = newRemains(t, s.to.codec)
	s.found.Unread = s.from.unread
	s.failed = s.writeJourneys(ctx)
	for _, name := range [][]byte{valueBucket, markBucket, markEndBucket, auditBucket} {
		if s.failed == nil {
			s.failed = s.copy(ctx, name)
		}
	}
	return nil
}

func (s *salvage) writeJourneys(ctx context.Context) error {
	var page []journey.Record
	size := 0
	for _, id := range slices.Sorted(maps.Keys(s.from.ids)) {
		r, ok := s.record(id)
		if !ok {
			continue
		}
		page, size = append(page, r), size+r.Size()
		if len(page) < salvageEntries && size < salvageBytes {
			continue
		}
		if err := s.to.Import(ctx, page); err != nil {
			return err
		}
		page, size = nil, 0
	}
	return s.to.Import(ctx, page)
}

// record reads a journey and what belongs to it. It reports false if there is nothing to keep.
func (s *salvage) record(id journey.ID) (r journey.Record, ok bool) {
	sealed, aside := s.from.get(journeyBucket, string(id)), s.from.get(damagedBucket, string(id))
	if sealed == nil {
		sealed = aside
	}
	j, err := s.to.codec.OpenJourney(id, sealed)
	switch {
	case sealed == nil:
		s.found.Lost = append(s.found.Lost, id)
		return r, false
	case err != nil && aside == nil && s.isUnlisted(id, sealed):
		s.found.Unlisted++
		return r, false
	}
	r = journey.Record{ID: id, SealedJourney: bytes.Clone(sealed)}
	if err == nil {
		r.Journey = &j
	} else {
		r.Payments = s.from.payments[id]
		s.found.Damaged = append(s.found.Damaged, id)
	}
	s.found.Journeys++
	s.addContent(&r, j)
	return r, true
}

// isUnlisted reports whether a journey was erased with its secret. One that was open was not: damage may have hit the
// id of the secret.
func (s *salvage) isUnlisted(id journey.ID, sealed []byte) bool {
	return isUnlisted(s.to.codec, sealed, s.from.get(openBucket, string(id)) != nil)
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

// content returns a request or reply. It is nil unless all of it is there as it was written.
func (s *salvage) content(part journey.Part, id journey.ID) (sealed []byte) {
	for n := 0; ; n++ {
		piece := s.from.get(contentBuckets[part], string(pieceKey(id, n)))
		if piece == nil {
			break
		}
		sealed = append(sealed, piece...)
	}
	if sealed == nil {
		return nil
	}
	if _, err := s.to.codec.Open(string(part), string(id), sealed); err != nil {
		return nil
	}
	return sealed
}

// copy copies the entries of a bucket as they are. Values that do not open are left out.
func (s *salvage) copy(ctx context.Context, name []byte) error {
	entries := s.from.entries[string(name)]
	for page := range slices.Chunk(slices.Sorted(maps.Keys(entries)), salvageEntries) {
		err := s.to.write(ctx, func(tx *bolt.Tx) (err error) {
			for _, key := range page {
				err = errors.Join(err, tx.Bucket(name).Put([]byte(key), entries[key]))
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
