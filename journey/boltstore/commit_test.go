package boltstore

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"paygate/journey"
	"paygate/journey/seal"
	"paygate/journey/storetest"
)

func newStore(t *testing.T) *Store {
	t.Helper()
	sealer, err := seal.New(storetest.Under(1).Secrets)
	require.NoError(t, err)
	s, err := Open(filepath.Join(t.TempDir(), "paygate.db"), Options{Sealer: sealer, NoSync: true})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// together runs all changes once each of them waits. before is called just before they may begin.
func together(t *testing.T, s *Store, before func(), changes ...func(*bolt.Tx) error) (errs []error) {
	t.Helper()
	s.commits.busy <- struct{}{}
	errs = make([]error, len(changes))
	var all sync.WaitGroup
	for i, change := range changes {
		all.Go(func() {
			defer func() {
				if trouble := recover(); trouble != nil {
					errs[i] = fmt.Errorf("panic: %v", trouble)
				}
			}()
			errs[i] = s.write(t.Context(), change)
		})
	}
	require.Eventually(t, func() bool {
		s.commits.mu.Lock()
		defer s.commits.mu.Unlock()
		return len(s.commits.waiting) == len(changes)
	}, 10*time.Second, time.Millisecond)
	before()
	<-s.commits.busy
	all.Wait()
	return errs
}

// nothing happens before the changes.
func nothing() {}

func TestChangesThatWaitShareACommit(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	failure := errors.New("refused")
	ids := make([]int, 10)
	changes := make([]func(*bolt.Tx) error, len(ids))
	for i := range changes {
		changes[i] = func(tx *bolt.Tx) error {
			ids[i] = tx.ID()
			return tx.Bucket(metaBucket).Put(fmt.Append(nil, "change ", i), nil)
		}
	}
	changes[3] = func(tx *bolt.Tx) error {
		return errors.Join(failure, tx.Bucket(metaBucket).Put([]byte("trace of the failed change"), nil))
	}
	changes[6] = func(*bolt.Tx) error {
		_, err := call(func(int) (int, error) { panic("a mistake") }, 0)
		return err
	}
	changes[9] = func(*bolt.Tx) error { return context.Canceled }

	for i, err := range together(t, s, nothing, changes...) {
		switch i {
		case 3:
			require.ErrorIs(t, err, failure)
		case 6:
			require.EqualError(t, err, "panic: a mistake")
		case 9:
			require.ErrorIs(t, err, context.Canceled)
		default:
			require.NoError(t, err)
			require.Equal(t, ids[0], ids[i], "change %d has a commit of its own", i)
			require.True(t, has(t, s, fmt.Sprint("change ", i)))
		}
	}
	require.False(t, has(t, s, "trace of the failed change"))
	require.NoError(t, s.Ready(t.Context()))
}

func has(t *testing.T, s *Store, key string) (found bool) {
	t.Helper()
	require.NoError(t, s.read(t.Context(), func(tx *bolt.Tx) error {
		found = tx.Bucket(metaBucket).Get([]byte(key)) != nil
		return nil
	}))
	return found
}

// One change sees what another in its batch has written, and refuses because of it. The other then does not fit.
func TestRefusalDoesNotRestOnAChangeThatIsUndone(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.db.MaxSize = 1 << 20
	tooLarge := func(tx *bolt.Tx) error {
		return tx.Bucket(metaBucket).Put([]byte("taken"), make([]byte, 2<<20))
	}
	refusing := func(tx *bolt.Tx) error {
		if tx.Bucket(metaBucket).Get([]byte("taken")) != nil {
			return errors.New("taken")
		}
		return tx.Bucket(metaBucket).Put([]byte("mine"), nil)
	}
	errs := together(t, s, nothing, tooLarge, refusing, tooLarge)
	require.ErrorIs(t, errs[0], journey.ErrFull)
	require.NoError(t, errs[1])
	require.True(t, has(t, s, "mine"))
	require.False(t, has(t, s, "taken"))
}

func TestFailedCommitEndsWriting(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	j := storetest.Example(1)
	require.NoError(t, s.Create(t.Context(), j, storetest.Request(1)))
	put := func(tx *bolt.Tx) error { return tx.Bucket(metaBucket).Put([]byte("key"), nil) }
	errs := together(t, s, func() { require.NoError(t, s.commits.file.Close()) }, put, put, put)
	for _, err := range append(errs, s.Ready(t.Context())) {
		require.ErrorIs(t, err, errNotWritten)
		require.ErrorContains(t, err, "the store could not be written")
	}
	got, err := s.Get(t.Context(), j.ID)
	require.NoError(t, err, "reading goes on")
	require.Equal(t, j, got)
}

func TestCloseDuringCommitsEndsEveryWrite(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	closed := make(chan error, 1)
	put := func(tx *bolt.Tx) error { return tx.Bucket(metaBucket).Put([]byte("key"), nil) }
	errs := together(t, s, func() { go func() { closed <- s.Close() }() }, put, put, put, put)
	require.NoError(t, <-closed)
	for _, err := range append(errs, s.Ready(t.Context())) {
		if err != nil {
			require.ErrorIs(t, err, bolterrors.ErrDatabaseNotOpen)
		}
	}
	require.ErrorIs(t, s.Ready(t.Context()), bolterrors.ErrDatabaseNotOpen)
}
