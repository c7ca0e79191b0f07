package journey

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
)

// A stored request or reply is the length of the head, the head, and the body as received. Bodies are large and are
// never copied. Heads are gob and not JSON, which would replace every byte that is not UTF-8: browsers and old services
// do put Latin-1 into headers.

var errNotEncoded = errors.New("not a stored request or reply")

// replyHead is a reply without its body.
type replyHead struct {
	Status int
	Header map[string][]string
}

// encode returns the stored form of the request, in consecutive parts.
func (r HeldRequest) encode() ([][]byte, error) {
	body := r.Body
	r.Body = nil
	return encodeContent(r, body)
}

// decodeHeldRequest reads what encode returned. The body is not copied.
func decodeHeldRequest(text []byte) (r HeldRequest, err error) {
	r.Body, err = decodeContent(text, &r)
	return r, err
}

// encode returns the stored form of the reply, in consecutive parts.
func (r Reply) encode() ([][]byte, error) {
	return encodeContent(replyHead{r.Status, r.Header}, r.Body)
}

// decodeReply reads what encode returned. The body is not copied.
func decodeReply(text []byte) (Reply, error) {
	var head replyHead
	body, err := decodeContent(text, &head)
	return Reply{Status: head.Status, Header: head.Header, Body: body}, err
}

func encodeContent(head any, body []byte) ([][]byte, error) {
	var encoded bytes.Buffer
	if err := gob.NewEncoder(&encoded).Encode(head); err != nil {
		return nil, fmt.Errorf("encoding the head: %w", err)
	}
	return [][]byte{binary.AppendUvarint(nil, uint64(encoded.Len())), encoded.Bytes(), body}, nil
}

// decodeContent reads the head and returns the body, nil if it is empty.
func decodeContent(text []byte, head any) (body []byte, err error) {
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
