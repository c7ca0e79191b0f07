package journey

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
)

// What stores keep of held requests and replies is one text: the length of the head, the head, and the body as it came.
// Bodies are large, so that none is copied on the way; heads are gob and not JSON, which would replace every byte that is
// not UTF-8: browsers and old services do put Latin-1 into headers.

var errNotEncoded = errors.New("not what a store keeps")

// keptReply is what of a reply is kept, but for its body.
type keptReply struct {
	Status int
	Header map[string][]string
}

// Encode gives the text that a store keeps of the request, in parts that follow each other.
func (r HeldRequest) Encode() ([][]byte, error) {
	body := r.Body
	r.Body = nil
	return encode(r, body)
}

// DecodeHeldRequest reads a text that Encode gave. The body stays where it is, in the text.
func DecodeHeldRequest(text []byte) (r HeldRequest, err error) {
	r.Body, err = decode(text, &r)
	return r, err
}

// Encode gives the text that a store keeps of the reply, in parts that follow each other.
func (r Reply) Encode() ([][]byte, error) {
	return encode(keptReply{r.Status, r.Header}, r.Body)
}

// DecodeReply reads a text that Encode gave. The body stays where it is, in the text.
func DecodeReply(text []byte) (Reply, error) {
	var kept keptReply
	body, err := decode(text, &kept)
	return Reply{Status: kept.Status, Header: kept.Header, Body: body}, err
}

func encode(head any, body []byte) ([][]byte, error) {
	var encoded bytes.Buffer
	if err := gob.NewEncoder(&encoded).Encode(head); err != nil {
		return nil, fmt.Errorf("encoding the head: %w", err)
	}
	return [][]byte{binary.AppendUvarint(nil, uint64(encoded.Len())), encoded.Bytes(), body}, nil
}

// decode reads the head, and answers with the body; nil when it is empty.
func decode(text []byte, head any) (body []byte, err error) {
	length, n := binary.Uvarint(text)
	if n <= 0 || length > uint64(len(text)-n) {
		return nil, errNotEncoded
	}
	encoded := text[n:][:length]
	if err := gob.NewDecoder(bytes.NewReader(encoded)).Decode(head); err != nil {
		return nil, err
	}
	if body = text[n:][length:]; len(body) == 0 {
		return nil, nil
	}
	return body, nil
}
