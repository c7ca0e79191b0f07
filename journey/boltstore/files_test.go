package boltstore_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/storetest"
)

func TestUnusableFilesAreRefusedInPlainWords(t *testing.T) {
	t.Parallel()
	cut := func(size int64) func(*testing.T, string) {
		return func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, size)) }
	}
	replace := func(content string) func(*testing.T, string) {
		return func(t *testing.T, path string) { require.NoError(t, os.WriteFile(path, []byte(content), 0o600)) }
	}
	for name, c := range map[string]struct {
		spoil func(t *testing.T, path string)
		says  string
	}{
		"empty":          {cut(0), "empty file"},
		"cut":            {cut(8192), "cut off"},
		"cut in a page":  {cut(5000), "cut off"},
		"cut to a stump": {cut(10), "not a Paygate store"},
		"a text":         {replace(string(bytes.Repeat([]byte("text "), 5000))), "not a Paygate store"},
		"a short text":   {replace("x"), "not a Paygate store"},
		"zeros":          {replace(string(make([]byte, 1<<16))), "not a Paygate store"},
		"a folder": {func(t *testing.T, path string) {
			require.NoError(t, os.Remove(path))
			require.NoError(t, os.Mkdir(path, 0o700))
		}, "is a folder"},
		"a pipe": {func(t *testing.T, path string) {
			require.NoError(t, os.Remove(path))
			require.NoError(t, syscall.Mkfifo(path, 0o600))
		}, "not a regular file"},
		"both metas damaged": {func(t *testing.T, path string) {
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			content[20]++
			content[os.Getpagesize()+20]++
			require.NoError(t, os.WriteFile(path, content, 0o600))
		}, "not a Paygate store"},
		"newer": {func(t *testing.T, path string) {
			setSchema(t, path, "99")
		}, "newer version"},
		"a layout that is none": {func(t *testing.T, path string) {
			setSchema(t, path, "x")
		}, "not a Paygate store"},
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
	_, err = boltstore.Open(filepath.Join(filled(t), "below a file.db"), options(t, 1))
	require.ErrorContains(t, err, "not a directory")
}

func setSchema(t *testing.T, path, schema string) {
	t.Helper()
	raw(t, path, func(tx *bolt.Tx) error { return tx.Bucket([]byte("meta")).Put([]byte("schema"), []byte(schema)) })
}

// Version 1 refuses the upgraded file, because it would drop the fields that it does not know.
func TestOlderFileIsUpgraded(t *testing.T) {
	t.Parallel()
	for layout, missing := range map[string][]string{
		"1": {"early", "find", "fields", "lists", "tallies"},
		"2": {"find", "fields", "lists", "tallies"}, "3": {"lists", "tallies"}, "4": {"tallies"},
	} {
		path := filled(t)
		raw(t, path, func(tx *bolt.Tx) error {
			for _, bucket := range missing {
				require.NoError(t, tx.DeleteBucket([]byte(bucket)))
			}
			return tx.Bucket([]byte("meta")).Put([]byte("schema"), []byte(layout))
		})
		require.Equal(t, boltstore.Report{Journeys: 20, Open: 20, Requests: 20}, checked(t, path))
		s := open(t, path, options(t, 1))
		wanted := storetest.Example(7)
		found, err := s.List(t.Context(), journey.Filter{Find: wanted.Terms.Reference})
		require.NoError(t, err)
		require.Equal(t, wanted.ID, found[0].ID)
		found, err = s.List(t.Context(), journey.Filter{Route: wanted.Terms.Route})
		require.NoError(t, err)
		require.Len(t, found, 20)
		tallies, err := s.Tallies(t.Context(), storetest.T0)
		require.NoError(t, err)
		require.Equal(t, int64(20), tallies[0].Journeys)
		require.NoError(t, s.Close())
		raw(t, path, func(tx *bolt.Tx) error {
			require.Equal(t, "5", string(tx.Bucket([]byte("meta")).Get([]byte("schema"))))
			return nil
		})
	}
}

// A start that stopped while it indexed older journeys goes on after the last one.
func TestIndexingGoesOnAfterAnInterruption(t *testing.T) {
	t.Parallel()
	path := filled(t)
	raw(t, path, func(tx *bolt.Tx) error {
		require.NoError(t, tx.DeleteBucket([]byte("find")))
		_, err := tx.CreateBucket([]byte("find"))
		require.NoError(t, err)
		return tx.Bucket([]byte("meta")).Put([]byte("indexed"), append([]byte{0}, storetest.Example(4).ID...))
	})
	s := open(t, path, options(t, 1))
	for n, wanted := range map[int]int{4: 0, 5: 1, 19: 1} {
		found, err := s.List(t.Context(), journey.Filter{Find: storetest.Example(n).Terms.Reference})
		require.NoError(t, err)
		require.Len(t, found, wanted, "%d", n)
	}
	require.NoError(t, s.Close())
	raw(t, path, func(tx *bolt.Tx) error {
		require.Nil(t, tx.Bucket([]byte("meta")).Get([]byte("indexed")))
		return nil
	})
}

func TestFileOfAnotherProgramIsLeftAlone(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	raw(t, path, func(tx *bolt.Tx) error {
		_, err := tx.CreateBucket([]byte("theirs"))
		return err
	})
	_, err := boltstore.Open(path, options(t, 1))
	require.ErrorContains(t, err, "is not a Paygate store")
	raw(t, path, func(tx *bolt.Tx) error {
		return tx.ForEach(func(name []byte, _ *bolt.Bucket) error {
			require.Equal(t, "theirs", string(name))
			return nil
		})
	})
}

func TestFileOfAnotherUserIsRefused(t *testing.T) {
	t.Parallel()
	path, folder := filled(t), t.TempDir()
	for _, closed := range []string{path, folder} {
		require.NoError(t, os.Chmod(closed, 0))
		t.Cleanup(func() { require.NoError(t, os.Chmod(closed, 0o700)) })
	}
	var errs [2]error
	asOtherUser(func() {
		_, errs[0] = boltstore.Open(path, options(t, 1))
		_, errs[1] = boltstore.Open(filepath.Join(folder, "paygate.db"), options(t, 1))
	})
	for _, err := range errs {
		require.Error(t, err)
		require.Regexp(t, "may not be read and written by this user|permission denied", err.Error())
	}
}

// asOtherUser runs work with the rights of the user nobody, even if root runs the tests.
func asOtherUser(work func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if os.Geteuid() == 0 {
			runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
			_ = syscall.Setfsuid(65534)
		}
		work()
	}()
	<-done
}

func TestSecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	path := filled(t)
	first := open(t, path, options(t, 1))
	_, err := boltstore.Open(path, options(t, 1))
	require.ErrorContains(t, err, "in use by another Paygate process")
	require.NoError(t, first.Ready(t.Context()), "the first one goes on")
	require.NoError(t, first.Close())
	open(t, path, options(t, 1))
}

// TestDamagedFileIsRefusedOrTellsTheTruth changes bytes all over a store. It must open or be refused, and never crash.
// What it then says must be what was written, or that it does not know; and if it does not know, Check must have said
// so.
func TestDamagedFileIsRefusedOrTellsTheTruth(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile(filled(t))
	require.NoError(t, err)
	page := os.Getpagesize()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var places []int
	for at := 0; at < len(good); at += page {
		for range 6 {
			places = append(places, at+random.IntN(96)) // headers and elements
		}
		places = append(places, at+random.IntN(page), at+random.IntN(page))
	}
	refused := 0
	for _, at := range places {
		bad := bytes.Clone(good)
		bad[at] ^= 1 << random.IntN(8)
		path := newPath(t)
		require.NoError(t, os.WriteFile(path, bad, 0o600))
		report, checkErr := boltstore.Check(t.Context(), path, options(t, 1).Sealer)
		if isBranch(good, page, at) { // bbolt follows its branches where they lead, even in a circle
			continue
		}
		s, err := boltstore.Open(path, options(t, 1))
		if err != nil {
			require.ErrorContains(t, err, path, "byte %d", at)
			refused++
			require.NoError(t, os.WriteFile(path, good, 0o600))
			require.NoError(t, open(t, path, options(t, 1)).Close(), "byte %d: the refused file is still locked", at)
			continue
		}
		knowsAll := readsTruth(t, s, at)
		require.NoError(t, s.Close())
		require.True(t, knowsAll || checkErr != nil || report.Total > 0, "byte %d: Check found nothing", at)
	}
	require.NotZero(t, refused)
	require.Less(t, refused, len(places))
}

func isBranch(file []byte, page, at int) bool { return file[at/page*page+8] == 1 }

// readsTruth reports whether everything could be read.
func readsTruth(t *testing.T, s *boltstore.Store, at int) bool {
	t.Helper()
	complete := true
	for n := range 20 {
		wanted := storetest.Example(n)
		j, err := s.Get(t.Context(), wanted.ID)
		if err == nil {
			require.Equal(t, wanted, j, "byte %d", at)
		}
		r, requestErr := s.Request(t.Context(), wanted.ID)
		if requestErr == nil {
			require.Equal(t, storetest.Request(n), r, "byte %d", at)
		}
		complete = complete && err == nil && requestErr == nil
	}
	all, err := s.List(t.Context(), journey.Filter{})
	for _, j := range all {
		require.Equal(t, storetest.Example(int(j.StartedAt.Sub(storetest.T0).Seconds())), j, "byte %d", at)
	}
	return complete && err == nil && len(all) == 20
}

// TestUnreadablePageEndsWriting makes one page after the other unreadable.
func TestUnreadablePageEndsWriting(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile(filled(t))
	require.NoError(t, err)
	ended := 0
	for start := 2 * os.Getpagesize(); start < len(good); start += os.Getpagesize() {
		bad := bytes.Clone(good)
		bad[start+8] ^= 0x40 // the page's type
		path := newPath(t)
		require.NoError(t, os.WriteFile(path, bad, 0o600))
		s, err := boltstore.Open(path, options(t, 1))
		if err != nil {
			require.ErrorContains(t, err, "damaged in its structure")
			continue
		}
		for n := range 20 {
			_, err := s.Update(t.Context(), storetest.Example(n).ID, func(j journey.Journey) (journey.Change, error) {
				j.State = journey.StateAbandoned
				return journey.Change{Journey: j}, nil
			})
			if err != nil {
				require.ErrorContains(t, err, "damaged")
			}
			if err != nil && !errors.Is(err, journey.ErrDamaged) {
				ended++
				require.ErrorContains(t, s.Ready(t.Context()), "damaged in its structure")
			}
		}
		require.NoError(t, s.Close())
	}
	require.NotZero(t, ended)
}

// The tests below run this test binary once more, as a process that is killed or has little disk space.
const (
	childPath     = "PAYGATE_TEST_STORE"
	childFullDisk = "PAYGATE_TEST_FULL_DISK"
)

func TestConfirmedWritesSurviveAKill(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	child := exec.Command(os.Args[0], "-test.run=^TestWritesUntilKilled$")
	child.Env = append(os.Environ(), childPath+"="+path)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	last := -1
	for lines := bufio.NewScanner(out); lines.Scan() && last < 60; {
		n, err := strconv.Atoi(lines.Text())
		require.NoError(t, err)
		last = n
	}
	require.NoError(t, child.Process.Kill())
	require.Error(t, child.Wait())
	require.Equal(t, 60, last)

	s := open(t, path, options(t, 1))
	for n := range last + 1 {
		j, err := s.Get(t.Context(), storetest.Example(n).ID)
		require.NoError(t, err)
		require.Equal(t, storetest.Example(n), j)
		_, err = s.Request(t.Context(), j.ID)
		require.NoError(t, err)
	}
}

func TestWritesUntilKilled(t *testing.T) {
	path := os.Getenv(childPath)
	if path == "" || os.Getenv(childFullDisk) != "" {
		return // nothing by itself: the other half of the test above
	}
	o := options(t, 1)
	o.NoSync = false
	s := open(t, path, o)
	for n := 0; ; n++ {
		require.NoError(t, s.Create(t.Context(), storetest.Example(n), storetest.Request(n)))
		if _, err := fmt.Println(n); err != nil {
			return
		}
	}
}
