package boltstore

import (
	"context"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// contentBuckets hold the requests and replies of journeys.
var contentBuckets = map[journey.Part][]byte{
	journey.PartRequest: requestBucket,
	journey.PartReply:   replyBucket,
}

// storeContent replaces or erases a request or a reply. One that stays is sealed again under the newest secret, like
// its journey: the list of open journeys names one secret for both.
func (s *Store) storeContent(tx *bolt.Tx, id journey.ID, m journey.ContentChange) error {
	bucket := dense(tx, contentBuckets[m.Part])
	if !m.Keep {
		return dropPieces(bucket, id)
	}
	if m.New == nil {
		return s.renewContent(bucket, id, m.Part)
	}
	sealed, err := s.codec.SealContent(m.Part, id, m.New)
	if err != nil {
		return err
	}
	return putPieces(bucket, id, sealed)
}

func (s *Store) renewContent(bucket *bolt.Bucket, id journey.ID, part journey.Part) error {
	if keyID, ok := s.codec.KeyID(bucket.Get([]byte(id))); !ok || keyID == s.codec.Newest() {
		return nil
	}
	return putPieces(bucket, id, s.codec.Renew(part, id, joinPieces(bucket, id)))
}

// Request reads the held request.
func (s *Store) Request(ctx context.Context, id journey.ID) (journey.HeldRequest, error) {
	sealed, err := s.readContent(ctx, requestBucket, id)
	if err != nil {
		return journey.HeldRequest{}, err
	}
	return s.codec.OpenRequest(id, sealed)
}

// Reply reads the stored reply.
func (s *Store) Reply(ctx context.Context, id journey.ID) (journey.Reply, error) {
	sealed, err := s.readContent(ctx, replyBucket, id)
	if err != nil {
		return journey.Reply{}, err
	}
	return s.codec.OpenReply(id, sealed)
}

func (s *Store) readContent(ctx context.Context, bucket []byte, id journey.ID) ([]byte, error) {
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
		s.releasePages()
	}
	return sealed, nil
}
