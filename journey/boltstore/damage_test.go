package boltstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/storetest"
)

// farAway is later than anything is due.
var farAway = storetest.T0.Add(100_000 * time.Hour)

// flip changes one bit of a value in a closed store.
func flip(t *testing.T, path, bucket, key string, at int) {
	t.Helper()
	raw(t, path, func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte(bucket))
		value := bytes.Clone(b.Get([]byte(key)))
		value[at%len(value)] ^= 1
		return b.Put([]byte(key), value)
	})
}

// TestNoByteOfAStoredValueCanChangeUnnoticed has one journey for each byte of a journey, and changes that byte there.
func TestNoByteOfAStoredValueCanChangeUnnoticed(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path, options(t, 1))
	const journeys = 2500 // more than a journey, a request or a reply has bytes
	together(journeys, func(n int) {
		j := storetest.Example(n)
		j.ReplyUntil = storetest.T0
		err := s.Create(context.Background(), j, storetest.Request(n))
		if err == nil {
			_, err = s.Update(context.Background(), j.ID, func(j journey.Journey) (journey.Change, error) {
				return journey.Change{Journey: j, Reply: &journey.Reply{Status: 200, Body: []byte("page")}}, nil
			})
		}
		if err != nil {
			t.Error(err)
		}
	})
	require.NoError(t, s.Close())
	raw(t, path, func(tx *bolt.Tx) error {
		for _, name := range []string{"journeys", "requests", "replies"} {
			bucket := tx.Bucket([]byte(name))
			for n := range journeys {
				id := []byte(storetest.Example(n).ID)
				value := bytes.Clone(bucket.Get(id))
				require.Less(t, len(value), journeys, "every byte has its turn")
				value[n%len(value)] ^= byte(1 << (n % 8))
				require.NoError(t, bucket.Put(id, value))
			}
		}
		return nil
	})
	s = open(t, path, options(t, 1))
	together(journeys, func(n int) {
		id := storetest.Example(n).ID
		_, requestErr := s.Request(context.Background(), id)
		_, replyErr := s.Reply(context.Background(), id)
		_, err := s.Get(context.Background(), id)
		for _, err := range []error{requestErr, replyErr, err} {
			if !errors.Is(err, journey.ErrDamaged) {
				t.Error(n, err)
			}
		}
	})
	damaged, err := s.Damaged(t.Context())
	require.NoError(t, err)
	require.Len(t, damaged, journeys)
}

// together works on n things, many at a time, so that writes share their batches.
func together(n int, work func(int)) {
	numbers := make(chan int)
	var workers sync.WaitGroup
	for range 256 {
		workers.Go(func() {
			for i := range numbers {
				work(i)
			}
		})
	}
	for i := range n {
		numbers <- i
	}
	close(numbers)
	workers.Wait()
}

func TestADamagedJourneyIsSetAsideAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	for name, meet := range map[string]func(*boltstore.Store, journey.ID) error{
		"by reading": func(s *boltstore.Store, id journey.ID) error {
			_, err := s.Get(t.Context(), id)
			return err
		},
		"by an update": func(s *boltstore.Store, id journey.ID) error {
			_, err := s.Update(t.Context(), id, func(journey.Journey) (journey.Change, error) {
				t.Error("acted on a damaged journey")
				return journey.Change{}, nil
			})
			return err
		},
		"by a list": func(s *boltstore.Store, id journey.ID) error {
			_, err := s.List(t.Context(), journey.Filter{})
			require.NoError(t, err)
			_, err = s.Get(t.Context(), id)
			return err
		},
		"by a list of its state": func(s *boltstore.Store, id journey.ID) error {
			_, err := s.List(t.Context(), journey.Filter{State: journey.StateHeld})
			require.NoError(t, err)
			_, err = s.Get(t.Context(), id)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, id := filled(t), storetest.Example(3).ID
			flip(t, path, "journeys", string(id), 200)
			s := open(t, path, options(t, 1))
			for range 2 {
				require.ErrorIs(t, meet(s, id), journey.ErrDamaged)
			}
			require.ErrorIs(t, s.Create(t.Context(), storetest.Example(3), storetest.Request(3)), journey.ErrExists)
			goesOnWithout(t, s, id)
			require.NoError(t, s.Close())
			raw(t, path, func(tx *bolt.Tx) error {
				require.NotNil(t, tx.Bucket([]byte("damaged")).Get([]byte(id)), "kept")
				require.NotNil(t, tx.Bucket([]byte("requests")).Get([]byte(id)), "and its request too")
				require.Equal(t, 19, tx.Bucket([]byte("due")).Stats().KeyN, "sweeps do not meet it again")
				require.Nil(t, tx.Bucket([]byte("open")).Get([]byte(id)))
				return nil
			})

			s = open(t, path, options(t, 1))
			goesOnWithout(t, s, id)
			require.NoError(t, s.Forget(t.Context(), id), "a person may end it")
			damaged, err := s.Damaged(t.Context())
			require.NoError(t, err)
			require.Empty(t, damaged)
			_, err = s.Request(t.Context(), id)
			require.ErrorIs(t, err, journey.ErrErased)
		})
	}
}

func goesOnWithout(t *testing.T, s *boltstore.Store, id journey.ID) {
	t.Helper()
	damaged, err := s.Damaged(t.Context())
	require.NoError(t, err)
	require.Equal(t, []journey.ID{id}, damaged)
	due, err := s.Due(t.Context(), farAway, journey.Due{}, 100)
	require.NoError(t, err)
	require.Len(t, due, 19)
	for _, f := range []journey.Filter{{}, {State: journey.StateHeld}} {
		all, err := s.List(t.Context(), f)
		require.NoError(t, err)
		require.Len(t, all, 19)
	}
	counts, err := s.CountOpen(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[journey.State]int{journey.StateHeld: 19}, counts)
}

func TestDamageIsReportedOnceAndWithoutContent(t *testing.T) {
	t.Parallel()
	path, id := filled(t), storetest.Example(3).ID
	flip(t, path, "journeys", string(id), 100)
	var log strings.Builder
	o := options(t, 1)
	o.Log = slog.New(slog.NewTextHandler(io.Writer(&log), nil))
	s := open(t, path, o)
	together(64, func(int) { // who comes second must not set aside an empty place over it
		if _, err := s.Get(context.Background(), id); !errors.Is(err, journey.ErrDamaged) || strings.Contains(err.Error(), "example.org") {
			t.Error(err)
		}
	})
	require.NotContains(t, log.String(), "example.org")
	require.Equal(t, 1, strings.Count(log.String(), "was set aside"))
	require.NoError(t, s.Close())
	raw(t, path, func(tx *bolt.Tx) error {
		require.NotEmpty(t, tx.Bucket([]byte("damaged")).Get([]byte(id)))
		return nil
	})
}

// An error that a change makes up says nothing about what is stored.
func TestAGoodJourneyIsNotSetAsideOnSomebodysWord(t *testing.T) {
	t.Parallel()
	s, id := open(t, filled(t), options(t, 1)), storetest.Example(3).ID
	_, err := s.Update(t.Context(), id, func(journey.Journey) (journey.Change, error) {
		return journey.Change{}, fmt.Errorf("elsewhere: %w", journey.ErrDamaged)
	})
	require.ErrorIs(t, err, journey.ErrDamaged)
	_, err = s.Get(t.Context(), id)
	require.NoError(t, err)
}

func TestAJourneyMovedToAnotherIDIsDamaged(t *testing.T) {
	t.Parallel()
	path := filled(t)
	raw(t, path, func(tx *bolt.Tx) error {
		for _, name := range []string{"journeys", "requests"} {
			b := tx.Bucket([]byte(name))
			if err := b.Put([]byte(storetest.Example(1).ID), bytes.Clone(b.Get([]byte(storetest.Example(2).ID)))); err != nil {
				return err
			}
		}
		return nil
	})
	s := open(t, path, options(t, 1))
	_, err := s.Request(t.Context(), storetest.Example(1).ID)
	require.ErrorIs(t, err, journey.ErrDamaged)
	_, err = s.Get(t.Context(), storetest.Example(1).ID)
	require.ErrorIs(t, err, journey.ErrDamaged)
}

func TestAFlippedPaymentEntryLeadsNowhereWrong(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path, options(t, 1))
	for n := range 2 {
		j := storetest.Example(n)
		j.Payments = []journey.Payment{{ID: fmt.Sprint("pay", n)}}
		require.NoError(t, s.Create(t.Context(), j, storetest.Request(n)))
	}
	require.NoError(t, s.Close())
	flip(t, path, "payments", "pay0", 15) // …0 becomes …1
	found, err := open(t, path, options(t, 1)).List(t.Context(), journey.Filter{Payment: "pay0"})
	require.NoError(t, err)
	require.Empty(t, found)
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

// A journey that was changed since is sealed under the new secret. Its request must be too, or it would be lost with the
// old one while the list of open journeys says that all is well.
func TestRequestsFollowTheirJourneyToTheNewestSecret(t *testing.T) {
	t.Parallel()
	path := filled(t)
	s := open(t, path, options(t, 2, 1))
	for n := range 20 {
		touch(t, s, storetest.Example(n).ID, func(*journey.Change) {})
	}
	require.NoError(t, s.Close())
	s = open(t, path, options(t, 2))
	for n := range 20 {
		request, err := s.Request(t.Context(), storetest.Example(n).ID)
		require.NoError(t, err)
		require.Equal(t, storetest.Request(n), request)
	}
}

func TestAFlippedByteInTheListOfOpenJourneysStopsNothing(t *testing.T) {
	t.Parallel()
	path, id := filled(t), string(storetest.Example(3).ID)
	var length int
	raw(t, path, func(tx *bolt.Tx) error {
		length = len(tx.Bucket([]byte("open")).Get([]byte(id)))
		return nil
	})
	for at := range length {
		flip(t, path, "open", id, at)
		s, err := boltstore.Open(path, options(t, 1))
		require.NoError(t, err, "byte %d", at)
		counts, err := s.CountOpen(t.Context())
		require.NoError(t, err)
		require.Equal(t, map[journey.State]int{journey.StateHeld: 20}, counts, "byte %d", at)
		held, err := s.List(t.Context(), journey.Filter{State: journey.StateHeld})
		require.NoError(t, err)
		require.Len(t, held, 20, "byte %d", at)
		require.NoError(t, s.Close())
		flip(t, path, "open", id, at)
	}
}

// Dropping a secret erases old journeys; putting it back brings back those that sweeps met meanwhile.
func TestAJourneyAtRestUnderADroppedSecretComesBackWithIt(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path, options(t, 1))
	for n := range 3 {
		j := storetest.Example(n)
		j.State = journey.StateReleased
		require.NoError(t, s.Create(t.Context(), j, storetest.Request(n)))
	}
	require.NoError(t, s.Close())

	s = open(t, path, options(t, 2))
	all, err := s.List(t.Context(), journey.Filter{})
	require.NoError(t, err)
	require.Empty(t, all)
	damaged, err := s.Damaged(t.Context())
	require.NoError(t, err)
	require.Empty(t, damaged, "a list alone sets nothing of this kind aside")
	_, err = s.Get(t.Context(), storetest.Example(1).ID)
	require.ErrorIs(t, err, journey.ErrDamaged)
	due, err := s.Due(t.Context(), farAway, journey.Due{}, 10)
	require.NoError(t, err)
	require.Len(t, due, 2, "sweeps do not meet it again")
	require.NoError(t, s.Close())

	s = open(t, path, options(t, 2, 1))
	all, err = s.List(t.Context(), journey.Filter{})
	require.NoError(t, err)
	require.Len(t, all, 3)
	due, err = s.Due(t.Context(), farAway, journey.Due{}, 10)
	require.NoError(t, err)
	require.Len(t, due, 3)
	damaged, err = s.Damaged(t.Context())
	require.NoError(t, err)
	require.Empty(t, damaged)
}

func TestNamedValuesFollowTheNewestSecret(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path, options(t, 1))
	_, err := s.UpdateValue(t.Context(), "signing keys", func(old []byte) ([]byte, error) {
		require.Nil(t, old)
		return []byte("key"), nil
	})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	_, err = boltstore.Open(path, options(t, 2))
	require.ErrorContains(t, err, "signing keys, which cannot be read")
	require.NoError(t, open(t, path, options(t, 2, 1)).Close())

	s = open(t, path, options(t, 2))
	value, err := s.Value(t.Context(), "signing keys")
	require.NoError(t, err)
	require.Equal(t, "key", string(value))
	require.NoError(t, s.Close())
	flip(t, path, "values", "signing keys", 60)
	s = open(t, path, options(t, 2))
	_, err = s.Value(t.Context(), "signing keys")
	require.ErrorIs(t, err, journey.ErrDamaged)
	_, err = s.UpdateValue(t.Context(), "signing keys", func([]byte) ([]byte, error) {
		t.Error("acted on a damaged value")
		return nil, nil
	})
	require.ErrorIs(t, err, journey.ErrDamaged)
}

// counting counts what is opened.
type counting struct {
	boltstore.Sealer
	opened atomic.Int32
}

func (c *counting) Open(label, id string, sealed []byte) ([]byte, error) {
	c.opened.Add(1)
	return c.Sealer.Open(label, id, sealed)
}

func TestAStartOpensNoJourney(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path, options(t, 1))
	together(1000, func(n int) {
		j := storetest.Example(n)
		if n >= 20 {
			j.State = journey.StateAbandoned
		}
		if err := s.Create(context.Background(), j, storetest.Request(n)); err != nil {
			t.Error(err)
		}
	})
	require.NoError(t, s.Close())
	raw(t, path, func(tx *bolt.Tx) error { // what is at rest is not even looked at
		for n := 20; n < 1000; n++ {
			require.NoError(t, tx.Bucket([]byte("journeys")).Put([]byte(storetest.Example(n).ID), []byte("nothing that opens")))
		}
		return nil
	})
	o := options(t, 1)
	sealer := &counting{Sealer: o.Sealer}
	o.Sealer = sealer
	s = open(t, path, o)
	require.Zero(t, sealer.opened.Load())
	counts, err := s.CountOpen(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[journey.State]int{journey.StateHeld: 20}, counts)
	inState, err := s.InState(t.Context(), journey.StateHeld)
	require.NoError(t, err)
	require.Len(t, inState, 20)
	inState, err = s.InState(t.Context(), journey.StateReleasing)
	require.NoError(t, err)
	require.Empty(t, inState)
	require.Zero(t, sealer.opened.Load())
	found, err := s.List(t.Context(), journey.Filter{State: journey.StateHeld, Limit: 100})
	require.NoError(t, err)
	require.Len(t, found, 20)
	require.Equal(t, int32(20), sealer.opened.Load(), "a list of an open state costs what is open")
}
