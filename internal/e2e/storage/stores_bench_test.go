package storage

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"paygate/gateway/config"
	"paygate/internal/testpg"
	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/move"
	"paygate/journey/pgstore"
	"paygate/journey/storetest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

var (
	stored   = flag.Int("stored", 10_000, "how many journeys the larger stores of BenchmarkStores have")
	database = flag.String("database", "",
		"a postgres:// URL for BenchmarkStores; without it a throw-away server that never syncs")
)

// few is how many journeys the smaller stores have.
const few = 1000

// BenchmarkStores measures both stores in one table: journeys a second by one replica and two; how long it takes to
// list and read the hundred journeys that are due, and how long a paid citizen who comes back waits, among few journeys
// and among many. The figure "times" is two replicas by one, and many by few.
func BenchmarkStores(b *testing.B) {
	for _, kind := range []string{config.Bbolt, config.Postgres} {
		b.Run(kind+"/journeys", func(b *testing.B) { journeysASecond(b, kind) })
		b.Run(kind+"/among-many", func(b *testing.B) { amongMany(b, kind) })
	}
}

func journeysASecond(b *testing.B, kind string) {
	one := 0.0
	for _, n := range map[string][]int{config.Bbolt: {1}, config.Postgres: {1, 2}}[kind] {
		b.Run(fmt.Sprintf("replicas=%d", n), func(b *testing.B) {
			rate := NewClusterOn(b, newStore(b, kind), testserver.Confirm).journeysASecond(b, n)
			b.ReportMetric(rate, "journeys/s")
			if n == 1 {
				one = rate
			} else {
				b.ReportMetric(rate/one, "times")
			}
		})
	}
}

func replicaSettings(store string) []string {
	return []string{"PAYGATE_STORE=" + store, "PAYGATE_PAY_RATE_TOTAL=1000"}
}

const citizensAtOnce = 16

// journeysASecond takes b.N citizens from the form to the service's own answer, by n replicas. Where there are several,
// no citizen comes back to the one that they left.
func (w *Cluster) journeysASecond(b *testing.B, n int) float64 {
	var replicas []*testserver.Replica
	for range n {
		replicas = append(replicas, w.starts())
	}
	transport := &http.Transport{MaxIdleConnsPerHost: citizensAtOnce}
	b.Cleanup(transport.CloseIdleConnections)
	clients := make([]*http.Client, b.N)
	for i := range clients {
		jar, err := cookiejar.New(nil)
		require.NoError(b, err)
		clients[i] = &http.Client{Jar: jar, Transport: transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	b.ResetTimer()
	together(b, func(i int) error {
		_, err := sentTo(clients[i], http.MethodPost, replicas[i%n].URL+"/licences/apply", "/secure/")
		return err
	})
	b.StopTimer()
	for _, p := range w.pay.Payments() {
		require.NoError(b, w.pay.Pay(p.ID, "success"))
	}
	b.StartTimer()
	together(b, func(i int) error {
		back := replicas[(i+1)%n].URL
		held, err := sentTo(clients[i], http.MethodGet, back+"/_pay/return", testserver.ReplyMarker)
		if err == nil {
			_, err = sentTo(clients[i], http.MethodGet, back+held, "confirmation")
		}
		return err
	})
	return float64(b.N) / b.Elapsed().Seconds()
}

// together does a thing b.N times, by many at once.
func together(b *testing.B, do func(i int) error) {
	b.Helper()
	var next atomic.Int64
	var all sync.WaitGroup
	for range citizensAtOnce {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < b.N; i = int(next.Add(1)) - 1 {
				if err := do(i); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	if b.Failed() {
		b.FailNow()
	}
}

// sentTo expects a redirect to an address with this in it, and says where.
func sentTo(client *http.Client, method, target, wanted string) (string, error) {
	r, err := http.NewRequest(method, target,
		strings.NewReader(url.Values{"name": {"Ann"}, "email": {"ann@example.org"}}.Encode()))
	if err != nil {
		return "", err
	}
	r.Host = "licences.test" // as all replicas are called
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	to := answer.Header.Get("Location")
	if !strings.Contains(to, wanted) {
		return "", errors.Join(fmt.Errorf("%s to %q: %s", answer.Status, to, text), err)
	}
	return to, err
}

func amongMany(b *testing.B, kind string) {
	small, large := newStore(b, kind), newStore(b, kind)
	for store, size := range map[string]int{small: few, large: *stored} {
		fillStore(b, store, size)
		settle(b, store)
	}
	b.Run(fmt.Sprintf("sweep/stored=%d", *stored), func(b *testing.B) { inTurn(b, sweeps(b, small), sweeps(b, large)) })
	b.Run(fmt.Sprintf("return/stored=%d", *stored),
		func(b *testing.B) { inTurn(b, returns(b, small), returns(b, large)) })
}

// inTurn measures the same thing among few and among many, one after the other again and again, so that whatever else
// the machine does slows down both alike.
func inTurn(b *testing.B, few, many func() time.Duration) {
	var amongFew, amongMany durations
	for b.Loop() {
		amongFew = append(amongFew, few())
		amongMany = append(amongMany, many())
	}
	b.ReportMetric(amongFew.milliseconds(50), "ms/few")
	b.ReportMetric(amongMany.milliseconds(50), "ms/many")
	b.ReportMetric(amongMany.milliseconds(95), "ms/many-p95")
	b.ReportMetric(amongMany.milliseconds(50)/amongFew.milliseconds(50), "times")
}

// durations of the same thing.
type durations []time.Duration

// milliseconds is how long so many in a hundred took at most.
func (d durations) milliseconds(percent int) float64 {
	slices.Sort(d)
	return float64(d[(len(d)-1)*percent/100].Microseconds()) / 1000
}

// sweeps lists what is due and reads it, as a sweep does.
func sweeps(b *testing.B, store string) func() time.Duration {
	s := openDirectly(b, store)
	b.Cleanup(func() { _ = s.Close() })
	return func() time.Duration {
		began := time.Now()
		due, err := s.Due(b.Context(), storetest.T0.Add(24*time.Hour), journey.Due{}, 500)
		if err != nil || len(due) != 100 {
			b.Fatal(len(due), err)
		}
		for _, d := range due {
			if _, err := s.Get(b.Context(), d.ID); err != nil {
				b.Fatal(err)
			}
		}
		return time.Since(began)
	}
}

// returns is a paid citizen who comes back: asked, claimed, delivered, captured, all stored, and shown.
func returns(b *testing.B, store string) func() time.Duration {
	h := testserver.New(b, testserver.Confirm, replicaSettings(store)...)
	return func() time.Duration {
		c := h.Citizen()
		c.Post("/licences/apply", url.Values{"name": {"Ann"}})
		h.EndPayment("success")
		began := time.Now()
		if p := c.Get(c.Get("/_pay/return").Location()); !strings.Contains(p.Location(), "confirmation") {
			b.Fatal(p.Status, p.Text)
		}
		return time.Since(began)
	}
}

// newStore is a new and empty one, as PAYGATE_STORE names it.
func newStore(b *testing.B, kind string) string {
	b.Helper()
	switch {
	case kind == config.Bbolt:
		return "bbolt:" + filepath.Join(b.TempDir(), "paygate.db")
	case *database == "":
		return testpg.Start(b).Database(b)
	default:
		return newSchema(b)
	}
}

var schemas atomic.Int64

// newSchema makes a schema of its own in the database that was given.
func newSchema(b *testing.B) string {
	b.Helper()
	name := fmt.Sprintf("paygate_bench_%d_%d", time.Now().UnixNano(), schemas.Add(1))
	run := func(statement string) {
		conn, err := pgx.Connect(context.Background(), *database)
		require.NoError(b, err)
		defer conn.Close(context.Background())
		_, err = conn.Exec(context.Background(), statement)
		require.NoError(b, err)
	}
	run("CREATE SCHEMA " + name)
	b.Cleanup(func() { run("DROP SCHEMA " + name + " CASCADE") })
	u, err := url.Parse(*database)
	require.NoError(b, err)
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String()
}

// directStore is a store without a gateway.
type directStore interface {
	journey.Store
	move.Store
	Close() error
}

func openDirectly(b *testing.B, store string) directStore {
	b.Helper()
	sealer := sealerOf(b, testserver.Secret32(1))
	if path, isFile := strings.CutPrefix(store, "bbolt:"); isFile {
		s, err := boltstore.Open(path, boltstore.Options{Sealer: sealer, NoSync: true})
		require.NoError(b, err)
		return s
	}
	s, err := pgstore.Open(b.Context(), store, pgstore.Options{Sealer: sealer, Timeout: time.Minute})
	require.NoError(b, err)
	return s
}

// fillStore makes n journeys, all but the first hundred at rest and due only after years.
func fillStore(b *testing.B, store string, n int) {
	b.Helper()
	s := openDirectly(b, store)
	defer s.Close()
	for from := 0; from < n; from += 500 {
		var page []journey.Record
		for i := from; i < min(n, from+500); i++ {
			j := storetest.Example(i)
			j.Payments = []journey.Payment{{ID: fmt.Sprintf("stored-%d", i), CreatedAt: j.StartedAt,
				ReadAt: j.StartedAt, Status: "success", Money: 2500}}
			if i >= 100 {
				j.State, j.DueAt = journey.StateReleased, j.DueAt.Add(20_000*time.Hour)
			}
			page = append(page, journey.Record{ID: j.ID, Journey: &j})
		}
		require.NoError(b, s.Import(b.Context(), page))
	}
}

// settle lets a server do now what it would do some minutes after so many writes, in the middle of what is measured.
func settle(b *testing.B, store string) {
	b.Helper()
	if strings.HasPrefix(store, "bbolt:") {
		return
	}
	conn, err := pgx.Connect(b.Context(), store)
	require.NoError(b, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(b.Context(), "VACUUM ANALYZE paygate_journeys, paygate_payments, paygate_requests")
	require.NoError(b, err)
	_, _ = conn.Exec(b.Context(), "CHECKPOINT") // where the role may: pg_checkpoint
}
