package spool

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func onDisk(t testing.TB) (s *Spool, folder string) {
	t.Helper()
	folder = t.TempDir()
	s = New(Options{Folders: []string{folder}, MaxOnDisk: 1 << 30})
	require.True(t, s.OnDisk())
	return s, folder
}

func inMemory(t testing.TB, acquired *[]int64) *Spool {
	t.Helper()
	s := New(Options{
		Folders: []string{filepath.Join(t.TempDir(), "missing")},
		Acquire: func(_ context.Context, n int64) (func(), error) {
			*acquired = append(*acquired, n)
			return func() { *acquired = append(*acquired, -n) }, nil
		},
	})
	require.False(t, s.OnDisk())
	return s
}

func TestBodiesOfAnySizeComeBackUnchanged(t *testing.T) {
	t.Parallel()
	disk, _ := onDisk(t)
	memory := inMemory(t, &[]int64{})
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.OneOf(rapid.IntRange(0, 10), rapid.IntRange(InMemory-2, InMemory+2),
			rapid.IntRange(0, 8*InMemory)).Draw(t, "size")
		body := bytes.Repeat([]byte{1, 2, 3, 5, 7, 11, 13}, size/7+1)[:size]
		expected := rapid.SampledFrom([]int64{-1, int64(size)}).Draw(t, "expected")
		for _, s := range []*Spool{disk, memory} {
			b, err := s.Read(context.Background(), iotest.HalfReader(bytes.NewReader(body)), expected, int64(size))
			require.NoError(t, err)
			require.EqualValues(t, size, b.Size())
			whole, err := b.Bytes()
			require.NoError(t, err)
			require.True(t, bytes.Equal(body, whole))
			for range 2 {
				read, err := io.ReadAll(b.Reader())
				require.NoError(t, err)
				require.True(t, bytes.Equal(body, read))
			}
			require.NoError(t, b.Close())
			require.NoError(t, b.Close())
		}
	})
	require.Zero(t, disk.onDisk.Load(), "all space is freed")
}

func TestReadStopsAtTheLimit(t *testing.T) {
	t.Parallel()
	s, _ := onDisk(t)
	for _, limit := range []int64{0, 10, InMemory, InMemory + 1, 3 * InMemory} {
		source := &counted{Reader: strings.NewReader(strings.Repeat("x", 10*InMemory))}
		_, err := s.Read(t.Context(), source, -1, limit)
		require.ErrorIs(t, err, ErrTooLarge)
		require.LessOrEqual(t, source.n, limit+1)
		_, err = s.Read(t.Context(), iotest.ErrReader(errors.New("never read")), limit+1, limit)
		require.ErrorIs(t, err, ErrTooLarge, "the expected size is too large")
	}
	require.Zero(t, s.onDisk.Load())
}

type counted struct {
	io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

func TestReadFailsOnATruncatedBody(t *testing.T) {
	t.Parallel()
	disk, _ := onDisk(t)
	for _, s := range []*Spool{disk, inMemory(t, &[]int64{})} {
		for _, after := range []int{0, 10, InMemory, InMemory + 10, 5 * InMemory} {
			for _, cause := range []error{io.ErrUnexpectedEOF, errors.New("reset")} {
				source := io.MultiReader(strings.NewReader(strings.Repeat("x", after)), iotest.ErrReader(cause))
				_, err := s.Read(t.Context(), source, -1, 1<<20)
				require.ErrorIs(t, err, cause)
				require.NotErrorIs(t, err, ErrFull)
			}
		}
	}
	require.Zero(t, disk.onDisk.Load())
}

func TestFilesAreUnnamedAndEncrypted(t *testing.T) {
	t.Parallel()
	s, folder := onDisk(t)
	secret := []byte("4444333322221111")
	body := bytes.Repeat(secret, 3*InMemory/len(secret))
	b, err := s.Read(t.Context(), bytes.NewReader(body), -1, 1<<20)
	require.NoError(t, err)
	defer b.Close()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Empty(t, entries)
	stored := make([]byte, len(body))
	_, err = b.file.ReadAt(stored, 0)
	require.NoError(t, err)
	require.NotContains(t, string(stored), "4444")

	same, err := s.Read(t.Context(), bytes.NewReader(body), -1, 1<<20)
	require.NoError(t, err)
	defer same.Close()
	other := make([]byte, len(body))
	_, err = same.file.ReadAt(other, 0)
	require.NoError(t, err)
	require.NotEqual(t, stored[:16], other[:16], "each file has a key of its own")
}

func TestMaxOnDiskBoundsAllFiles(t *testing.T) {
	t.Parallel()
	s := New(Options{Folders: []string{t.TempDir()}, MaxOnDisk: 5 * InMemory})
	large := strings.Repeat("x", 3*InMemory)
	first, err := s.Read(t.Context(), strings.NewReader(large), -1, 1<<20)
	require.NoError(t, err)
	_, err = s.Read(t.Context(), strings.NewReader(large), -1, 1<<20)
	require.ErrorIs(t, err, ErrFull)
	small, err := s.Read(t.Context(), strings.NewReader("small"), -1, 1<<20)
	require.NoError(t, err, "a small body needs no space on the disk")
	require.NoError(t, small.Close())
	require.NoError(t, first.Close())
	again, err := s.Read(t.Context(), strings.NewReader(large), -1, 1<<20)
	require.NoError(t, err)
	require.NoError(t, again.Close())
}

func TestReadReportsAFullDisk(t *testing.T) {
	t.Parallel()
	s, _ := onDisk(t)
	s.makeFile = func() (*os.File, error) { return os.OpenFile("/dev/full", os.O_RDWR, 0) }
	if file, err := s.makeFile(); err != nil {
		t.Skip("no /dev/full")
	} else {
		require.NoError(t, file.Close())
	}
	_, err := s.Read(t.Context(), strings.NewReader(strings.Repeat("x", 2*InMemory)), -1, 1<<20)
	require.ErrorIs(t, err, ErrFull)
	require.Zero(t, s.onDisk.Load())
}

func TestLargeBodyWithoutFilesAcquiresMemory(t *testing.T) {
	t.Parallel()
	var acquired []int64
	s := inMemory(t, &acquired)
	b, err := s.Read(t.Context(), strings.NewReader("small"), 5, 1<<20)
	require.NoError(t, err)
	require.NoError(t, b.Close())
	require.Empty(t, acquired)

	large := strings.Repeat("x", 2*InMemory)
	for _, expected := range []int64{-1, int64(len(large))} {
		b, err = s.Read(t.Context(), strings.NewReader(large), expected, 1<<20)
		require.NoError(t, err)
		require.NoError(t, b.Close())
	}
	require.Equal(t, []int64{1 << 20, -1 << 20, 2 * InMemory, -2 * InMemory}, acquired)

	s.Acquire = func(context.Context, int64) (func(), error) { return nil, errors.New("busy") }
	_, err = s.Read(t.Context(), strings.NewReader(large), -1, 1<<20)
	require.ErrorContains(t, err, "busy")
}

func TestNilBodyIsEmpty(t *testing.T) {
	t.Parallel()
	var b *Body
	require.Zero(t, b.Size())
	whole, err := b.Bytes()
	require.NoError(t, err)
	require.Nil(t, whole)
	read, err := io.ReadAll(b.Reader())
	require.NoError(t, err)
	require.Empty(t, read)
	require.NoError(t, b.Close())
}
