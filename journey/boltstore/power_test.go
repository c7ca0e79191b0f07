package boltstore_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paygate/journey"
	"paygate/journey/boltstore"
)

const sector = 512 // what a disk writes whole

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
	count = 80
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

// tellsTheTruth checks that a file in which Check finds damage is refused, or gives no journey in an older form than
// was acknowledged.
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
