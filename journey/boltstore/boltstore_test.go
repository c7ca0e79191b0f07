package boltstore_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/seal"
	"paygate/journey/storetest"
)

// options returns the options of a store whose secrets are these bytes, repeated.
func options(t testing.TB, secrets ...byte) boltstore.Options {
	t.Helper()
	return boltOptions(t, storetest.Under(secrets...))
}

func boltOptions(t testing.TB, o storetest.Options) boltstore.Options {
	t.Helper()
	sealer, err := seal.New(o.Secrets)
	require.NoError(t, err)
	return boltstore.Options{Sealer: o.Watch(sealer), Now: o.Now, Log: o.Log, NoSync: true}
}

func open(t testing.TB, path string, o boltstore.Options) *boltstore.Store {
	t.Helper()
	s, err := boltstore.Open(path, o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newPath(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "paygate.db")
}

// filled returns a closed store with twenty journeys.
func filled(t testing.TB) string {
	t.Helper()
	path := newPath(t)
	s := open(t, path, options(t, 1))
	for n := range 20 {
		require.NoError(t, s.Create(t.Context(), storetest.Example(n), storetest.Request(n)))
	}
	require.NoError(t, s.Close())
	return path
}

// raw changes a closed store directly.
func raw(t testing.TB, path string, work func(*bolt.Tx) error) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoSync: true})
	require.NoError(t, err)
	require.NoError(t, db.Update(work))
	require.NoError(t, db.Close())
}

func TestAsAStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Place { return place(newPath(t)) })
}

// place is a file.
type place string

func (p place) Open(t *testing.T, o storetest.Options) (storetest.Store, error) {
	t.Helper()
	s, err := boltstore.Open(string(p), boltOptions(t, o))
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (place) Replicas() int { return 1 }

func (p place) Alter(t *testing.T, what string, change func(name string, stored []byte) []byte) {
	t.Helper()
	raw(t, string(p), func(tx *bolt.Tx) error {
		bucket, altered := tx.Bucket([]byte(what)), map[string][]byte{}
		err := bucket.ForEach(func(name, stored []byte) error {
			altered[string(name)] = change(string(name), bytes.Clone(stored))
			return nil
		})
		for name, stored := range altered {
			err = errors.Join(err, bucket.Put([]byte(name), stored))
		}
		return err
	})
}

func TestOpenNeedsOnlyASealer(t *testing.T) {
	t.Parallel()
	s := open(t, newPath(t), boltstore.Options{Sealer: options(t, 1).Sealer})
	require.NoError(t, s.Create(t.Context(), storetest.Example(1), storetest.Request(1)))
	require.NoError(t, s.Ready(t.Context()))
	_, err := boltstore.Open(newPath(t), boltstore.Options{})
	require.ErrorContains(t, err, "sealer")
}

func TestFileIsPrivateAndUnreadable(t *testing.T) {
	t.Parallel()
	path := filled(t)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, personal := range []string{
		"ann@example.org", "/licences/apply", "LIC-", "Fishing", "boundary", "192.0.2.1",
	} {
		require.NotContains(t, string(content), personal)
	}
}

func TestFileThatOthersCanOpenIsReported(t *testing.T) {
	t.Parallel()
	path := filled(t)
	require.NoError(t, os.Chmod(path, 0o644))
	var log strings.Builder
	o := options(t, 1)
	o.Log = slog.New(slog.NewTextHandler(io.Writer(&log), nil))
	open(t, path, o)
	require.Contains(t, log.String(), "should be 0600")
}

// TestIndexesMatchJourneys walks at random and then compares the buckets with the journeys, entry by entry.
func TestIndexesMatchJourneys(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		path := filepath.Join(t.TempDir(), "paygate.db")
		s := open(t, path, options(t, 1))
		defer s.Close()
		model := map[journey.ID]journey.Journey{}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			step(rt, s, model)
		}
		require.NoError(rt, s.Close())
		wanted, got := indexesOf(model), map[string][]string{}
		raw(t, path, func(tx *bolt.Tx) error {
			for name := range wanted {
				require.NoError(rt, tx.Bucket([]byte(name)).ForEach(func(k, v []byte) error {
					if name == "payments" {
						k = append(append(bytes.Clone(k), '>'), v...)
					}
					got[name] = append(got[name], string(k))
					return nil
				}))
			}
			return nil
		})
		for name := range wanted {
			require.ElementsMatch(rt, wanted[name], got[name], name)
		}
	})
}

func step(t *rapid.T, s *boltstore.Store, model map[journey.ID]journey.Journey) {
	n := rapid.IntRange(0, 4).Draw(t, "journey")
	id := storetest.Example(n).ID
	if rapid.IntRange(0, 9).Draw(t, "forget") == 0 {
		require.NoError(t, s.Forget(context.Background(), id))
		delete(model, id)
		return
	}
	j, there := model[id]
	if !there {
		j = storetest.Example(n)
		require.NoError(t, s.Create(context.Background(), j, storetest.Request(n)))
	}
	j.State = rapid.SampledFrom(journey.States()).Draw(t, "state")
	times := []time.Time{{}, storetest.T0, storetest.T0.Add(1), time.Unix(-5, 0), time.Unix(1<<37, 0)}
	j.DueAt = rapid.SampledFrom(times).Draw(t, "due")
	j.ReplyUntil = rapid.SampledFrom([]time.Time{{}, storetest.T0}).Draw(t, "reply")
	j.Payments = nil
	for p := range rapid.IntRange(0, 3).Draw(t, "payments") {
		j.Payments = append(j.Payments, journey.Payment{ID: fmt.Sprintf("pay-%d-%d", n, p)})
	}
	request := storetest.Request(n)
	_, err := s.Update(context.Background(), id, func(journey.Journey) (journey.Change, error) {
		return journey.Change{Journey: j, Request: &request, Reply: &journey.Reply{Status: 200}}, nil
	})
	require.NoError(t, err)
	model[id] = j
}

// indexesOf returns the keys that belong in each bucket; those of payments lead to their journeys.
func indexesOf(model map[journey.ID]journey.Journey) map[string][]string {
	keys := map[string][]string{
		"journeys": nil, "due": nil, "open": nil, "payments": nil, "requests": nil, "replies": nil, "damaged": nil,
	}
	add := func(bucket string, wanted bool, key string) {
		if wanted {
			keys[bucket] = append(keys[bucket], key)
		}
	}
	for id, j := range model {
		add("journeys", true, string(id))
		add("open", !j.State.AtRest(), string(id))
		add("requests", j.KeepsRequest(), string(id))
		add("replies", j.KeepsReply(), string(id))
		nanoseconds := uint64(0)
		switch {
		case j.DueAt.Unix() == 1<<37:
			nanoseconds = 1<<63 - 1 // the end of what eight bytes hold
		case j.DueAt.Unix() >= 0:
			nanoseconds = uint64(j.DueAt.UnixNano())
		}
		add("due", !j.DueAt.IsZero(), string(binary.BigEndian.AppendUint64(nil, nanoseconds))+string(id))
		for _, p := range j.Payments {
			add("payments", true, p.ID+">"+string(id))
		}
	}
	return keys
}

func TestBackupOfRunningStoreIsAStore(t *testing.T) {
	t.Parallel()
	s := open(t, filled(t), options(t, 1))
	stop := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for n := 20; ; n++ {
			select {
			case <-stop:
				return
			default:
				if err := s.Create(context.Background(), storetest.Example(n), storetest.Request(n)); err != nil {
					t.Error(err)
				}
			}
		}
	})
	var content bytes.Buffer
	require.NoError(t, s.Backup(t.Context(), &content))
	close(stop)
	writer.Wait()

	copied := newPath(t)
	require.NoError(t, os.WriteFile(copied, content.Bytes(), 0o600))
	restored := open(t, copied, options(t, 1))
	counts, err := restored.CountOpen(t.Context())
	require.NoError(t, err)
	all, err := restored.List(t.Context(), journey.Filter{Limit: 1 << 20})
	require.NoError(t, err)
	require.Equal(t, map[journey.State]int{journey.StateHeld: len(all)}, counts)
	require.GreaterOrEqual(t, len(all), 20)
	for _, j := range all {
		_, err := restored.Request(t.Context(), j.ID)
		require.NoError(t, err)
	}
	require.NoError(t, restored.Ready(t.Context()))
}

// ending ends a context at the first write.
type ending struct{ end context.CancelFunc }

func (e ending) Write(p []byte) (int, error) {
	e.end()
	return len(p), nil
}

func TestBackupStopsWithItsContext(t *testing.T) {
	t.Parallel()
	s := open(t, filled(t), options(t, 1))
	ctx, cancel := context.WithCancel(t.Context())
	require.ErrorIs(t, s.Backup(ctx, ending{cancel}), context.Canceled)
	require.NoError(t, s.Create(t.Context(), storetest.Example(99), storetest.Request(99)))
}

func TestMarkEndsAreRemovedWithMarks(t *testing.T) {
	t.Parallel()
	path, o, now := newPath(t), options(t, 1), storetest.T0
	o.Now = func() time.Time { return now }
	s := open(t, path, o)
	for _, mark := range []string{"1", "2", "3", "1"} {
		_, err := s.FirstSight(t.Context(), mark, now.Add(time.Minute))
		require.NoError(t, err)
		now = now.Add(40 * time.Second)
	}
	require.NoError(t, s.Close())
	raw(t, path, func(tx *bolt.Tx) error {
		for _, name := range []string{"marks", "mark ends"} {
			require.Equal(t, 2, tx.Bucket([]byte(name)).Stats().KeyN, name)
		}
		return nil
	})
}
