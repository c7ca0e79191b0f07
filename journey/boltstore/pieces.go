package boltstore

import (
	"bytes"
	"encoding/binary"
	"slices"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// pieceBytes is how much of a kept request or reply lies in one entry of the file. bbolt writes a page anew, with all that
// is in it, when one of its entries changes; with pieces, that is never much more than what changes, and erased room is of
// use for whatever comes next.
const pieceBytes = 256 << 10

// pieceKey is the id for the first piece, and the id, a zero byte and a number for the others, so that all of them stand
// together, in their order.
func pieceKey(id journey.ID, n int) []byte {
	if n == 0 {
		return []byte(id)
	}
	return binary.BigEndian.AppendUint32(append([]byte(id), 0), uint32(n))
}

// putPieces replaces what is kept under an id. The bucket goes on using the bytes of sealed until it is committed.
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

// joinPieces copies what is kept under an id; nil when there is nothing.
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
	var keys [][]byte // a cursor must not meet changes
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
