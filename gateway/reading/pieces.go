package reading

import (
	"bytes"
	"errors"
	"io"
)

// piece is what stands between two delimiters.
type piece struct {
	head []byte // how it begins
	tail []byte // how it ends: two bytes, if there are as many
	size int64
	nul  bool // there is a NUL in it
}

// headBytes is as much of a piece as is looked at.
const headBytes = 8 << 10

func (p *piece) add(text []byte) {
	p.head = append(p.head, text[:min(len(text), headBytes-len(p.head))]...)
	p.tail = append(p.tail, text[max(0, len(text)-2):]...)
	p.tail = p.tail[max(0, len(p.tail)-2):]
	p.size += int64(len(text))
	p.nul = p.nul || bytes.IndexByte(text, 0) >= 0
}

// eachPiece cuts a text at a delimiter and gives each piece, the last one marked. Little is in memory at a time.
func eachPiece(text io.Reader, delimiter []byte, give func(p piece, last bool) error) error {
	var current piece
	buffer := make([]byte, 0, 64<<10)
	for {
		n, err := text.Read(buffer[len(buffer):cap(buffer)])
		rest := buffer[:len(buffer)+n]
		for {
			before, after, found := bytes.Cut(rest, delimiter)
			if !found {
				break
			}
			current.add(before)
			if err := give(current, false); err != nil {
				return err
			}
			current, rest = piece{}, after
		}
		keep := 0 // may be the beginning of a delimiter
		if err == nil {
			keep = min(len(rest), len(delimiter)-1)
		}
		current.add(rest[:len(rest)-keep])
		buffer = append(buffer[:0], rest[len(rest)-keep:]...)
		switch {
		case errors.Is(err, io.EOF):
			return give(current, true)
		case err != nil:
			return err
		}
	}
}
