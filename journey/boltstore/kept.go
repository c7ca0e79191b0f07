package boltstore

import (
	"context"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// seal seals a request or a reply.
func (s *Store) seal(label string, id journey.ID, kept interface{ Encode() ([][]byte, error) }) ([]byte, error) {
	parts, err := kept.Encode()
	if err != nil {
		return nil, fmt.Errorf("keeping the %s of %s: %w", label, id, err)
	}
	return s.sealer.Seal(label, string(id), parts...), nil
}

func (s *Store) keepRequest(tx *bolt.Tx, c journey.Change) error {
	var given []byte
	if c.Request != nil && c.Journey.KeepsRequest() {
		var err error
		if given, err = s.seal("request", c.Journey.ID, *c.Request); err != nil {
			return err
		}
	}
	return s.keepOrErase(tx, requestBucket, "request", c.Journey.ID, given, c.Journey.KeepsRequest())
}

func (s *Store) keepReply(tx *bolt.Tx, c journey.Change) error {
	var given []byte
	if c.Reply != nil && c.Journey.KeepsReply() {
		var err error
		if given, err = s.seal("reply", c.Journey.ID, *c.Reply); err != nil {
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
		return dropPieces(bucket, id)
	}
	if given == nil {
		given = s.underNewest(label, id, bucket)
	}
	if given == nil {
		return nil
	}
	return putPieces(bucket, id, given)
}

// underNewest seals anew what an older secret sealed; nil when there is nothing to do, or nothing that opens.
func (s *Store) underNewest(label string, id journey.ID, bucket *bolt.Bucket) []byte {
	if keyID, ok := s.sealer.KeyID(bucket.Get([]byte(id))); !ok || keyID == s.sealer.Newest() {
		return nil
	}
	plain, err := s.sealer.OpenInPlace(label, string(id), joinPieces(bucket, id))
	if err != nil {
		return nil // damaged: whoever reads it is told so
	}
	return s.sealer.Seal(label, string(id), plain)
}

// Request reads the held request.
func (s *Store) Request(ctx context.Context, id journey.ID) (journey.HeldRequest, error) {
	plain, err := s.readKept(ctx, requestBucket, "request", id)
	if err != nil {
		return journey.HeldRequest{}, err
	}
	request, err := journey.DecodeHeldRequest(plain)
	if err != nil {
		return journey.HeldRequest{}, doesNotOpen("request", id, err)
	}
	return request, nil
}

// Reply reads the kept reply.
func (s *Store) Reply(ctx context.Context, id journey.ID) (journey.Reply, error) {
	plain, err := s.readKept(ctx, replyBucket, "reply", id)
	if err != nil {
		return journey.Reply{}, err
	}
	reply, err := journey.DecodeReply(plain)
	if err != nil {
		return journey.Reply{}, doesNotOpen("reply", id, err)
	}
	return reply, nil
}

func (s *Store) readKept(ctx context.Context, bucket []byte, label string, id journey.ID) ([]byte, error) {
	var sealed []byte
	err := s.read(ctx, func(tx *bolt.Tx) error {
		sealed = joinPieces(tx.Bucket(bucket), id)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if sealed == nil {
		return nil, journey.ErrErased
	}
	if len(sealed) > pieceBytes {
		s.letGo()
	}
	plain, err := s.sealer.OpenInPlace(label, string(id), sealed)
	if err != nil {
		return nil, doesNotOpen(label, id, err)
	}
	return plain, nil
}
