package boltstore

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// Held requests and replies are kept as gob and not as JSON, which would replace every byte that is not UTF-8: browsers
// and old services do put Latin-1 into headers.

// keptReply is what of a reply is kept.
type keptReply struct {
	Status int
	Header map[string][]string
	Body   []byte
}

func (s *Store) sealRequest(id journey.ID, request journey.HeldRequest) ([]byte, error) {
	return s.sealValue("request", id, request)
}

func (s *Store) sealReply(id journey.ID, reply journey.Reply) ([]byte, error) {
	return s.sealValue("reply", id, keptReply{reply.Status, reply.Header, reply.Body})
}

func (s *Store) sealValue(label string, id journey.ID, value any) ([]byte, error) {
	var plain bytes.Buffer
	if err := gob.NewEncoder(&plain).Encode(value); err != nil {
		return nil, fmt.Errorf("keeping the %s of %s: %w", label, id, err)
	}
	return s.sealer.Seal(label, string(id), plain.Bytes()), nil
}

func (s *Store) keepRequest(tx *bolt.Tx, c journey.Change) error {
	var given []byte
	if c.Request != nil && c.Journey.KeepsRequest() {
		var err error
		if given, err = s.sealRequest(c.Journey.ID, *c.Request); err != nil {
			return err
		}
	}
	return s.keepOrErase(tx, requestBucket, "request", c.Journey.ID, given, c.Journey.KeepsRequest())
}

func (s *Store) keepReply(tx *bolt.Tx, c journey.Change) error {
	var given []byte
	if c.Reply != nil && c.Journey.KeepsReply() {
		var err error
		if given, err = s.sealReply(c.Journey.ID, *c.Reply); err != nil {
			return err
		}
	}
	return s.keepOrErase(tx, replyBucket, "reply", c.Journey.ID, given, c.Journey.KeepsReply())
}

// keepOrErase puts what is given, erases what nobody is owed, and else leaves what is there: under the newest secret, as
// the journey now is, because the list of open journeys knows one secret for both.
func (s *Store) keepOrErase(tx *bolt.Tx, name []byte, label string, id journey.ID, given []byte, kept bool) error {
	bucket := dense(tx, name)
	if !kept {
		return bucket.Delete([]byte(id))
	}
	if given == nil {
		given = s.underNewest(label, id, bucket.Get([]byte(id)))
	}
	if given == nil {
		return nil
	}
	return bucket.Put([]byte(id), given)
}

// underNewest seals anew what an older secret sealed; nil when there is nothing to do, or nothing that opens.
func (s *Store) underNewest(label string, id journey.ID, sealed []byte) []byte {
	if keyID, ok := s.sealer.KeyID(sealed); !ok || keyID == s.sealer.Newest() {
		return nil
	}
	plain, err := s.sealer.Open(label, string(id), sealed)
	if err != nil {
		return nil // damaged: whoever reads it is told so
	}
	return s.sealer.Seal(label, string(id), plain)
}

// Request reads the held request.
func (s *Store) Request(ctx context.Context, id journey.ID) (journey.HeldRequest, error) {
	var request journey.HeldRequest
	if err := s.readValue(ctx, requestBucket, "request", id, &request); err != nil {
		return journey.HeldRequest{}, err
	}
	return request, nil
}

// Reply reads the kept reply.
func (s *Store) Reply(ctx context.Context, id journey.ID) (journey.Reply, error) {
	var kept keptReply
	if err := s.readValue(ctx, replyBucket, "reply", id, &kept); err != nil {
		return journey.Reply{}, err
	}
	return journey.Reply{Status: kept.Status, Header: kept.Header, Body: kept.Body}, nil
}

func (s *Store) readValue(ctx context.Context, bucket []byte, label string, id journey.ID, into any) error {
	var sealed []byte
	err := s.read(ctx, func(tx *bolt.Tx) error {
		sealed = bytes.Clone(tx.Bucket(bucket).Get([]byte(id)))
		return nil
	})
	if err != nil {
		return err
	}
	if sealed == nil {
		return journey.ErrErased
	}
	plain, err := s.sealer.Open(label, string(id), sealed)
	if err == nil {
		err = gob.NewDecoder(bytes.NewReader(plain)).Decode(into)
	}
	if err != nil {
		return doesNotOpen(label, id, err)
	}
	return nil
}
