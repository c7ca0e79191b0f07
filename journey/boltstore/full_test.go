package boltstore_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/storetest"
)

func large(n int) journey.HeldRequest {
	r := storetest.Request(n)
	r.Body = make([]byte, 100<<10)
	return r
}

// fill writes until there is no space, and returns the number of journeys written.
func fill(t *testing.T, s *boltstore.Store) int {
	t.Helper()
	for n := range 1000 {
		if err := s.Create(t.Context(), storetest.Example(n), large(n)); err != nil {
			require.ErrorIs(t, err, journey.ErrFull)
			_, err = s.Get(t.Context(), storetest.Example(n).ID)
			require.ErrorIs(t, err, journey.ErrNotFound, "nothing of it was stored")
			return n
		}
	}
	t.Fatal("never full")
	return 0
}

func readsAll(t *testing.T, s *boltstore.Store, written int) {
	t.Helper()
	for n := range written {
		_, err := s.Get(t.Context(), storetest.Example(n).ID)
		require.NoError(t, err)
		r, err := s.Request(t.Context(), storetest.Example(n).ID)
		require.NoError(t, err)
		require.Len(t, r.Body, 100<<10)
	}
}

func TestFullStoreStillReads(t *testing.T) {
	t.Parallel()
	o := options(t, 1)
	o.MaxSize = 1 << 20
	s := open(t, newPath(t), o)
	written := fill(t, s)
	readsAll(t, s, written)
	for n := range written {
		require.NoError(t, s.Forget(t.Context(), storetest.Example(n).ID), "erasing still works")
	}
	require.NoError(t, s.Create(t.Context(), storetest.Example(200), large(200)), "and then there is space again")
}

// Small writes share their batches with ones that can never fit, and must not fail with them.
func TestWriteThatFitsSucceedsBesideOnesThatDoNot(t *testing.T) {
	t.Parallel()
	o := options(t, 1)
	o.MaxSize = 1 << 20
	s := open(t, newPath(t), o)
	written := fill(t, s)
	require.NoError(t, s.Forget(t.Context(), storetest.Example(0).ID))
	var all sync.WaitGroup
	for n := range 32 {
		all.Go(func() {
			tooLarge := large(n)
			tooLarge.Body = make([]byte, 900<<10)
			err := s.Create(context.Background(), storetest.Example(500+n), tooLarge)
			if !errors.Is(err, journey.ErrFull) {
				t.Error(err)
			}
		})
		all.Go(func() {
			for range 10 {
				id := storetest.Example(1 + n%(written-1)).ID
				_, err := s.Update(context.Background(), id, func(j journey.Journey) (journey.Change, error) {
					j.Failures++
					return journey.Change{Journey: j}, nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func TestOpenWithoutSpaceReportsFull(t *testing.T) {
	t.Parallel()
	o := options(t, 1)
	o.MaxSize = 8 << 10
	_, err := boltstore.Open(newPath(t), o)
	require.ErrorIs(t, err, journey.ErrFull)
}

func TestFullDiskStillReads(t *testing.T) {
	t.Parallel()
	child := exec.Command(os.Args[0], "-test.run=^TestWritesUntilDiskIsFull$", "-test.v")
	child.Env = append(os.Environ(), childPath+"="+filepath.Join(t.TempDir(), "paygate.db"), childFullDisk+"=yes")
	out, err := child.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "there was an end")
}

func TestWritesUntilDiskIsFull(t *testing.T) {
	path := os.Getenv(childPath)
	if path == "" || os.Getenv(childFullDisk) == "" {
		return // nothing by itself: the other half of the test above
	}
	signal.Ignore(syscall.SIGXFSZ)
	s := open(t, path, options(t, 1))
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
	whole := limit.Cur
	limit.Cur = 1 << 20
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
	written := fill(t, s)
	readsAll(t, s, written)
	limit.Cur = whole
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
	require.NoError(t, s.Create(t.Context(), storetest.Example(written), large(written)), "there is space again")
	require.NoError(t, s.Close())
	readsAll(t, open(t, path, options(t, 1)), written+1)
	t.Log("there was an end")
}
