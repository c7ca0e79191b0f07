package boltstore_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/storetest"
)

const gone = 99 // the number of the last form of a journey, once it is forgotten

// load is what happened to a store, and the moments at which the power could fail.
type load struct {
	journey.Sealer
	path string

	mu      sync.Mutex
	forms   map[journey.ID]map[int]journey.Journey // all that were to be stored, by their numbers
	acked   map[journey.ID]int                     // the number of the newest that was acknowledged
	moments []moment
}

// moment is what the disk has after a commit, and what was acknowledged until then.
type moment struct {
	file  []byte
	acked map[journey.ID]int
}

// transaction returns the number of the last commit.
func (m moment) transaction() uint64 {
	number := func(page int) uint64 { return binary.NativeEndian.Uint64(m.file[page*os.Getpagesize()+64:]) }
	return max(number(0), number(1))
}

// Seal copies the file whenever a transaction seals a journey: bbolt has then synced the transaction before, and writes
// nothing until this one is committed.
func (l *load) Seal(label, id string, parts ...[]byte) []byte {
	if label == "journey" {
		l.take()
	}
	return l.Sealer.Seal(label, id, parts...)
}

func (l *load) take() {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := moment{acked: maps.Clone(l.acked)}
	m.file, _ = os.ReadFile(l.path)
	if n := len(l.moments); n == 0 || l.moments[n-1].transaction() != m.transaction() {
		l.moments = append(l.moments, m)
	}
}

// attempt notes a form before it is stored, and that it was acknowledged.
func (l *load) attempt(t *testing.T, form journey.Journey, number int, store func() error) {
	l.mu.Lock()
	if l.forms[form.ID] == nil {
		l.forms[form.ID] = map[int]journey.Journey{}
	}
	l.forms[form.ID][number] = form
	l.mu.Unlock()
	if err := store(); err != nil {
		t.Errorf("%s: %v", form.ID, err)
	}
	l.mu.Lock()
	l.acked[form.ID] = number
	l.mu.Unlock()
}

// live takes a journey through its forms.
func (l *load) live(t *testing.T, s *boltstore.Store, n int) {
	j := storetest.Example(n)
	j.Note = "1"
	l.attempt(t, j, 1, func() error { return s.Create(t.Context(), j, requestOf(n)) })
	for number := 2; number < 4+n%3; number++ {
		j.Note, j.DueAt = strconv.Itoa(number), j.DueAt.Add(time.Duration(number)*time.Hour)
		j.Payments = append(slices.Clone(j.Payments), journey.Payment{ID: fmt.Sprintf("pay%d-%d", n, number)})
		var reply *journey.Reply
		if number == 4 {
			j.State, j.ReplyUntil, reply = journey.StateReleased, storetest.FarAway, &journey.Reply{Status: 200}
		}
		l.attempt(t, j, number, func() error {
			_, err := s.Update(t.Context(), j.ID, func(journey.Journey) (journey.Change, error) {
				return journey.Change{Journey: j, Reply: reply}, nil
			})
			return err
		})
	}
	if n%4 == 0 {
		l.attempt(t, j, gone, func() error { return s.Forget(t.Context(), j.ID) })
	}
}

// requestOf returns requests of which some need several pages.
func requestOf(n int) journey.HeldRequest { return sized(n, n%5*3000) }

// underLoad lets goroutines write journeys to a store that syncs.
func underLoad(t *testing.T) *load {
	t.Helper()
	o := options(t, 1)
	l := &load{
		Sealer: o.Sealer, path: newPath(t),
		forms: map[journey.ID]map[int]journey.Journey{}, acked: map[journey.ID]int{},
	}
	o.Sealer, o.NoSync = l, false
	s := open(t, l.path, o)
	storetest.Together(4, func(worker int) {
		for n := range 15 {
			l.live(t, s, worker*15+n)
		}
	})
	require.NoError(t, s.Close())
	require.Greater(t, len(l.moments), 30)
	return l
}
