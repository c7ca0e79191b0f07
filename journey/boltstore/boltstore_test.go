package boltstore_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/seal"
	"paygate/journey/storetest"
)

func options(t testing.TB, secrets ...byte) boltstore.Options {
	t.Helper()
	var keys [][]byte
	for _, b := range secrets {
		keys = append(keys, bytes.Repeat([]byte{b}, 32))
	}
	sealer, err := seal.New(keys)
	require.NoError(t, err)
	return boltstore.Options{
		Sealer: sealer, Now: func() time.Time { return storetest.T0 }, Log: slog.New(slog.DiscardHandler), NoSync: true,
	}
}

func open(t testing.TB, path string, o boltstore.Options) *boltstore.Store {
	t.Helper()
	s, err := boltstore.Open(path, o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestAsAStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) journey.Store {
		return open(t, filepath.Join(t.TempDir(), "paygate.db"), options(t, 1))
	})
}

// filled is a closed store with a few journeys.
func filled(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "paygate.db")
	s := open(t, path, options(t, 1))
	for n := range 20 {
		require.NoError(t, s.Create(t.Context(), storetest.Example(n), storetest.Request(n)))
	}
	require.NoError(t, s.Close())
	return path
}

func TestWhatWasWrittenIsThereAfterAReopening(t *testing.T) {
	t.Parallel()
	s := open(t, filled(t), options(t, 1))
	j, err := s.Get(t.Context(), storetest.Example(7).ID)
	require.NoError(t, err)
	require.Equal(t, storetest.Example(7), j)
}

func TestTheFileIsForItsOwnerAndHoldsNothingReadable(t *testing.T) {
	t.Parallel()
	path := filled(t)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, personal := range []string{"ann@example.org", "/licences/apply", "LIC-", "Fishing", "boundary"} {
		require.NotContains(t, string(content), personal)
	}
}

func TestFilesThatCannotBeUsedAreRefusedInWords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(t *testing.T, path string)
		says  string
	}{
		"empty":          {func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 0)) }, "empty file"},
		"cut":            {func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 8192)) }, "cut off"},
		"cut in a page":  {func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 5000)) }, "cut off"},
		"cut to a stump": {func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 10)) }, "not a Paygate store"},
		"something else": {func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte("text "), 5000), 0o600))
		}, "not a Paygate store"},
		"a folder": {func(t *testing.T, path string) {
			require.NoError(t, os.Remove(path))
			require.NoError(t, os.Mkdir(path, 0o700))
		}, "is a folder"},
		"newer": {func(t *testing.T, path string) {
			db, err := bolt.Open(path, 0o600, nil)
			require.NoError(t, err)
			require.NoError(t, db.Update(func(tx *bolt.Tx) error { return tx.Bucket([]byte("meta")).Put([]byte("schema"), []byte("99")) }))
			require.NoError(t, db.Close())
		}, "newer version"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filled(t)
			c.spoil(t, path)
			_, err := boltstore.Open(path, options(t, 1))
			require.ErrorContains(t, err, c.says)
			require.ErrorContains(t, err, path)
		})
	}
	_, err := boltstore.Open(filepath.Join(t.TempDir(), "no", "such", "folder.db"), options(t, 1))
	require.ErrorContains(t, err, "folder does not exist")
}

func TestASecondProcessIsTurnedAway(t *testing.T) {
	t.Parallel()
	path := filled(t)
	open(t, path, options(t, 1))
	_, err := boltstore.Open(path, options(t, 1))
	require.ErrorContains(t, err, "in use by another Paygate process")
}

func TestOpenJourneysKeepTheirSecretInTheList(t *testing.T) {
	t.Parallel()
	path := filled(t)
	_, err := boltstore.Open(path, options(t, 2))
	require.ErrorContains(t, err, "20 open journeys")
	require.ErrorContains(t, err, "PAYGATE_SECRETS")

	s := open(t, path, options(t, 2, 1))
	_, err = s.Get(t.Context(), storetest.Example(1).ID)
	require.NoError(t, err)
}

func TestNamedValuesFollowTheNewestSecret(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "paygate.db")
	s := open(t, path, options(t, 1))
	_, err := s.UpdateValue(t.Context(), "signing keys", func(old []byte) ([]byte, error) {
		require.Nil(t, old)
		return []byte("key"), nil
	})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.NoError(t, open(t, path, options(t, 2, 1)).Close())

	value, err := open(t, path, options(t, 2)).Value(t.Context(), "signing keys")
	require.NoError(t, err)
	require.Equal(t, "key", string(value))
}

// flip changes one byte of every value in a bucket of a closed store.
func flip(t *testing.T, path, bucket string, id journey.ID, at int) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte(bucket))
		value := bytes.Clone(b.Get([]byte(id)))
		value[at%len(value)] ^= 1
		return b.Put([]byte(id), value)
	}))
	require.NoError(t, db.Close())
}

func TestAFlippedByteIsNeverActedOn(t *testing.T) {
	t.Parallel()
	for _, at := range []int{0, 5, 20, 60, 200, 1 << 20} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			t.Parallel()
			path, id := filled(t), storetest.Example(3).ID
			flip(t, path, "journeys", id, at)
			flip(t, path, "requests", storetest.Example(4).ID, at)
			s := open(t, path, options(t, 1))

			_, err := s.Update(t.Context(), id, func(journey.Journey) (journey.Change, error) {
				t.Error("acted on a damaged journey")
				return journey.Change{}, nil
			})
			require.ErrorIs(t, err, journey.ErrDamaged)
			_, err = s.Get(t.Context(), id)
			require.ErrorIs(t, err, journey.ErrDamaged, "set aside, and known as such")
			_, err = s.Request(t.Context(), storetest.Example(4).ID)
			require.ErrorIs(t, err, journey.ErrDamaged)

			damaged, err := s.Damaged(t.Context())
			require.NoError(t, err)
			require.Equal(t, []journey.ID{id}, damaged)
			due, err := s.Due(t.Context(), storetest.T0.Add(1000*time.Hour), journey.Due{}, 100)
			require.NoError(t, err)
			require.Len(t, due, 19, "the rest goes on")
			all, err := s.List(t.Context(), journey.Filter{})
			require.NoError(t, err)
			require.Len(t, all, 19)
		})
	}
}

func TestAJourneyMovedToAnotherIDIsDamaged(t *testing.T) {
	t.Parallel()
	path := filled(t)
	db, err := bolt.Open(path, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte("journeys"))
		return b.Put([]byte(storetest.Example(1).ID), bytes.Clone(b.Get([]byte(storetest.Example(2).ID))))
	}))
	require.NoError(t, db.Close())
	_, err = open(t, path, options(t, 1)).Get(t.Context(), storetest.Example(1).ID)
	require.ErrorIs(t, err, journey.ErrDamaged)
}

func TestAFullStoreSaysSoAndGoesOnReading(t *testing.T) {
	t.Parallel()
	o := options(t, 1)
	o.MaxSize = 1 << 20
	s := open(t, filepath.Join(t.TempDir(), "paygate.db"), o)
	large := storetest.Request(1)
	large.Body = make([]byte, 100<<10)
	var err error
	written := 0
	for ; err == nil && written < 100; written++ {
		err = s.Create(t.Context(), storetest.Example(written), large)
	}
	require.ErrorIs(t, err, journey.ErrFull)
	_, err = s.Get(t.Context(), storetest.Example(0).ID)
	require.NoError(t, err)
	for n := range written - 1 {
		require.NoError(t, s.Forget(t.Context(), storetest.Example(n).ID), "what makes room still works")
	}
	require.NoError(t, s.Create(t.Context(), storetest.Example(200), large), "and then there is room again")
}

func TestABackupOfARunningStoreIsAStore(t *testing.T) {
	t.Parallel()
	s := open(t, filled(t), options(t, 1))
	copied := filepath.Join(t.TempDir(), "copy.db")
	var content bytes.Buffer
	require.NoError(t, s.Backup(t.Context(), &content))
	require.NoError(t, os.WriteFile(copied, content.Bytes(), 0o600))
	restored := open(t, copied, options(t, 1))
	counts, err := restored.CountOpen(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[journey.State]int{journey.StateHeld: 20}, counts)
	require.NoError(t, restored.Ready(t.Context()))
}

// many makes a store with n journeys at rest, without the cost of that many transactions.
func many(b *testing.B, n int) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "paygate.db")
	s := open(b, path, options(b, 1))
	b.Cleanup(func() { _ = s.Close() })
	workers := make(chan int, 256)
	done := make(chan struct{})
	for range 256 {
		go func() {
			for i := range workers {
				j := storetest.Example(i)
				j.State, j.DueAt = journey.StateAbandoned, j.DueAt.Add(1000*time.Hour)
				if err := s.Create(b.Context(), j, journey.HeldRequest{}); err != nil {
					b.Error(err)
				}
			}
			done <- struct{}{}
		}()
	}
	for i := range n {
		workers <- i
	}
	close(workers)
	for range 256 {
		<-done
	}
	require.NoError(b, s.Close())
	return path
}

func BenchmarkOpenWith100000Journeys(b *testing.B) {
	path, o := many(b, 100_000), options(b, 1)
	for b.Loop() {
		s, err := boltstore.Open(path, o)
		if err != nil {
			b.Fatal(err)
		}
		_ = s.Close()
	}
}

func BenchmarkCreate(b *testing.B) {
	o := options(b, 1)
	o.NoSync = false
	s := open(b, filepath.Join(b.TempDir(), "paygate.db"), o)
	n := 0
	for b.Loop() {
		n++
		if err := s.Create(b.Context(), storetest.Example(n), storetest.Request(n)); err != nil {
			b.Fatal(err)
		}
	}
}

func TestTroubleNamesNoContent(t *testing.T) {
	t.Parallel()
	path := filled(t)
	flip(t, path, "journeys", storetest.Example(3).ID, 100)
	var log strings.Builder
	o := options(t, 1)
	o.Log = slog.New(slog.NewTextHandler(io.Writer(&log), nil))
	_, err := open(t, path, o).Get(t.Context(), storetest.Example(3).ID)
	require.Error(t, err)
	for _, text := range []string{err.Error(), log.String()} {
		require.NotContains(t, text, "example.org")
	}
	require.Contains(t, log.String(), "set aside")
}
