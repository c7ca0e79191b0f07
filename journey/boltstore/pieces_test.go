package boltstore_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paygate/journey"
	"paygate/journey/storetest"
)

// sized returns a request with a body of this many bytes.
func sized(n, size int) journey.HeldRequest {
	r := storetest.Request(n)
	r.Body = bytes.Repeat([]byte{byte(n), 1, 2, 3, 5, 7, 11}, size/7+1)[:size]
	return r
}

// entries counts the entries of a bucket.
func entries(t *testing.T, path, bucket string) (n int) {
	t.Helper()
	raw(t, path, func(tx *bolt.Tx) error {
		return tx.Bucket([]byte(bucket)).ForEach(func(_, _ []byte) error { n++; return nil })
	})
	return n
}

func TestLargeRequestsAreStoredSideBySide(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path, options(t, 1))
	sizes := []int{1, 256<<10 - 300, 256 << 10, 700 << 10, 2 << 20, 0, 3 << 20}
	for n, size := range sizes {
		require.NoError(t, s.Create(t.Context(), storetest.Example(n), sized(n, size)))
	}
	for n, size := range sizes {
		got, err := s.Request(t.Context(), storetest.Example(n).ID)
		require.NoError(t, err)
		require.True(t, bytes.Equal(sized(n, size).Body, got.Body), "%d bytes", size)
	}
	replace := func(n, size int) {
		request := sized(n, size)
		_, err := s.Update(t.Context(), storetest.Example(n).ID, func(j journey.Journey) (journey.Change, error) {
			return journey.Change{Journey: j, Request: &request}, nil
		})
		require.NoError(t, err)
		got, err := s.Request(t.Context(), storetest.Example(n).ID)
		require.NoError(t, err)
		require.True(t, bytes.Equal(request.Body, got.Body), "%d bytes", size)
	}
	replace(4, 100)     // from many pieces to one
	replace(0, 1<<20)   // and the other way
	replace(6, 700<<10) // fewer
	for n := range sizes {
		if n%2 == 0 {
			require.NoError(t, s.Forget(t.Context(), storetest.Example(n).ID))
			continue
		}
		_, err := s.Update(t.Context(), storetest.Example(n).ID, func(j journey.Journey) (journey.Change, error) {
			j.State = journey.StateReleased
			return journey.Change{Journey: j}, nil
		})
		require.NoError(t, err)
	}
	require.NoError(t, s.Close())
	require.Zero(t, entries(t, path, "requests"), "not a piece is left")
}

func TestLargeRequestWithoutAPieceIsDamaged(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*bolt.Bucket, [][]byte) error{
		"the last": func(b *bolt.Bucket, keys [][]byte) error { return b.Delete(keys[len(keys)-1]) },
		"a middle": func(b *bolt.Bucket, keys [][]byte) error { return b.Delete(keys[1]) },
		"swapped": func(b *bolt.Bucket, keys [][]byte) error {
			one, other := bytes.Clone(b.Get(keys[1])), bytes.Clone(b.Get(keys[2]))
			if err := b.Put(keys[1], other); err != nil {
				return err
			}
			return b.Put(keys[2], one)
		},
	} {
		path := newPath(t)
		s := open(t, path, options(t, 1))
		require.NoError(t, s.Create(t.Context(), storetest.Example(1), sized(1, 1<<20)))
		require.NoError(t, s.Close())
		raw(t, path, func(tx *bolt.Tx) error {
			bucket := tx.Bucket([]byte("requests"))
			var keys [][]byte
			err := bucket.ForEach(func(key, _ []byte) error { keys = append(keys, bytes.Clone(key)); return nil })
			require.NoError(t, err)
			require.Greater(t, len(keys), 3)
			return spoil(bucket, keys)
		})
		_, err := open(t, path, options(t, 1)).Request(t.Context(), storetest.Example(1).ID)
		require.ErrorIs(t, err, journey.ErrDamaged, name)
	}
}

func TestLargeRequestIsResealedWithItsJourney(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path, options(t, 1))
	require.NoError(t, s.Create(t.Context(), storetest.Example(1), sized(1, 1<<20)))
	require.NoError(t, s.Close())
	s = open(t, path, options(t, 2, 1))
	_, err := s.Update(t.Context(), storetest.Example(1).ID, func(j journey.Journey) (journey.Change, error) {
		j.DueAt = j.DueAt.Add(time.Hour)
		return journey.Change{Journey: j}, nil
	})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	got, err := open(t, path, options(t, 2)).Request(t.Context(), storetest.Example(1).ID)
	require.NoError(t, err)
	require.True(t, bytes.Equal(sized(1, 1<<20).Body, got.Body))
}
