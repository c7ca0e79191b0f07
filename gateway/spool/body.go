package spool

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
)

// Body is a complete body. Any number of readers may read it concurrently, until it is closed. A nil *Body is empty.
type Body struct {
	size    int64
	chunks  [][]byte             // in memory; nil if there is a file
	file    *os.File             // nil if the body is in memory
	stream  func() cipher.Stream // of the file's cipher
	release func()               // may be nil
}

// Size returns how many bytes the body has.
func (b *Body) Size() int64 {
	if b == nil {
		return 0
	}
	return b.size
}

// Reader returns a reader of the body from its beginning.
func (b *Body) Reader() io.Reader {
	switch {
	case b == nil:
		return bytes.NewReader(nil)
	case b.file != nil:
		return cipher.StreamReader{S: b.stream(), R: io.NewSectionReader(b.file, 0, b.size)}
	default:
		return b.memory()
	}
}

// Bytes returns the whole body in memory, which must not be changed.
func (b *Body) Bytes() ([]byte, error) {
	switch {
	case b.Size() == 0:
		return nil, nil
	case len(b.chunks) == 1:
		return b.chunks[0], nil
	}
	all := make([]byte, b.size)
	if _, err := io.ReadFull(b.Reader(), all); err != nil {
		return nil, fmt.Errorf("reading a stored body: %w", err)
	}
	return all, nil
}

// Close frees the memory or the file of the body. It may be called on nil, and more than once.
func (b *Body) Close() error {
	if b == nil {
		return nil
	}
	var err error
	if b.file != nil {
		if err = b.file.Close(); errors.Is(err, os.ErrClosed) {
			err = nil
		}
	}
	if b.release != nil {
		b.release()
	}
	b.release, b.chunks = nil, nil
	return err
}

func (b *Body) add(chunk []byte) {
	if len(chunk) > 0 {
		b.chunks = append(b.chunks, chunk)
		b.size += int64(len(chunk))
	}
}

func (b *Body) fillMemory(source io.Reader) error {
	for {
		var chunk bytes.Buffer
		chunk.Grow(InMemory + bytes.MinRead)
		_, err := io.CopyN(&chunk, source, InMemory)
		b.add(chunk.Bytes())
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

func (b *Body) memory() io.Reader {
	var readers []io.Reader
	for _, chunk := range b.chunks {
		readers = append(readers, bytes.NewReader(chunk))
	}
	return io.MultiReader(readers...)
}

// newFileCipher returns a function that makes a key stream for one file, from its beginning. Only this process has the
// key, and no other can write to a file without a name, so nothing is authenticated. The key encrypts one file, which
// is written once, so no counter is used twice.
func newFileCipher() (stream func() cipher.Stream) {
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails (crypto/rand)
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // 32 bytes are always valid
	}
	return func() cipher.Stream { return cipher.NewCTR(block, make([]byte, aes.BlockSize)) }
}
