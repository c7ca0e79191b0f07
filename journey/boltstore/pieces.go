package boltstore

import (
	"bytes"
	"encoding/binary"
	"slices"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// pieceBytes is how much of a request or reply one entry of the file holds. When an entry changes, bbolt writes its
// page again with all other entries. With pieces that is never much more than the change, and erased space fits
// whatever comes next.
const pieceBytes = 256 << 10

// pieceKey is the id for the first piece, and the id, a zero byte and a number for the others, so that they sort next
// to each other.
func pieceKey(id journey.ID, n int) []byte {
	if n == 0 {
		return []byte(id)
	}
	return binary.BigEndian.AppendUint32(append([]byte(id), 0), uint32(n))
}

// putPieces replaces the pieces of an id. The bucket uses the bytes of sealed until it is committed.
func putPieces(bucket *bolt.Bucket, id journey.ID, sealed []byte) error {
	if err := dropPieces(bucket, id); err != nil {
		return err
	}
	n := 0
	for piece := range slices.Chunk(sealed, pieceBytes) {
		if err := bucket.Put(pieceKey(id, n), piece); err != nil {
			return err
		}
		n++
	}
	return nil
}

// joinPieces returns a copy of the joined pieces of an id, nil if there are none.
func joinPieces(bucket *bolt.Bucket, id journey.ID) []byte {
	size := 0
	eachPiece(bucket, id, func(_, piece []byte) { size += len(piece) })
	if size == 0 {
		return nil
	}
	joined := make([]byte, 0, size)
	eachPiece(bucket, id, func(_, piece []byte) { joined = append(joined, piece...) })
	return joined
}

func dropPieces(bucket *bolt.Bucket, id journey.ID) error {
	var keys [][]byte // cursors do not survive changes
	eachPiece(bucket, id, func(key, _ []byte) { keys = append(keys, bytes.Clone(key)) })
	for _, key := range keys {
		if err := bucket.Delete(key); err != nil {
			return err
		}
	}
	return nil
}

func eachPiece(bucket *bolt.Bucket, id journey.ID, visit func(key, piece []byte)) {
	cursor := bucket.Cursor()
	key, piece := cursor.Seek(pieceKey(id, 0))
	if !bytes.Equal(key, pieceKey(id, 0)) {
		return
	}
	for further := append([]byte(id), 0); key != nil; {
		visit(key, piece)
		if key, piece = cursor.Next(); !bytes.HasPrefix(key, further) {
			return
		}
	}
}
