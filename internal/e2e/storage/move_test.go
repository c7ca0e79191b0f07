package storage

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
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
	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/pgstore"
	"paygate/journey/seal"
	"paygate/journey/storetest"
)

// sealerOf returns the sealer of a gateway with this secret.
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
	s, err := boltstore.Open(path, boltstore.Options{Sealer: sealerOf(t, testserver.Secret32(1)), NoSync: true})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func postgresAt(t testing.TB, url string) *pgstore.Store {
	t.Helper()
	s, err := pgstore.Open(t.Context(), url, pgstore.Options{Sealer: sealerOf(t, testserver.Secret32(1))})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestMoveCommand runs the scripts in testdata/script-move.
func TestMoveCommand(t *testing.T) {
	t.Parallel()
	server := testpg.Start(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script-move",
		Setup: func(e *testscript.Env) error {
			full := filepath.Join(e.WorkDir, "full.db")
			fillFile(t, full, 33)
			other := boltAt(t, filepath.Join(e.WorkDir, "other.db"))
			require.NoError(t, other.Create(t.Context(), storetest.Example(99), storetest.Request(99)))
			require.NoError(t, other.Close())
			require.NoError(t, boltAt(t, filepath.Join(e.WorkDir, "empty.db")).Close())
			half := boltAt(t, filepath.Join(e.WorkDir, "half.db"))
			_, err := half.UpdateValue(t.Context(), "copy",
				func([]byte) ([]byte, error) { return []byte("unfinished"), nil })
			require.NoError(t, err)
			require.NoError(t, half.Close())
			boltAt(t, filepath.Join(e.WorkDir, "running.db"))
			running := server.Database(t)
			postgresAt(t, running)
			e.Setenv("RUNNING", running)
			e.Setenv("DATABASE", server.Database(t))
			e.Setenv("PAYGATE_SECRETS", testserver.Secret32(1))
			return nil
		},
	})
}

// fillFile creates a store with journeys in every state, a damaged journey and a named value.
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

func TestMoveExitStatus(t *testing.T) {
	t.Parallel()
	full := filepath.Join(t.TempDir(), "full.db")
	fillFile(t, full, 3)
	for _, c := range []struct {
		status  int
		secrets string
		from    string
		to      string
	}{
		{2, testserver.Secret32(1), "", "bbolt:" + full},
		{2, testserver.Secret32(1), "mysql://db", "bbolt:" + full},
		{2, testserver.Secret32(1), "bbolt:" + full, "bbolt:" + full},
		{2, testserver.Secret32(1), "bbolt:" + full, "postgres://db?sslmode=perhaps"},
		{2, "", "bbolt:" + full, "bbolt:" + full + ".new"},
		{1, testserver.Secret32(1), "bbolt:" + full + ".none", "bbolt:" + full + ".new"},
		{0, testserver.Secret32(1), "bbolt:" + full, "bbolt:" + full + ".new"},
	} {
		var output strings.Builder
		status := command.Run(t.Context(), command.Env{
			Environ: []string{"PAYGATE_SECRETS=" + c.secrets}, Stdout: &output, Stderr: &output,
		}, []string{"move", "-from", c.from, "-to", c.to})
		require.Equal(t, c.status, status, output.String())
	}
}

// TestKilledMove kills the real program as soon as it has copied a page: half a copy cannot be used, and
// the same move into an empty store succeeds.
func TestKilledMove(t *testing.T) {
	t.Parallel()
	server := testpg.Start(t)
	folder := t.TempDir()
	binary, full := testserver.BuildBinary(t, "paygate"), filepath.Join(folder, "full.db")
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

	url, back := server.Database(t), filepath.Join(folder, "back.db")
	half := halfACopy(t, binary, "bbolt:"+full, func(int) string { return server.Database(t) })
	requireMoveRefused(t, binary, "bbolt:"+full, half)
	moveAll(t, binary, "bbolt:"+full, url)
	half = halfACopy(t, binary, url, func(n int) string { return fmt.Sprintf("bbolt:%s/half%d.db", folder, n) })
	requireMoveRefused(t, binary, url, half)
	moveAll(t, binary, url, "bbolt:"+back)

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

func moveCommand(binary, from, to string) *exec.Cmd {
	program := exec.Command(binary, "move", "-from", from, "-to", to)
	program.Env = []string{"PAYGATE_SECRETS=" + testserver.Secret32(1)}
	return program
}

// halfACopy returns a new store into which a move was killed. A run that is done before the signal arrives does not
// count.
func halfACopy(t *testing.T, binary, from string, newStore func(int) string) string {
	t.Helper()
	for n := range 10 {
		if to := newStore(n); killedAfterAPage(t, binary, from, to) {
			return to
		}
	}
	t.Fatal("every move was done before it could be killed")
	return ""
}

func killedAfterAPage(t *testing.T, binary, from, to string) bool {
	t.Helper()
	program := moveCommand(binary, from, to)
	messages, err := program.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, program.Start())
	lines := bufio.NewScanner(messages)
	require.True(t, lines.Scan())
	require.Equal(t, "500 journeys copied", lines.Text())
	_ = program.Process.Kill()
	return program.Wait() != nil
}

// runMove waits until the database notices that a killed process is gone.
func runMove(t *testing.T, binary, from, to string) (text string, err error) {
	t.Helper()
	for start := time.Now(); time.Since(start) < testserver.LongTimeout; {
		output, err := moveCommand(binary, from, to).CombinedOutput()
		if text = string(output); !strings.Contains(text, "is in use by another Paygate process") {
			return text, err
		}
	}
	t.Fatal("the database does not notice that the process is gone")
	return "", nil
}

func requireMoveRefused(t *testing.T, binary, from, half string) {
	t.Helper()
	text, err := runMove(t, binary, from, half)
	require.Error(t, err)
	require.Contains(t, text, "the destination is a copy that was interrupted")
}

func moveAll(t *testing.T, binary, from, to string) {
	t.Helper()
	text, err := runMove(t, binary, from, to)
	require.NoError(t, err, text)
	require.Contains(t, text, "Both stores hold the same")
}
