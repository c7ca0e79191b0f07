package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
	"paygate/journey/pgstore"
	"paygate/journey/storetest"
)

// farAway is later than anything is due.
var farAway = storetest.T0.Add(100_000 * time.Hour)

// alter changes a row of a journey.
func alter(t testing.TB, url string, id journey.ID, set string) {
	t.Helper()
	raw(t, url, `UPDATE paygate_journeys SET `+set+` WHERE id = $1`, id)
}

// flipped is a sealed column with one bit of the byte at %d changed.
const flipped = `set_byte(sealed, %[1]d %% length(sealed), get_byte(sealed, %[1]d %% length(sealed)) # 1)`

// TestNoByteOfAStoredValueCanChangeUnnoticed has one journey for each byte of a journey, and changes that byte there.
func TestNoByteOfAStoredValueCanChangeUnnoticed(t *testing.T) {
	t.Parallel()
	url := newURL(t)
	s := open(t, url, options(t, 1))
	const journeys = 1500 // more than a journey, a request or a reply has bytes
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
	for table, column := range map[string]string{"journeys": "id", "requests": "journey_id", "replies": "journey_id"} {
		require.Less(t, ask[int](t, url, `SELECT max(length(sealed)) FROM paygate_`+table), journeys, "every byte has its turn")
		raw(t, url, `UPDATE paygate_`+table+` SET sealed = set_byte(sealed, at, get_byte(sealed, at) # 4)
			FROM (SELECT `+column+` AS which, right(`+column+`, 10)::int % length(sealed) AS at FROM paygate_`+table+`) AS byte
			WHERE `+column+` = which`)
	}
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

// together works on n things, many at a time.
func together(n int, work func(int)) {
	numbers := make(chan int)
	var workers sync.WaitGroup
	for range 16 {
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
	for name, meet := range map[string]func(*pgstore.Store, journey.ID) error{
		"by reading": func(s *pgstore.Store, id journey.ID) error {
			_, err := s.Get(t.Context(), id)
			return err
		},
		"by an update": func(s *pgstore.Store, id journey.ID) error {
			_, err := s.Update(t.Context(), id, func(journey.Journey) (journey.Change, error) {
				t.Error("acted on a damaged journey")
				return journey.Change{}, nil
			})
			return err
		},
		"by a list": func(s *pgstore.Store, id journey.ID) error {
			all, err := s.List(t.Context(), journey.Filter{Limit: 19})
			require.NoError(t, err)
			require.Len(t, all, 19, "the list goes on behind it")
			_, err = s.Get(t.Context(), id)
			return err
		},
		"by a list of its state": func(s *pgstore.Store, id journey.ID) error {
			_, err := s.List(t.Context(), journey.Filter{State: journey.StateHeld})
			require.NoError(t, err)
			_, err = s.Get(t.Context(), id)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, id := filled(t), storetest.Example(3).ID
			alter(t, url, id, "sealed = "+fmt.Sprintf(flipped, 200))
			s := open(t, url, options(t, 1))
			for range 2 {
				require.ErrorIs(t, meet(s, id), journey.ErrDamaged)
			}
			require.ErrorIs(t, s.Create(t.Context(), storetest.Example(3), storetest.Request(3)), journey.ErrExists)
			goesOnWithout(t, s, id)
			require.Equal(t, 1, ask[int](t, url, `SELECT count(*) FROM paygate_requests WHERE journey_id = $1`, id), "its request is kept too")
			require.NoError(t, s.Close())

			s = open(t, url, options(t, 1))
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

func goesOnWithout(t *testing.T, s *pgstore.Store, id journey.ID) {
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

// What is searched lies open: each column is held against what was sealed.
func TestARowWhoseColumnsWereAlteredIsDamaged(t *testing.T) {
	t.Parallel()
	url := filled(t)
	sets := []string{
		`state = 'confirmed'`, `state = 'no such state'`, `open = false`, `route = 'cheaper'`, `reference = '\x00'`, `reference = ''`,
		`started_at = started_at + 1`, `due_at = due_at + 1`, `due_at = NULL`, `key_id = 'another'`, `key_id = ''`,
		`sealed = ''`, `sealed = substr(sealed, 1, 60)`, `sealed = sealed || '\x00'`,
		"sealed = " + fmt.Sprintf(flipped, 0), "sealed = " + fmt.Sprintf(flipped, 3),
		`sealed = (SELECT sealed FROM paygate_journeys WHERE id = '` + string(storetest.Example(19).ID) + `')`,
	}
	for n, set := range sets {
		alter(t, url, storetest.Example(n).ID, set)
	}
	s := open(t, url, options(t, 1)) // altered columns do not stop a start
	for n, set := range sets {
		_, err := s.Get(t.Context(), storetest.Example(n).ID)
		require.ErrorIs(t, err, journey.ErrDamaged, set)
	}
	damaged, err := s.Damaged(t.Context())
	require.NoError(t, err)
	require.Len(t, damaged, len(sets))
	all, err := s.List(t.Context(), journey.Filter{})
	require.NoError(t, err)
	require.Len(t, all, 20-len(sets))
	counts, err := s.CountOpen(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[journey.State]int{journey.StateHeld: 20 - len(sets)}, counts)
}

func TestRowsThatWereSwappedAreDamaged(t *testing.T) {
	t.Parallel()
	url := filled(t)
	first, second := storetest.Example(1).ID, storetest.Example(2).ID
	for _, table := range []string{"journeys SET id", "requests SET journey_id"} {
		raw(t, url, `ALTER TABLE paygate_requests DROP CONSTRAINT IF EXISTS paygate_requests_journey_id_fkey`)
		for _, move := range [][2]journey.ID{{first, "between"}, {second, first}, {"between", second}} {
			_, column, _ := strings.Cut(table, " SET ")
			raw(t, url, `UPDATE paygate_`+table+` = $2 WHERE `+column+` = $1`, move[0], move[1])
		}
	}
	s := open(t, url, options(t, 1))
	for _, id := range []journey.ID{first, second} {
		_, err := s.Request(t.Context(), id)
		require.ErrorIs(t, err, journey.ErrDamaged)
		_, err = s.Get(t.Context(), id)
		require.ErrorIs(t, err, journey.ErrDamaged)
	}
}

func TestAJourneyThatWasPutRightComesBack(t *testing.T) {
	t.Parallel()
	url, id := filled(t), storetest.Example(3).ID
	s := open(t, url, options(t, 1))
	alter(t, url, id, `route = 'cheaper'`)
	_, err := s.Get(t.Context(), id)
	require.ErrorIs(t, err, journey.ErrDamaged)
	alter(t, url, id, `route = 'licence'`)
	_, err = s.Get(t.Context(), id)
	require.ErrorIs(t, err, journey.ErrDamaged, "until the next start")
	s = open(t, url, options(t, 1))
	j, err := s.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, storetest.Example(3), j)
	damaged, err := s.Damaged(t.Context())
	require.NoError(t, err)
	require.Empty(t, damaged)
}

func TestDamageIsReportedOnceAndWithoutContent(t *testing.T) {
	t.Parallel()
	url, id := filled(t), storetest.Example(3).ID
	alter(t, url, id, "sealed = "+fmt.Sprintf(flipped, 100))
	var log safeBuilder
	o := options(t, 1)
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	stores := []*pgstore.Store{open(t, url, o), open(t, url, o)}
	together(64, func(n int) {
		if _, err := stores[n%2].Get(context.Background(), id); !errors.Is(err, journey.ErrDamaged) || strings.Contains(err.Error(), "example.org") {
			t.Error(err)
		}
	})
	require.NotContains(t, log.String(), "example.org")
	require.Equal(t, 1, strings.Count(log.String(), "was set aside"))
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

func TestAnAlteredPaymentEntryLeadsNowhereWrong(t *testing.T) {
	t.Parallel()
	url := newURL(t)
	s := open(t, url, options(t, 1))
	for n := range 2 {
		j := storetest.Example(n)
		j.Payments = []journey.Payment{{ID: fmt.Sprint("pay", n)}}
		require.NoError(t, s.Create(t.Context(), j, storetest.Request(n)))
	}
	raw(t, url, `UPDATE paygate_payments SET journey_id = $1`, storetest.Example(1).ID)
	found, err := s.List(t.Context(), journey.Filter{Payment: "pay0"})
	require.NoError(t, err)
	require.Empty(t, found)
	found, err = s.List(t.Context(), journey.Filter{Payment: "pay1"})
	require.NoError(t, err)
	require.Len(t, found, 1)
}

func TestOpenJourneysKeepTheirSecretInTheList(t *testing.T) {
	t.Parallel()
	url := filled(t)
	_, err := pgstore.Open(t.Context(), url, options(t, 2))
	require.ErrorContains(t, err, "20 open journeys")
	require.ErrorContains(t, err, "PAYGATE_SECRETS")

	s := open(t, url, options(t, 2, 1))
	_, err = s.Get(t.Context(), storetest.Example(1).ID)
	require.NoError(t, err)
}

// A journey that was changed since is sealed under the new secret. Its request and reply must be too, or they would be lost
// with the old one while the journey says that all is well.
func TestRequestsAndRepliesFollowTheirJourneyToTheNewestSecret(t *testing.T) {
	t.Parallel()
	url := filled(t)
	reply := journey.Reply{Status: 200, Header: map[string][]string{"X": {"y"}}, Body: []byte("page")}
	s := open(t, url, options(t, 1))
	for n := range 20 {
		touch(t, s, storetest.Example(n).ID, func(c *journey.Change) { c.Journey.ReplyUntil, c.Reply = storetest.T0, &reply })
	}
	s = open(t, url, options(t, 2, 1))
	for n := range 20 {
		touch(t, s, storetest.Example(n).ID, func(*journey.Change) {})
	}
	require.NoError(t, s.Close())
	s = open(t, url, options(t, 2))
	for n := range 20 {
		request, err := s.Request(t.Context(), storetest.Example(n).ID)
		require.NoError(t, err)
		require.Equal(t, storetest.Request(n), request)
		kept, err := s.Reply(t.Context(), storetest.Example(n).ID)
		require.NoError(t, err)
		require.Equal(t, reply, kept)
	}
}

// Secrets are changed replica by replica. One that has not got the new secret yet must leave alone what is sealed under
// it: that is no damage, and others can read it.
func TestWhatAnotherReplicaSealedUnderANewerSecretIsLeftAlone(t *testing.T) {
	t.Parallel()
	url, id := filled(t), storetest.Example(3).ID
	old, renewed := open(t, url, options(t, 1)), open(t, url, options(t, 2, 1))
	touch(t, renewed, id, func(c *journey.Change) { c.Journey.Note = "renewed" })

	_, err := old.Get(t.Context(), id)
	require.ErrorIs(t, err, journey.ErrDamaged, "it must not be acted on")
	_, err = old.Update(t.Context(), id, func(journey.Journey) (journey.Change, error) {
		t.Error("acted on what it cannot read")
		return journey.Change{}, nil
	})
	require.ErrorIs(t, err, journey.ErrDamaged)
	require.Len(t, taken(t, old, 0), 19)
	all, err := old.List(t.Context(), journey.Filter{Limit: 20})
	require.NoError(t, err)
	require.Len(t, all, 19)

	require.Equal(t, []journey.ID{id}, taken(t, renewed, 0))
	j, err := renewed.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "renewed", j.Note)
	damaged, err := renewed.Damaged(t.Context())
	require.NoError(t, err)
	require.Empty(t, damaged)
}

// A replica that knows a secret already must see, without a restart, what another begins to seal under it.
func TestASecretThatComesIntoUseLaterIsReadAtOnce(t *testing.T) {
	t.Parallel()
	url := filled(t)
	first := open(t, url, options(t, 1, 2))
	second := open(t, url, options(t, 2, 1))
	touch(t, second, storetest.Example(3).ID, func(*journey.Change) {})
	due, err := first.Due(t.Context(), farAway, journey.Due{}, 100)
	require.NoError(t, err)
	require.Len(t, due, 20)
	all, err := first.List(t.Context(), journey.Filter{})
	require.NoError(t, err)
	require.Len(t, all, 20)
}

// Dropping a secret erases old journeys; putting it back brings them back.
func TestAJourneyAtRestUnderADroppedSecretComesBackWithIt(t *testing.T) {
	t.Parallel()
	url := newURL(t)
	s := open(t, url, options(t, 1))
	for n := range 3 {
		j := storetest.Example(n)
		j.State = journey.StateReleased
		require.NoError(t, s.Create(t.Context(), j, storetest.Request(n)))
	}
	require.NoError(t, s.Close())
	seen := func(s *pgstore.Store, wanted int) {
		all, err := s.List(t.Context(), journey.Filter{})
		require.NoError(t, err)
		require.Len(t, all, wanted)
		due, err := s.Due(t.Context(), farAway, journey.Due{}, 10)
		require.NoError(t, err)
		require.Len(t, due, wanted)
		damaged, err := s.Damaged(t.Context())
		require.NoError(t, err)
		require.Empty(t, damaged)
	}
	s = open(t, url, options(t, 2))
	_, err := s.Get(t.Context(), storetest.Example(1).ID)
	require.ErrorIs(t, err, journey.ErrDamaged)
	seen(s, 0)
	seen(open(t, url, options(t, 2, 1)), 3)
}

func TestNamedValuesFollowTheNewestSecret(t *testing.T) {
	t.Parallel()
	url := newURL(t)
	s := open(t, url, options(t, 1))
	_, err := s.UpdateValue(t.Context(), "signing keys", func(old []byte) ([]byte, error) {
		require.Nil(t, old)
		return []byte("key"), nil
	})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	_, err = pgstore.Open(t.Context(), url, options(t, 2))
	require.ErrorContains(t, err, "signing keys, which cannot be read")
	require.NoError(t, open(t, url, options(t, 2, 1)).Close())

	s = open(t, url, options(t, 2))
	value, err := s.Value(t.Context(), "signing keys")
	require.NoError(t, err)
	require.Equal(t, "key", string(value))
	raw(t, url, `UPDATE paygate_values SET sealed = `+fmt.Sprintf(flipped, 60))
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
	pgstore.Sealer
	opened atomic.Int32
}

func (c *counting) Open(label, id string, sealed []byte) ([]byte, error) {
	c.opened.Add(1)
	return c.Sealer.Open(label, id, sealed)
}

func TestAStartOpensNoJourney(t *testing.T) {
	t.Parallel()
	url := filled(t)
	raw(t, url, `INSERT INTO paygate_journeys (id, state, open, route, reference, started_at, key_id, sealed)
		SELECT 'old' || n, 'abandoned', false, 'licence', '', n, 'any', 'nothing that opens' FROM generate_series(1, 1000) n`)
	o := options(t, 1)
	sealer := &counting{Sealer: o.Sealer}
	o.Sealer = sealer
	s := open(t, url, o)
	counts, err := s.CountOpen(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[journey.State]int{journey.StateHeld: 20}, counts)
	inState, err := s.InState(t.Context(), journey.StateHeld)
	require.NoError(t, err)
	require.Len(t, inState, 20)
	require.Zero(t, sealer.opened.Load())
	found, err := s.List(t.Context(), journey.Filter{State: journey.StateHeld, Limit: 100})
	require.NoError(t, err)
	require.Len(t, found, 20)
	require.Equal(t, int32(20), sealer.opened.Load(), "a list of an open state costs what is open")
}
