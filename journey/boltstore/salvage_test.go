package boltstore_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/storetest"
)

const salvaged = 150

// busy returns a closed file with journeys that have requests, and two values.
func busy(t *testing.T) string {
	t.Helper()
	path := newPath(t)
	s := open(t, path, options(t, 1))
	for n := range salvaged {
		require.NoError(t, s.Create(t.Context(), storetest.Example(n), storetest.Request(n)))
	}
	for _, name := range []string{"keys", "modes"} {
		_, err := s.UpdateValue(t.Context(), name, func([]byte) ([]byte, error) { return []byte(name), nil })
		require.NoError(t, err)
	}
	require.NoError(t, s.Close())
	return path
}

// salvage salvages a file, and checks that each journey either is in the copy as it was or is named, and that the copy
// opens.
func salvage(t *testing.T, path string) (boltstore.Salvaged, error) {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	found, err := boltstore.Salvage(t.Context(), path, to, options(t, 1))
	if err != nil {
		return found, err
	}
	s := open(t, to, options(t, 1))
	defer s.Close()
	kept := 0
	for n := range salvaged {
		wanted := storetest.Example(n)
		j, err := s.Get(t.Context(), wanted.ID)
		named := slices.Contains(found.Lost, wanted.ID) || slices.Contains(found.Damaged, wanted.ID)
		if err == nil {
			kept++
			require.Equal(t, wanted, j)
			request, err := s.Request(t.Context(), wanted.ID)
			if slices.Contains(found.NoRequest, wanted.ID) {
				require.ErrorIs(t, err, journey.ErrDamaged, "it is not taken for one that was delivered")
			} else {
				require.NoError(t, err)
				require.Equal(t, storetest.Request(n), request)
			}
			continue
		}
		require.True(t, named || !found.Whole(), "%s is missing, and nothing says so", wanted.ID)
	}
	open, err := s.CountOpen(t.Context())
	require.NoError(t, err)
	require.Equal(t, kept, open[journey.StateHeld], "the lists are made again")
	return found, nil
}

func TestAnIntactFileIsSalvagedWhole(t *testing.T) {
	t.Parallel()
	path := busy(t)
	found, err := salvage(t, path)
	require.NoError(t, err)
	require.True(t, found.Whole(), "%+v", found)
	require.Equal(t, salvaged, found.Journeys)
	require.Equal(t, salvaged, found.Requests)
	_, err = boltstore.Salvage(t.Context(), path, path, options(t, 1))
	require.ErrorContains(t, err, "exists already")
}

// TestADamagedPageCostsWhatIsOnIt zeroes, scrambles or exchanges pages of a file, or cuts it off.
func TestADamagedPageCostsWhatIsOnIt(t *testing.T) {
	t.Parallel()
	path := busy(t)
	intact, err := os.ReadFile(path)
	require.NoError(t, err)
	page := os.Getpagesize()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	pages := len(intact) / page
	refused := 0
	for range 40 {
		damaged := slices.Clone(intact)
		at := 2 + random.IntN(pages-2) // the two first pages say where the others are
		hit := damaged[at*page : (at+1)*page]
		switch random.IntN(4) {
		case 0:
			clear(hit)
		case 1:
			for range 20 {
				hit[random.IntN(page)] ^= byte(1 + random.IntN(255))
			}
		case 2:
			other := 2 + random.IntN(pages-2)
			copy(hit, intact[other*page:(other+1)*page])
		case 3:
			damaged = damaged[:at*page]
		}
		broken := filepath.Join(t.TempDir(), "broken.db")
		require.NoError(t, os.WriteFile(broken, damaged, 0o600))
		report, checkErr := boltstore.Check(t.Context(), broken, options(t, 1).Sealer)
		found, err := salvage(t, broken)
		if err != nil {
			refused++
			require.ErrorContains(t, err, "the store "+broken)
			continue
		}
		before, err := os.ReadFile(broken)
		require.NoError(t, err)
		require.Equal(t, damaged, before, "the damaged file stays as it was")
		if checkErr == nil && report.Total == 0 {
			require.True(t, found.Whole(), "%+v of a file in which a check finds nothing", found)
		}
	}
	require.Less(t, refused, 20)
}

// TestPagesThatLieAreNotFollowed lets the pages that lead to others, and their entries, claim what would send a reader
// round in circles, or to more than the memory holds.
func TestPagesThatLieAreNotFollowed(t *testing.T) {
	t.Parallel()
	path := busy(t)
	intact, err := os.ReadFile(path)
	require.NoError(t, err)
	page := os.Getpagesize()
	number := binary.NativeEndian
	lies := map[string]func(page []byte, at int){
		"leads to itself": func(page []byte, at int) { number.PutUint64(page[24:], uint64(at)) },
		"has a huge key":  func(page []byte, _ int) { number.PutUint32(page[20:], 1<<31) },
		"is huge":         func(page []byte, _ int) { number.PutUint32(page[12:], 1<<31) },
		"begins far away": func(page []byte, _ int) { number.PutUint32(page[16:], 1<<31) },
		"has fewer entries": func(page []byte, _ int) {
			number.PutUint16(page[10:], number.Uint16(page[10:])-1)
		},
		"has no entries":   func(page []byte, _ int) { number.PutUint16(page[10:], 0) },
		"has more entries": func(page []byte, _ int) { number.PutUint16(page[10:], 1<<15) },
		"is a leaf":        func(page []byte, _ int) { page[8] ^= 3 },
	}
	for name, lie := range lies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lied := 0
			for at := 2; at < len(intact)/page; at++ {
				damaged := slices.Clone(intact)
				hit := damaged[at*page : (at+1)*page]
				kind, entries := number.Uint16(hit[8:]), number.Uint16(hit[10:])
				isTried := kind == 1 || kind == 2 && at%5 == 0
				if !isTried || entries == 0 || number.Uint64(hit) != uint64(at) {
					continue
				}
				lie(hit, at)
				broken := filepath.Join(t.TempDir(), "broken.db")
				require.NoError(t, os.WriteFile(broken, damaged, 0o600))
				report, err := boltstore.Check(t.Context(), broken, options(t, 1).Sealer)
				found, salvageErr := salvage(t, broken)
				require.NoError(t, salvageErr)
				if err == nil && report.Total == 0 { // nobody uses the page any more
					require.True(t, found.Whole(), "page %d: %+v", at, found)
					continue
				}
				lied++
			}
			require.Positive(t, lied)
		})
	}
}

// TestWhatAPageHadBeforeIsNotTakenForWhatIsThere turns a pointer to a page that is free, and still has an older form of
// a journey: it could be delivered twice.
func TestWhatAPageHadBeforeIsNotTakenForWhatIsThere(t *testing.T) {
	t.Parallel()
	path := busy(t)
	_, old := roots(t, path)
	s := open(t, path, options(t, 1))
	_, err := s.Update(t.Context(), storetest.Example(1).ID, func(j journey.Journey) (journey.Change, error) {
		j.State = journey.StateReleased
		return journey.Change{Journey: j}, nil
	})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	list, now := roots(t, path)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	page := os.Getpagesize()
	pointer := func(to int) []byte { return binary.NativeEndian.AppendUint64([]byte("journeys"), uint64(to)) }
	at := list*page + bytes.Index(content[list*page:], pointer(now))
	copy(content[at:], pointer(old))
	require.NoError(t, os.WriteFile(path, content, 0o600))
	report, err := boltstore.Check(t.Context(), path, options(t, 1).Sealer)
	require.NoError(t, err)
	require.Contains(t, report.Faults[0], "in use and free")
	found, err := boltstore.Salvage(t.Context(), path, path+".copy", options(t, 1))
	require.NoError(t, err)
	require.Empty(t, found.Lost)
	j, err := open(t, path+".copy", options(t, 1)).Get(t.Context(), storetest.Example(1).ID)
	require.NoError(t, err)
	require.Equal(t, journey.StateReleased, j.State)
}

// roots returns the page that lists the buckets, and the first one of the journeys.
func roots(t *testing.T, path string) (list, journeys int) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, db.View(func(tx *bolt.Tx) error {
		list, journeys = int(tx.Cursor().Bucket().Root()), int(tx.Bucket([]byte("journeys")).Root())
		return nil
	}))
	return list, journeys
}

func TestALostListOfBucketsCostsNoJourney(t *testing.T) {
	t.Parallel()
	path := busy(t)
	list, journeys := roots(t, path)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, at := range []int{list, journeys} {
		damaged, page := slices.Clone(content), os.Getpagesize()
		clear(damaged[at*page : (at+1)*page])
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		found, err := salvage(t, path)
		require.NoError(t, err)
		require.False(t, found.Whole())
		require.Equal(t, salvaged, found.Journeys)
		require.Equal(t, salvaged, found.Requests)
	}
}

func TestAFileWithoutItsFirstPagesCannotBeSalvaged(t *testing.T) {
	t.Parallel()
	path := busy(t)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	clear(content[:2*os.Getpagesize()])
	require.NoError(t, os.WriteFile(path, content, 0o600))
	_, err = salvage(t, path)
	require.ErrorContains(t, err, "is damaged, or not a Paygate store")
}

func TestWhatWasBrokenOffIsNoCopy(t *testing.T) {
	t.Parallel()
	path, to := busy(t), filepath.Join(t.TempDir(), "copy.db")
	require.NoError(t, os.WriteFile(to+".part", []byte("broken off"), 0o600))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := boltstore.Salvage(ctx, path, to, options(t, 1))
	require.ErrorIs(t, err, context.Canceled)
	require.NoFileExists(t, to)
	found, err := boltstore.Salvage(t.Context(), path, to, options(t, 1))
	require.NoError(t, err)
	require.True(t, found.Whole())
	require.NoFileExists(t, to+".part")
	_, err = boltstore.Salvage(t.Context(), path+".missing", to+"2", options(t, 1))
	require.ErrorContains(t, err, "cannot be read")
}

func TestAJourneyThatDoesNotOpenIsSetAsideWithItsPaymentsAndNeverTakenForAnErasedOne(t *testing.T) {
	t.Parallel()
	for _, at := range []int{1, 60} { // in the id of the secret, and in what is sealed
		path, to := newPath(t), filepath.Join(t.TempDir(), "copy.db")
		s := open(t, path, options(t, 1))
		j := storetest.Example(1)
		j.Payments = []journey.Payment{{ID: "pay1"}}
		require.NoError(t, s.Create(t.Context(), j, storetest.Request(1)))
		require.NoError(t, s.Close())
		place(path).Alter(t, "journeys", func(_ string, sealed []byte) []byte {
			sealed[at] ^= 1
			return sealed
		})
		found, err := boltstore.Salvage(t.Context(), path, to, options(t, 1))
		require.NoError(t, err)
		require.Equal(t, []journey.ID{j.ID}, found.Damaged, "byte %d", at)
		require.Zero(t, found.Unlisted)
		s = open(t, to, options(t, 1))
		id, err := s.ByPayment(t.Context(), "pay1")
		require.NoError(t, err, "its payment still leads to it")
		require.Equal(t, j.ID, id)
		request, err := s.Request(t.Context(), j.ID)
		require.NoError(t, err, "a person may need its request")
		require.Equal(t, storetest.Request(1), request)
	}
}

func TestAJourneySalvagedWithoutItsSecretIsCountedOnceItOpens(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path, options(t, 1))
	for n := range 3 {
		require.NoError(t, s.Create(t.Context(), storetest.Example(n), storetest.Request(n)))
	}
	require.NoError(t, s.Close())
	to := filepath.Join(t.TempDir(), "copy.db")
	found, err := boltstore.Salvage(t.Context(), path, to, options(t, 2))
	require.NoError(t, err)
	require.Len(t, found.Damaged, 3)
	s = open(t, to, options(t, 2, 1))
	sumsAreRight := func() {
		all, err := s.List(t.Context(), journey.Filter{})
		require.NoError(t, err)
		kept, err := s.Tallies(t.Context(), time.Time{})
		require.NoError(t, err)
		require.Equal(t, journey.TalliesOf(all), kept)
	}
	sumsAreRight()
	for range 2 {
		_, err = s.Update(t.Context(), found.Damaged[0], func(j journey.Journey) (journey.Change, error) {
			j.State, j.DueAt = journey.StateReleased, time.Time{}
			return journey.Change{Journey: j}, nil
		})
		require.NoError(t, err)
		sumsAreRight()
	}
	require.NoError(t, s.Forget(t.Context(), found.Damaged[1]))
	sumsAreRight()
}

func TestAJourneyThatWasSetAsideAndOpensAgainIsCountedOnce(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path, options(t, 1))
	j := storetest.Example(1)
	j.State, j.DueAt = journey.StateReleased, time.Time{}
	require.NoError(t, s.Create(t.Context(), j, storetest.Request(1)))
	require.NoError(t, s.Close())
	s = open(t, path, options(t, 2))
	_, err := s.Get(t.Context(), j.ID)
	require.ErrorIs(t, err, journey.ErrDamaged)
	require.NoError(t, s.Close())
	s = open(t, path, options(t, 2, 1))
	kept, err := s.Tallies(t.Context(), time.Time{})
	require.NoError(t, err)
	require.Equal(t, journey.TalliesOf([]journey.Journey{j}), kept)
}

func TestAListThatLeadsToThePagesOfAnotherIsNotWhole(t *testing.T) {
	t.Parallel()
	path := busy(t)
	var was, other uint64
	raw(t, path, func(tx *bolt.Tx) error {
		was, other = uint64(tx.Bucket([]byte("audit")).Root()), uint64(tx.Bucket([]byte("requests")).Root())
		return nil
	})
	require.NotZero(t, other)
	file, err := os.ReadFile(path)
	require.NoError(t, err)
	head := func(root uint64) []byte { return binary.NativeEndian.AppendUint64([]byte("audit"), root) }
	require.Contains(t, string(file), string(head(was)))
	require.NoError(t, os.WriteFile(path, bytes.ReplaceAll(file, head(was), head(other)), 0o600))
	found, err := salvage(t, path)
	require.NoError(t, err)
	require.False(t, found.Whole())
	require.Contains(t, checked(t, path).Faults[0], "two lists lead to the same page")
}
