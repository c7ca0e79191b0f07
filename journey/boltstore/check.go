package boltstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// maxFaults is how many faults a report describes.
const maxFaults = 20

// Report is what [Check] found in a file.
type Report struct {
	Journeys, Open, Requests, Replies int
	// Unlisted journeys are sealed under a secret that is no longer listed, which is how old ones are erased.
	Unlisted int
	// SetAside are damaged journeys that the store already knows of.
	SetAside []journey.ID
	// Faults describe new damage, up to a limit; Total counts all of it.
	Faults []string
	Total  int
}

func (r *Report) fault(format string, values ...any) {
	r.Total++
	if len(r.Faults) < maxFaults {
		r.Faults = append(r.Faults, fmt.Sprintf(format, values...))
	}
}

// Check reads a file from end to end: bbolt's pages, every sealed value, and the indexes that lead to each journey. It
// changes nothing, and fails if the file cannot be opened or another process has it open.
func Check(ctx context.Context, path string, sealer journey.Sealer) (Report, error) {
	c := checker{ctx: ctx, codec: journey.Codec{Sealer: sealer}}
	err := c.check(path)
	if errors.Is(err, errStructure) {
		c.report.fault("the file %v", err)
		err = nil
	}
	if err != nil {
		return Report{}, fmt.Errorf("the store %s %w", path, err)
	}
	return c.report, nil
}

type checker struct {
	ctx    context.Context // lives as long as one call
	codec  journey.Codec
	listed bool // the file's lists have all journeys: those of an older layout are made when it is opened
	report Report
}

func (c *checker) check(path string) error {
	if err := examine(path, lockTimeout); err != nil {
		return err
	}
	if err := view(path, bolt.Options{ReadOnly: true}, c.entries); err != nil || c.report.Total > 0 {
		return err
	}
	// bbolt checks in goroutines where a fault would end the process: only entries that could all be read are safe.
	return view(path, bolt.Options{ReadOnly: true, PreLoadFreelist: true}, c.pages)
}

// pages lets bbolt check its pages, after checking that none claims to extend beyond the end: bbolt would follow it for
// hours.
func (c *checker) pages(tx *bolt.Tx) error {
	end := int(tx.Size()) / tx.DB().Info().PageSize
	for id := 0; id < end; {
		page, err := tx.Page(id)
		if err != nil {
			return err
		}
		if page.Type != "free" {
			id += page.OverflowCount
		}
		if id++; id > end {
			return fmt.Errorf("%w: page %d extends beyond the end of the file", errStructure, page.ID)
		}
	}
	for err := range tx.Check(bolt.WithKVStringer(unnamed{})) {
		c.report.fault("the file's structure: %v", err)
	}
	return nil
}

// unnamed keeps keys out of bbolt's messages: a damaged one may claim to be longer than the file.
type unnamed struct{}

func (unnamed) KeyToString([]byte) string   { return "…" }
func (unnamed) ValueToString([]byte) string { return "…" }

func (c *checker) entries(tx *bolt.Tx) error {
	if err := withTree(tx, (*tree).check); err != nil { // bbolt may only read what leads nowhere else
		return err
	}
	found, err := schemaOf(tx)
	if err != nil {
		return err
	}
	c.listed = found == schema && tx.Bucket(metaBucket).Get(indexedKey) == nil
	for _, name := range buckets() {
		bucket := tx.Bucket(name)
		switch {
		case bucket != nil:
			err = c.walk(tx, string(name), bucket)
		case found == schema: // an older file gets it when it is opened
			err = fmt.Errorf("%w: it lacks the bucket %q", errStructure, name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// walk visits the entries of a bucket, which reads all its pages on the way.
func (c *checker) walk(tx *bolt.Tx, name string, bucket *bolt.Bucket) error {
	visit := map[string]func(tx *bolt.Tx, key, value []byte){
		string(journeyBucket): c.journey, string(openBucket): c.open, string(damagedBucket): c.setAside,
		string(requestBucket): c.request, string(replyBucket): c.reply, string(valueBucket): c.value,
	}[name]
	return bucket.ForEach(func(key, value []byte) error {
		if value == nil {
			return fmt.Errorf("%w: the bucket %q contains another bucket", errStructure, name)
		}
		if visit != nil {
			visit(tx, key, value)
		}
		return c.ctx.Err()
	})
}

func (c *checker) journey(tx *bolt.Tx, key, sealed []byte) {
	id := journey.ID(key)
	c.report.Journeys++
	if isUnlisted(c.codec, sealed, isOpen(tx, key)) {
		c.report.Unlisted++
		return
	}
	switch j, err := c.codec.OpenJourney(id, sealed); {
	case err != nil:
		c.report.fault("%v", err)
	case j.ID != id:
		c.report.fault("the journey stored as %s has the id %s", id, j.ID)
	default:
		c.indexes(tx, j)
	}
}

// indexes checks that every index leads to the journey, and that its request is there.
func (c *checker) indexes(tx *bolt.Tx, j journey.Journey) {
	missing := func(list []byte, key []byte) bool { return key != nil && tx.Bucket(list).Get(key) == nil }
	if !j.State.AtRest() && missing(openBucket, []byte(j.ID)) {
		c.report.fault("the journey %s is missing from the list of open journeys", j.ID)
	}
	for _, list := range dueLists() {
		if missing(list.bucket, entry(list.at(j), j.ID)) {
			c.report.fault("the journey %s is missing from the lists of due journeys", j.ID)
			break
		}
	}
	for _, list := range listsOf(j) {
		if c.listed && missing(listBucket, append(list, j.ID...)) {
			c.report.fault("the journey %s is missing from the lists of its route and state", j.ID)
			break
		}
	}
	if j.KeepsRequest() && missing(requestBucket, []byte(j.ID)) {
		c.report.fault("the request of %s is missing", j.ID)
	}
	for _, p := range j.Payments {
		if p.ID != "" && !bytes.Equal(tx.Bucket(paymentBucket).Get([]byte(p.ID)), []byte(j.ID)) {
			c.report.fault("the payment %s does not lead to its journey %s", p.ID, j.ID)
		}
	}
}

func (c *checker) open(tx *bolt.Tx, id, value []byte) {
	c.report.Open++
	var listed openEntry
	switch err := json.Unmarshal(value, &listed); {
	case err != nil:
		c.report.fault("the list of open journeys is damaged at %s: %v", id, err)
	case tx.Bucket(journeyBucket).Get(id) == nil:
		c.report.fault("the open journey %s is missing", id)
	}
}

func (c *checker) setAside(_ *bolt.Tx, id, _ []byte) {
	c.report.SetAside = append(c.report.SetAside, journey.ID(id))
}

func (c *checker) request(tx *bolt.Tx, key, _ []byte) {
	c.content(tx, journey.PartRequest, key, &c.report.Requests)
}

func (c *checker) reply(tx *bolt.Tx, key, _ []byte) {
	c.content(tx, journey.PartReply, key, &c.report.Replies)
}

// content counts and opens the content whose first piece has the key.
func (c *checker) content(tx *bolt.Tx, part journey.Part, key []byte, count *int) {
	if bytes.IndexByte(key, 0) >= 0 { // a further piece
		return
	}
	*count++
	id := journey.ID(key)
	sealed := joinPieces(tx.Bucket(contentBuckets[part]), id)
	if isUnlisted(c.codec, sealed, isOpen(tx, key)) {
		return
	}
	if _, err := c.codec.OpenInPlace(string(part), string(id), sealed); err != nil {
		c.report.fault("%v", journey.DoesNotOpen(part, id, err))
	}
}

func (c *checker) value(_ *bolt.Tx, name, sealed []byte) {
	if _, err := c.codec.OpenValue(string(name), sealed); err != nil {
		c.report.fault("%v", err)
	}
}
