package pgstore_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"paygate/internal/testpg"
	"paygate/journey"
	"paygate/journey/pgstore"
	"paygate/journey/seal"
	"paygate/journey/storetest"
)

func TestMain(m *testing.M) { os.Exit(testpg.Main(m)) }

// options are those of a store whose secrets consist of these bytes, repeated.
func options(t testing.TB, secrets ...byte) pgstore.Options {
	t.Helper()
	return pgOptions(t, storetest.Under(secrets...))
}

// pgOptions has a long timeout, so that no test depends on speed.
func pgOptions(t testing.TB, o storetest.Options) pgstore.Options {
	t.Helper()
	sealer, err := seal.New(o.Secrets)
	require.NoError(t, err)
	return pgstore.Options{Sealer: o.Watch(sealer), Now: o.Now, Log: o.Log, Timeout: time.Minute}
}

func open(t testing.TB, url string, o pgstore.Options) *pgstore.Store {
	t.Helper()
	s, err := pgstore.Open(t.Context(), url, o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newURL(t testing.TB) string {
	t.Helper()
	return testpg.Start(t).Database(t)
}

// filled is a database with twenty journeys.
func filled(t testing.TB) string {
	t.Helper()
	url := newURL(t)
	s := open(t, url, options(t, 1))
	for n := range 20 {
		require.NoError(t, s.Create(t.Context(), storetest.Example(n), storetest.Request(n)))
	}
	require.NoError(t, s.Close())
	return url
}

// raw runs a statement without the store.
func raw(t testing.TB, url, statement string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), statement, args...)
	require.NoError(t, err)
}

// ask reads one value without the store.
func ask[T any](t testing.TB, url, query string, args ...any) (answer T) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	require.NoError(t, conn.QueryRow(t.Context(), query, args...).Scan(&answer))
	return answer
}

func touch(t testing.TB, s journey.Store, id journey.ID, do func(*journey.Change)) {
	t.Helper()
	_, err := s.Update(t.Context(), id, func(j journey.Journey) (journey.Change, error) {
		c := journey.Change{Journey: j}
		do(&c)
		return c, nil
	})
	require.NoError(t, err)
}

func TestAsAStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Place { return place(newURL(t)) })
}

// place is the URL of a database.
type place string

func (p place) Open(t *testing.T, o storetest.Options) (storetest.Store, error) {
	t.Helper()
	s, err := pgstore.Open(context.Background(), string(p), pgOptions(t, o))
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (place) Replicas() int { return 2 }

func (p place) Alter(t *testing.T, what string, change func(name string, stored []byte) []byte) {
	t.Helper()
	columns := map[string][2]string{
		"journeys": {"id", "sealed"}, "requests": {"journey_id", "sealed"}, "replies": {"journey_id", "sealed"},
		"payments": {"id", "journey_id"}, "values": {"name", "sealed"},
	}[what]
	conn, err := pgx.Connect(t.Context(), string(p))
	require.NoError(t, err)
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), fmt.Sprintf(`SELECT %s, %s FROM paygate_%s`, columns[0], columns[1], what))
	require.NoError(t, err)
	type entry struct {
		Name   string
		Stored []byte
	}
	entries, err := pgx.CollectRows(rows, pgx.RowToStructByPos[entry])
	require.NoError(t, err)
	var altered pgx.Batch
	for _, e := range entries {
		update := fmt.Sprintf(`UPDATE paygate_%s SET %s = $2 WHERE %s = $1`, what, columns[1], columns[0])
		altered.Queue(update, e.Name, change(e.Name, e.Stored))
	}
	require.NoError(t, conn.SendBatch(t.Context(), &altered).Close())
}

func TestOpenWithDefaultOptions(t *testing.T) {
	t.Parallel()
	url := newURL(t)
	s := open(t, url, pgstore.Options{Sealer: options(t, 1).Sealer})
	require.NoError(t, s.Create(t.Context(), storetest.Example(1), storetest.Request(1)))
	require.NoError(t, s.Ready(t.Context()))
	_, err := pgstore.Open(t.Context(), url, pgstore.Options{})
	require.ErrorContains(t, err, "sealer")
}

// Personal data must not be readable in a dump, and a guess must not find it there.
func TestTablesContainNothingPersonal(t *testing.T) {
	t.Parallel()
	url := newURL(t)
	s := open(t, url, options(t, 1))
	j := storetest.Example(1)
	j.Terms.Reference, j.Payments = "Ann Jones", []journey.Payment{{ID: "pay1"}}
	require.NoError(t, s.Create(t.Context(), j, storetest.Request(1)))
	touch(t, s, j.ID, func(c *journey.Change) {
		c.Journey.ReplyUntil, c.Reply = storetest.T0, &journey.Reply{Status: 200, Body: []byte("Dear Ann")}
	})
	_, err := s.UpdateValue(t.Context(), "signing keys", func([]byte) ([]byte, error) {
		return []byte("private key"), nil
	})
	require.NoError(t, err)
	_, err = s.FirstSight(t.Context(), "webhook", storetest.T0.Add(time.Hour))
	require.NoError(t, err)
	all := dump(t, url)
	require.Contains(t, all, "licence", "the route is searched for")
	require.Contains(t, all, "pay1")
	for _, personal := range []string{
		"ann@example.org", "/licences/apply", "Ann", "ann jones", "LIC-", "Fishing", "boundary", "192.0.2.1",
		"private key", "webhook",
	} {
		require.NotContains(t, all, personal)
	}
}

// dump returns every row of every table as text, with bytes as they are.
func dump(t testing.TB, url string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(tables), 9)
	var text strings.Builder
	for _, table := range tables {
		rows, err := conn.Query(t.Context(), "SELECT * FROM "+table)
		require.NoError(t, err)
		for rows.Next() {
			values, err := rows.Values()
			require.NoError(t, err)
			for _, value := range values {
				if content, ok := value.([]byte); ok {
					text.Write(content)
				} else {
					fmt.Fprintln(&text, value)
				}
			}
		}
		require.NoError(t, rows.Err())
	}
	return text.String()
}

func TestReplicasLoseNoUpdate(t *testing.T) {
	t.Parallel()
	url := filled(t)
	id := storetest.Example(1).ID
	var both sync.WaitGroup
	for range 2 {
		s := open(t, url, options(t, 1))
		for range 10 {
			both.Go(func() {
				for range 10 {
					_, err := s.Update(context.Background(), id, func(j journey.Journey) (journey.Change, error) {
						j.Failures++
						j.Payments = append(j.Payments, journey.Payment{ID: fmt.Sprint("pay", j.Failures)})
						return journey.Change{Journey: j}, nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	both.Wait()
	s := open(t, url, options(t, 1))
	j, err := s.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, 200, j.Failures)
	require.Equal(t, 200, ask[int](t, url, `SELECT count(*) FROM paygate_payments WHERE journey_id = $1`, id))
}
