package boltstore_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

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
		found, err := salvage(t, broken)
		if err != nil {
			refused++
			require.ErrorContains(t, err, "the store "+broken)
			continue
		}
		before, err := os.ReadFile(broken)
		require.NoError(t, err)
		require.Equal(t, damaged, before, "the damaged file stays as it was")
		_ = found
	}
	require.Less(t, refused, 20)
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
