package boltstore_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/storetest"
)

const (
	sector = 512 // what a disk writes whole
	gone   = 99  // the number of the last form of a journey, once it is forgotten
)

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

// cut returns what a disk may have when the power fails during a commit: bbolt writes the pages, syncs, writes one of
// the two first pages, and syncs. A file that grows has its new size before.
func cut(random *rand.Rand, before, after []byte) []byte {
	page := os.Getpagesize()
	image := append(slices.Clone(before), make([]byte, len(after)-len(before))...)
	from, to := 2*page, len(after)
	if random.IntN(2) == 0 { // the pages are all there
		copy(image[from:], after[from:])
		from, to = 0, 2*page
	}
	for ; from < to; from += page {
		switch random.IntN(3) {
		case 0:
			copy(image[from:from+page], after[from:])
		case 1:
			for at := from; at < from+page; at += sector {
				if random.IntN(2) == 0 {
					copy(image[at:at+sector], after[at:])
				}
			}
		}
	}
	return image
}

// hurt zeroes pages or sectors of a file, or cuts it off.
func hurt(random *rand.Rand, file []byte) []byte {
	file, page := slices.Clone(file), os.Getpagesize()
	for range 1 + random.IntN(2) {
		at := random.IntN(len(file)/sector) * sector
		switch random.IntN(5) {
		case 0:
			return file[:at]
		case 1, 2:
			at -= at % page
			clear(file[at : at+page])
		default:
			clear(file[at : at+sector])
		}
	}
	return file
}

// images is how many files each test below looks at.
func images(t *testing.T) (count int, random *rand.Rand) {
	t.Helper()
	count = 100
	if set := os.Getenv("PAYGATE_TEST_IMAGES"); set != "" {
		var err error
		count, err = strconv.Atoi(set)
		require.NoError(t, err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return count, rand.New(rand.NewPCG(seed, 0))
}

func TestAPowerCutLosesNothingThatWasAcknowledged(t *testing.T) {
	t.Parallel()
	l := underLoad(t)
	count, random := images(t)
	for range count {
		n := random.IntN(len(l.moments) - 1)
		before, after := l.moments[n], l.moments[n+1]
		image := before.file
		if after.transaction() == before.transaction()+1 { // else one between was not seen
			image = cut(random, before.file, after.file)
		}
		l.isWhole(t, saved(t, image), before.acked)
	}
}

func TestOfAHurtFileEverythingIsKeptOrNamed(t *testing.T) {
	t.Parallel()
	l := underLoad(t)
	count, random := images(t)
	told := 0
	for range count {
		m := l.moments[random.IntN(len(l.moments))]
		path := saved(t, hurt(random, m.file))
		report, err := boltstore.Check(t.Context(), path, options(t, 1).Sealer)
		if err == nil && report.Total == 0 { // a page that was free
			l.isWhole(t, path, m.acked)
			continue
		}
		told++
		l.keepsOrNames(t, path, m.acked)
		l.tellsTheTruth(t, path, m.acked)
	}
	require.Greater(t, told, count/5)
}

func saved(t *testing.T, image []byte) (path string) {
	t.Helper()
	path = newPath(t)
	require.NoError(t, os.WriteFile(path, image, 0o600))
	return path
}

// isWhole checks that everything is in a file, and that its indexes are what a recount makes of the journeys.
func (l *load) isWhole(t *testing.T, path string, acked map[journey.ID]int) {
	t.Helper()
	require.Zero(t, checked(t, path).Total)
	s := open(t, path, options(t, 1))
	for id, form := range acked {
		number, err := l.stored(t, s, id)
		require.NoError(t, err, id)
		require.GreaterOrEqual(t, number, form, id)
	}
	require.NoError(t, s.Close())
	recount := filepath.Join(t.TempDir(), "recount.db")
	found, err := boltstore.Salvage(t.Context(), path, recount, options(t, 1))
	require.NoError(t, err)
	require.True(t, found.Whole(), "%+v", found)
	require.Equal(t, entriesOf(t, recount), entriesOf(t, path))
}

// entriesOf returns the entries of a file, without what is sealed, which never looks the same.
func entriesOf(t *testing.T, path string) map[string]string {
	t.Helper()
	all := map[string]string{}
	raw(t, path, func(tx *bolt.Tx) error {
		return tx.ForEach(func(name []byte, bucket *bolt.Bucket) error {
			return bucket.ForEach(func(key, value []byte) error {
				if slices.Contains([]string{"journeys", "requests", "replies"}, string(name)) {
					value = nil
				}
				all[string(name)+" "+string(key)] = string(value)
				return nil
			})
		})
	})
	return all
}

// stored returns the number of the form that a store has, and checks that it is as it was to be.
func (l *load) stored(t *testing.T, s *boltstore.Store, id journey.ID) (int, error) {
	t.Helper()
	j, err := s.Get(t.Context(), id)
	if _, forgotten := l.forms[id][gone]; forgotten && err == journey.ErrNotFound {
		return gone, nil
	}
	if err != nil {
		return 0, err
	}
	number, err := strconv.Atoi(j.Note)
	require.NoError(t, err)
	require.Equal(t, l.forms[id][number], j)
	return number, nil
}

// keepsOrNames checks that a salvage keeps each journey in a form no older than acknowledged, or says that it does not.
func (l *load) keepsOrNames(t *testing.T, path string, acked map[journey.ID]int) {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	found, err := boltstore.Salvage(t.Context(), path, to, options(t, 1))
	if err != nil {
		require.ErrorContains(t, err, "the store "+path)
		return
	}
	s := open(t, to, options(t, 1))
	for id, form := range acked {
		number, err := l.stored(t, s, id)
		named := slices.Contains(found.Lost, id) || slices.Contains(found.Damaged, id)
		switch {
		case err != nil:
			require.True(t, named || len(found.Unread) > 0, "%s is missing, and nothing says so", id)
		case number < form:
			require.Contains(t, found.Unread, lastChange, "%s is older than acknowledged", id)
		case number != gone && l.forms[id][number].KeepsRequest() && !slices.Contains(found.NoRequest, id):
			_, err := s.Request(t.Context(), id)
			require.NoError(t, err)
		}
	}
	require.NoError(t, s.Close())
	if len(found.Damaged)+len(found.NoRequest) == 0 {
		require.Zero(t, checked(t, to).Total)
	}
}

const lastChange = "one of the first two pages; the last change may be lost"

// tellsTheTruth checks that a file in which Check finds damage is refused, or never gives a journey in a form older than
// acknowledged.
func (l *load) tellsTheTruth(t *testing.T, path string, acked map[journey.ID]int) {
	t.Helper()
	s, err := boltstore.Open(path, options(t, 1))
	if err != nil {
		require.ErrorContains(t, err, "the store "+path)
		return
	}
	defer s.Close()
	for id, form := range acked {
		if number, err := l.stored(t, s, id); err == nil {
			require.GreaterOrEqual(t, number, form, id)
		}
	}
}
