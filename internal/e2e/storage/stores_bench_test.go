package storage

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/config"
	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/storetest"
)

var (
	stored   = flag.Int("stored", 2000, "how many journeys the larger stores of BenchmarkStores have")
	database = flag.String("database", "",
		"a postgres:// URL for BenchmarkStores; without it a throw-away server that never syncs")
)

// few is how many journeys the smaller stores have.
const few = 1000

// BenchmarkStores measures both stores: journeys per second with one and with two replicas; and, with few and with many
// stored journeys, how long it takes to read the hundred journeys that are due, how long a returning citizen waits, and
// how long what staff ask for takes.
// "times" is the ratio of two replicas to one, and of many journeys to few.
func BenchmarkStores(b *testing.B) {
	for _, kind := range []string{config.Bbolt, config.Postgres} {
		b.Run(kind+"/journeys", func(b *testing.B) { journeysASecond(b, kind) })
		b.Run(kind+"/among-many", func(b *testing.B) { amongMany(b, kind) })
		b.Run(kind+"/finding", func(b *testing.B) { finding(b, kind) })
	}
}

func journeysASecond(b *testing.B, kind string) {
	one := 0.0
	for _, n := range map[string][]int{config.Bbolt: {1}, config.Postgres: {1, 2}}[kind] {
		b.Run(fmt.Sprintf("replicas=%d", n), func(b *testing.B) {
			rate := newClusterOn(b, newStore(b, kind), testserver.Confirm).journeysASecond(b, n)
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

// journeysASecond takes b.N citizens from the form to the service's own answer. With several replicas, each citizen
// returns to another one.
func (w *cluster) journeysASecond(b *testing.B, n int) float64 {
	var replicas []*replica
	for range n {
		replicas = append(replicas, w.start())
	}
	transport := &http.Transport{MaxIdleConnsPerHost: citizensAtOnce}
	b.Cleanup(transport.CloseIdleConnections)
	clients := make([]*http.Client, b.N)
	for i := range clients {
		clients[i] = testserver.NewBrowser(b)
		clients[i].Transport = transport
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

// together calls do b.N times, from several goroutines.
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

// sentTo requires a redirect to an address that contains wanted, and returns it.
func sentTo(client *http.Client, method, target, wanted string) (string, error) {
	r, err := http.NewRequest(method, target,
		strings.NewReader(url.Values{"name": {"Ann"}, "email": {"ann@example.org"}}.Encode()))
	if err != nil {
		return "", err
	}
	r.Host = clusterHost // the public host of all replicas
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

// inTurn measures among few and among many journeys alternately, so that other load slows both down equally.
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

// durations are measurements of one thing.
type durations []time.Duration

// milliseconds returns a percentile.
func (d durations) milliseconds(percent int) float64 {
	slices.Sort(d)
	return float64(d[(len(d)-1)*percent/100].Microseconds()) / 1000
}

// sweeps lists and reads what is due, as a sweep does.
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

// returns measures the return of a citizen who has paid, up to the redirect of the service.
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
