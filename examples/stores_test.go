package examples_test

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"paygate/internal/testenv"
	"paygate/internal/testpg"
	"paygate/journey/pgstore"
	"paygate/journey/seal"
	"paygate/journey/storetest"
)

func TestMain(m *testing.M) { os.Exit(testpg.Main(m)) }

// blocks returns the code blocks of a page of docs/how-to in a language.
func blocks(t *testing.T, page, language string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../docs/how-to", page))
	require.NoError(t, err)
	var found []string
	for _, block := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		found = append(found, block[1])
	}
	require.NotEmpty(t, found)
	return found
}

// statements returns the statements of a block, with another role than "paygate".
func statements(sql, name string) []string {
	var found []string
	for statement := range strings.SplitSeq(strings.ReplaceAll(sql, "paygate", name), ";") {
		if strings.TrimSpace(statement) != "" {
			found = append(found, statement)
		}
	}
	return found
}

// requireStore opens a store.
func requireStore(t *testing.T, address string) *pgstore.Store {
	t.Helper()
	sealer, err := seal.New([][]byte{bytes.Repeat([]byte{1}, 32)})
	require.NoError(t, err)
	s, err := pgstore.Open(t.Context(), address, pgstore.Options{Sealer: sealer, Timeout: time.Minute})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// inDatabase returns the URL of another database on the same server.
func inDatabase(t *testing.T, address, name string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	u.Path = "/" + name
	return u.String()
}

func TestGuideRolesSuffice(t *testing.T) {
	t.Parallel()
	server := testpg.Start(t)
	sql := blocks(t, "stores.md", "sql")
	require.Len(t, sql, 2)

	own := func(name, sql string) {
		for _, statement := range statements(sql, name) {
			server.Do(t, statement)
		}
		t.Cleanup(func() {
			server.Do(t, "DROP DATABASE "+name+" WITH (FORCE)")
			server.Do(t, "DROP ROLE "+name)
		})
		address := inDatabase(t, testpg.As(t, server.Database(t), name, "change-me"), name)
		s := requireStore(t, address)
		require.NoError(t, s.Create(t.Context(), storetest.Example(1), storetest.Request(1)))
	}
	own("of_the_guide", sql[0])
	own("of_compose", readCompose(t).Configs["role"].Content)

	shared := server.Database(t)
	const name = "of_a_schema"
	conn, err := pgx.Connect(t.Context(), testpg.Superuser(t, shared))
	require.NoError(t, err)
	defer conn.Close(context.Background())
	for _, statement := range statements(sql[1], name) {
		_, err := conn.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
	s := requireStore(t, testpg.As(t, shared, name, "change-me"))
	require.NoError(t, s.Create(t.Context(), storetest.Example(1), storetest.Request(1)))
	require.NoError(t, s.Close())
	var schema string
	require.NoError(t, conn.QueryRow(t.Context(),
		`SELECT schemaname FROM pg_tables WHERE tablename = 'paygate_journeys'`).Scan(&schema))
	require.Equal(t, name, schema)
	for _, statement := range []string{"DROP OWNED BY " + name, "DROP ROLE " + name} {
		_, err := conn.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
}

// TestGuideBackupCommands dumps a database, changes it, and restores it, with the commands of the guide.
func TestGuideBackupCommands(t *testing.T) {
	t.Parallel()
	installed(t, "pg_dump")
	address := testpg.Start(t).Database(t)
	s := requireStore(t, address)
	require.NoError(t, s.Create(t.Context(), storetest.Example(1), storetest.Request(1)))
	folder := t.TempDir()
	shell(t, folder, address, line(t, "pg_dump"))

	require.NoError(t, s.Create(t.Context(), storetest.Example(2), storetest.Request(2)))
	require.NoError(t, s.Forget(t.Context(), storetest.Example(1).ID))
	require.NoError(t, s.Close())
	shell(t, folder, address, line(t, "pg_restore"))

	s = requireStore(t, address)
	j, err := s.Get(t.Context(), storetest.Example(1).ID)
	require.NoError(t, err)
	require.Equal(t, storetest.Example(1), j)
	_, err = s.Request(t.Context(), j.ID)
	require.NoError(t, err)
	_, err = s.Get(t.Context(), storetest.Example(2).ID)
	require.Error(t, err)
}

// line returns the line of the guide that begins with a word.
func line(t *testing.T, begins string) string {
	t.Helper()
	for line := range strings.Lines(strings.Join(blocks(t, "backup.md", "sh"), "")) {
		if strings.HasPrefix(line, begins+" ") {
			return line
		}
	}
	t.Fatal("the guide has no such line")
	return ""
}

func shell(t *testing.T, folder, store, line string) {
	t.Helper()
	sh := exec.Command("sh", "-c", line)
	sh.Dir, sh.Env = folder, append(os.Environ(), "PAYGATE_STORE="+store)
	output, err := sh.CombinedOutput()
	require.NoError(t, err, string(output))
}

// installed returns the path of a program, which may be outside the PATH of the user.
func installed(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
		if found, _ := filepath.Glob("/usr/sbin/" + name); len(found) > 0 {
			return found[len(found)-1]
		}
	}
	testenv.Missing(t, names[0]+" is not installed")
	return ""
}
