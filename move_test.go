package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paygate/gateway/command"
	"paygate/internal/testpg"
	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/pgstore"
	"paygate/journey/seal"
	"paygate/journey/storetest"
)

// sealerOf seals as a gateway does that has this secret in its settings.
func sealerOf(t testing.TB, secret string) *seal.Sealer {
	t.Helper()
	key, err := base64.RawURLEncoding.DecodeString(secret)
	require.NoError(t, err)
	sealer, err := seal.New([][]byte{key})
	require.NoError(t, err)
	return sealer
}

func boltAt(t testing.TB, path string) *boltstore.Store {
	t.Helper()
	s, err := boltstore.Open(path, boltstore.Options{Sealer: sealerOf(t, secret32(1)), NoSync: true})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func postgresAt(t testing.TB, url string) *pgstore.Store {
	t.Helper()
	s, err := pgstore.Open(t.Context(), url, pgstore.Options{Sealer: sealerOf(t, secret32(1))})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestMovingFromTheCommandLine runs the scripts in testdata/script-move with the real program, files and a server.
func TestMovingFromTheCommandLine(t *testing.T) {
	t.Parallel()
	server := testpg.Start(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script-move",
		Setup: func(e *testscript.Env) error {
			full := filepath.Join(e.WorkDir, "full.db")
			fillFile(t, full, 33)
			foreign := boltAt(t, filepath.Join(e.WorkDir, "foreign.db"))
			require.NoError(t, foreign.Create(t.Context(), storetest.Example(99), storetest.Request(99)))
			require.NoError(t, foreign.Close())
			require.NoError(t, boltAt(t, filepath.Join(e.WorkDir, "empty.db")).Close())
			half := boltAt(t, filepath.Join(e.WorkDir, "half.db"))
			_, err := half.UpdateValue(t.Context(), "copy", func([]byte) ([]byte, error) { return []byte("unfinished"), nil })
			require.NoError(t, err)
			require.NoError(t, half.Close())
			boltAt(t, filepath.Join(e.WorkDir, "running.db"))
			running := server.Database(t)
			postgresAt(t, running)
			e.Setenv("RUNNING", running)
			e.Setenv("DATABASE", server.Database(t))
			e.Setenv("PAYGATE_SECRETS", secret32(1))
			return nil
		},
	})
}

// fillFile makes a store with journeys in every state, one of which is damaged besides, and a named value.
func fillFile(t testing.TB, path string, journeys int) {
	t.Helper()
	s := boltAt(t, path)
	storetest.Fill(t, s, journeys)
	_, err := s.UpdateValue(t.Context(), "signing keys", func([]byte) ([]byte, error) { return []byte("keys"), nil })
	require.NoError(t, err)
	require.NoError(t, s.Close())
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoSync: true})
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bolt.Tx) error {
		return tx.Bucket([]byte("damaged")).Put([]byte("01DAMAGEDJOURNEY"), []byte("no journey"))
	}))
	require.NoError(t, db.Close())
}

func TestMovingEndsWithAStatusThatScriptsCanGoBy(t *testing.T) {
	t.Parallel()
	full := filepath.Join(t.TempDir(), "full.db")
	fillFile(t, full, 3)
	for _, c := range []struct {
		status  int
		secrets string
		from    string
		to      string
	}{
		{2, secret32(1), "", "bbolt:" + full},
		{2, secret32(1), "mysql://db", "bbolt:" + full},
		{2, secret32(1), "bbolt:" + full, "bbolt:" + full},
		{2, secret32(1), "bbolt:" + full, "postgres://db?sslmode=perhaps"},
		{2, "", "bbolt:" + full, "bbolt:" + full + ".new"},
		{1, secret32(1), "bbolt:" + full + ".none", "bbolt:" + full + ".new"},
		{0, secret32(1), "bbolt:" + full, "bbolt:" + full + ".new"},
	} {
		var said strings.Builder
		status := command.Run(t.Context(), command.Env{Environ: []string{"PAYGATE_SECRETS=" + c.secrets}, Stdout: &said, Stderr: &said},
			[]string{"move", "-from", c.from, "-to", c.to})
		require.Equal(t, c.status, status, said.String())
	}
}

// TestMovingSurvivesBeingKilled kills the real program as soon as it has copied a page, again and again, and goes on.
func TestMovingSurvivesBeingKilled(t *testing.T) {
	t.Parallel()
	url := testpg.Start(t).Database(t)
	folder := t.TempDir()
	binary, full := compile(t, "."), filepath.Join(folder, "full.db")
	const journeys = 2600 // six pages
	source := boltAt(t, full)
	var all sync.WaitGroup
	for n := range journeys {
		all.Go(func() {
			if err := source.Create(context.Background(), storetest.Example(n), storetest.Request(n)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.NoError(t, source.Close())

	back := filepath.Join(folder, "back.db")
	for _, way := range [][2]string{{"bbolt:" + full, url}, {url, "bbolt:" + back}} {
		kills := 0
		for moveAndKill(t, binary, way[0], way[1]) {
			kills++
		}
		require.NotZero(t, kills) // how far a run gets before the signal arrives is the machine's business
	}
	there := boltAt(t, back)
	count, err := there.CountOpen(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[journey.State]int{journey.StateHeld: journeys}, count)
	for _, n := range []int{0, 500, 1000, 1700, journeys - 1} {
		j, err := there.Get(t.Context(), storetest.Example(n).ID)
		require.NoError(t, err)
		require.Equal(t, storetest.Example(n), j)
		request, err := there.Request(t.Context(), j.ID)
		require.NoError(t, err)
		require.Equal(t, storetest.Request(n), request)
	}
}

// moveAndKill kills the program when it has copied a page, and answers false when it had none left to copy.
func moveAndKill(t *testing.T, binary, from, to string) bool {
	t.Helper()
	for start := time.Now(); time.Since(start) < ample; { // the database notices a little later that a process is gone
		program := exec.Command(binary, "move", "-from", from, "-to", to)
		program.Env = []string{"PAYGATE_SECRETS=" + secret32(1)}
		said, err := program.StderrPipe()
		require.NoError(t, err)
		require.NoError(t, program.Start())
		lines := bufio.NewScanner(said)
		var text strings.Builder
		for lines.Scan() {
			text.WriteString(lines.Text() + "\n")
			if strings.HasSuffix(lines.Text(), "journeys copied") {
				require.NoError(t, program.Process.Kill())
				_ = program.Wait()
				return true
			}
		}
		err = program.Wait()
		if err == nil {
			return false
		}
		require.Contains(t, text.String(), "is in use by another Paygate process")
	}
	t.Fatal("the database does not see that the process is gone")
	return false
}
