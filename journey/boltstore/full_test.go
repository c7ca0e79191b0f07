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

// fill writes until there is no room, and answers how many were written.
func fill(t *testing.T, s *boltstore.Store) int {
	t.Helper()
	for n := range 1000 {
		if err := s.Create(t.Context(), storetest.Example(n), large(n)); err != nil {
			require.ErrorIs(t, err, journey.ErrFull)
			_, err = s.Get(t.Context(), storetest.Example(n).ID)
			require.ErrorIs(t, err, journey.ErrNotFound, "nothing of it was kept")
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

func TestAFullStoreSaysSoAndGoesOnReading(t *testing.T) {
	t.Parallel()
	o := options(t, 1)
	o.MaxSize = 1 << 20
	s := open(t, newPath(t), o)
	written := fill(t, s)
	readsAll(t, s, written)
	for n := range written {
		require.NoError(t, s.Forget(t.Context(), storetest.Example(n).ID), "what makes room still works")
	}
	require.NoError(t, s.Create(t.Context(), storetest.Example(200), large(200)), "and then there is room again")
}

// Small writes share their batches with ones that can never fit, and must not fail with them.
func TestWhoFindsRoomDoesNotFailWithWhoFindsNone(t *testing.T) {
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
			if err := s.Create(context.Background(), storetest.Example(500+n), tooLarge); !errors.Is(err, journey.ErrFull) {
				t.Error(err)
			}
		})
		all.Go(func() {
			for range 10 {
				_, err := s.Update(context.Background(), storetest.Example(1+n%(written-1)).ID, func(j journey.Journey) (journey.Change, error) {
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

func TestAStoreWithoutRoomToBeginIsRefusedInWords(t *testing.T) {
	t.Parallel()
	o := options(t, 1)
	o.MaxSize = 8 << 10
	_, err := boltstore.Open(newPath(t), o)
	require.ErrorIs(t, err, journey.ErrFull)
}

func TestAFullDiskSaysSoAndGoesOnReading(t *testing.T) {
	t.Parallel()
	child := exec.Command(os.Args[0], "-test.run=^TestMeetsTheEndOfTheDisk$", "-test.v")
	child.Env = append(os.Environ(), childPath+"="+filepath.Join(t.TempDir(), "paygate.db"), childRoom+"=yes")
	out, err := child.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "there was an end")
}

func TestMeetsTheEndOfTheDisk(t *testing.T) {
	path := os.Getenv(childPath)
	if path == "" || os.Getenv(childRoom) == "" {
		return // nothing by itself: the other half of the test above
	}
	signal.Ignore(syscall.SIGXFSZ)
	s := open(t, path, options(t, 1))
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
	most := limit.Cur
	limit.Cur = 1 << 20
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
	written := fill(t, s)
	readsAll(t, s, written)
	limit.Cur = most
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
	require.NoError(t, s.Create(t.Context(), storetest.Example(written), large(written)), "there is room again")
	require.NoError(t, s.Close())
	readsAll(t, open(t, path, options(t, 1)), written+1)
	t.Log("there was an end")
}
