// Package spool stores the bodies of requests while they come in, and until they are needed. A small body stays in
// memory. A larger one goes to a file that has no name and disappears with the process. It is encrypted under a key
// that only the process has, so that no readable form data reaches the disk.
package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
)

// InMemory is how many bytes of a body stay in memory if files can be created.
const InMemory = 64 << 10

var (
	// ErrTooLarge means that the body is larger than the limit.
	ErrTooLarge = errors.New("the body is too large")
	// ErrFull means that there is no space for the body at the moment.
	ErrFull = errors.New("no space for the body")
)

// Options configure a Spool.
type Options struct {
	// Folders are where files may be created, the best place first. If none can be used, bodies stay in memory.
	Folders []string
	// MaxOnDisk limits the bytes in all files together.
	MaxOnDisk int64
	// Acquire is called before a body of this many bytes is stored in memory, and release when it is no longer needed.
	Acquire func(ctx context.Context, bytes int64) (release func(), err error)
}

// Spool stores bodies. It is safe for concurrent use.
type Spool struct {
	Options
	makeFile func() (*os.File, error) // nil if no folder can be used
	onDisk   atomic.Int64
}

// New returns a Spool that uses the first folder in which a file can be created.
func New(o Options) *Spool {
	s := &Spool{Options: o}
	for _, folder := range o.Folders {
		if file, err := unnamed(folder); err == nil {
			_ = file.Close()
			s.makeFile = func() (*os.File, error) { return unnamed(folder) }
			break
		}
	}
	return s
}

// OnDisk reports whether large bodies go to files.
func (s *Spool) OnDisk() bool { return s.makeFile != nil }

func unnamed(folder string) (*os.File, error) {
	file, err := os.CreateTemp(folder, ".paygate-body-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Read stores a whole body. expected is its likely number of bytes, or -1 if that is unknown. Read returns ErrTooLarge
// if there are more than limit bytes, of which it reads at most one more; ErrFull, or the error of Acquire, if
// the body cannot be stored; and otherwise the error of the source.
func (s *Spool) Read(ctx context.Context, source io.Reader, expected, limit int64) (*Body, error) {
	if expected > limit {
		return nil, ErrTooLarge
	}
	b := &Body{}
	source = io.LimitReader(source, limit+1)
	err := s.fill(ctx, b, source, expected, limit)
	if err == nil && b.size > limit {
		err = ErrTooLarge
	}
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

func (s *Spool) fill(ctx context.Context, b *Body, source io.Reader, expected, limit int64) error {
	var small bytes.Buffer // grows as needed: most forms have a few hundred bytes
	_, err := io.CopyN(&small, source, InMemory)
	b.add(small.Bytes())
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	case s.OnDisk():
		return s.toFile(b, source)
	}
	if expected < 0 {
		expected = limit
	}
	if b.release, err = s.Acquire(ctx, expected); err != nil {
		return err
	}
	return b.fillMemory(source)
}

// toFile moves what is in memory, and everything that still comes, to a file.
func (s *Spool) toFile(b *Body, source io.Reader) error {
	file, err := s.makeFile()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	b.file, b.stream = file, newFileCipher()
	b.release = func() { s.onDisk.Add(-b.size) }
	from := io.MultiReader(b.memory(), source)
	b.chunks, b.size = nil, 0
	stream, buffer := b.stream(), make([]byte, 32<<10)
	for {
		n, readErr := from.Read(buffer)
		b.size += int64(n)
		if s.onDisk.Add(int64(n)) > s.MaxOnDisk {
			return ErrFull
		}
		stream.XORKeyStream(buffer[:n], buffer[:n])
		if _, err := file.Write(buffer[:n]); err != nil {
			return fmt.Errorf("%w: %w", ErrFull, err)
		}
		switch {
		case errors.Is(readErr, io.EOF):
			return nil
		case readErr != nil:
			return readErr
		}
	}
}
