package storage

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"paygate/gateway/config"
	"paygate/internal/testserver"
	"paygate/journey/storetest"
)

var busyFor = flag.Duration("busy", time.Second,
	"how long citizens pay in each round of BenchmarkDayInTheLife, with staff at work and without")

const (
	paymentsASecond = 15
	// searchEvery is how often each of two advisers searches.
	searchEvery = time.Second
)

// BenchmarkDayInTheLife measures, with many stored journeys, how long a free request takes and how long a citizen who
// has paid waits for the service's answer, while others pay: first alone, and then while two advisers search, and once
// a round finance exports a day, a backup is made and a sweep runs. "times" is the ratio of the 99th percentiles.
func BenchmarkDayInTheLife(b *testing.B) {
	for _, kind := range []string{config.Bbolt, config.Postgres} {
		b.Run(fmt.Sprintf("%s/stored=%d", kind, *stored), func(b *testing.B) {
			store := newStore(b, kind)
			fillTwoYears(b, store, *stored)
			settle(b, store)
			d := &day{h: testserver.New(b, testserver.Confirm, replicaSettings(store)...)}
			for b.Loop() {
				d.pay(&d.alone)
				end := d.staffAtWork(kind)
				d.pay(&d.besideStaff)
				end()
			}
			report := func(what string, alone, beside durations) {
				b.ReportMetric(alone.milliseconds(99), "ms/"+what+"-alone-p99")
				b.ReportMetric(beside.milliseconds(99), "ms/"+what+"-p99")
				b.ReportMetric(beside.milliseconds(99)/alone.milliseconds(99), what+"-times")
			}
			report("pass", d.alone.passes, d.besideStaff.passes)
			report("return", d.alone.returns, d.besideStaff.returns)
		})
	}
}

// day is a gateway with citizens and staff.
type day struct {
	h                  *testserver.Harness
	alone, besideStaff waits
}

// waits are how long citizens waited.
type waits struct {
	mu              sync.Mutex
	passes, returns durations
}

// pay lets citizens pay for a while, at a steady rate.
func (d *day) pay(w *waits) {
	var all sync.WaitGroup
	ticks := time.NewTicker(time.Second / paymentsASecond)
	defer ticks.Stop()
	for range int(busyFor.Seconds() * paymentsASecond) {
		<-ticks.C
		all.Go(func() {
			c := d.h.Citizen()
			began := time.Now()
			c.Get("/style.css")
			passed := time.Since(began)
			at := c.Get(c.Apply("Ann").Location()).Location()
			_, id, _ := strings.Cut(at, "/card_details/")
			if err := d.h.Pay.Pay(strings.TrimSuffix(id, "/confirm"), "success"); err != nil {
				d.h.T.Error(err)
			}
			began = time.Now()
			if p := c.Get(c.Get("/_pay/return").Location()); !strings.Contains(p.Location(), "confirmation") {
				d.h.T.Error(p.Status, p.Text)
			}
			w.add(passed, time.Since(began))
		})
	}
	all.Wait()
}

func (w *waits) add(passed, returned time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.passes, w.returns = append(w.passes, passed), append(w.returns, returned)
}

// staffAtWork lets staff work until the returned function is called, which waits for what they have begun.
func (d *day) staffAtWork(kind string) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	ask := func(method, target string) {
		if p := d.h.Ann().Do(method, target, nil); p.Status != http.StatusOK {
			d.h.T.Error(target, p.Status, p.Text)
		}
	}
	search := func(target string) {
		all.Go(func() {
			for turn := time.NewTicker(searchEvery); ctx.Err() == nil; {
				ask(http.MethodGet, target)
				select {
				case <-turn.C:
				case <-ctx.Done():
					turn.Stop()
				}
			}
		})
	}
	yearAgo := url.QueryEscape(storetest.T0.AddDate(-1, 0, 0).Format(time.DateOnly))
	search("/journeys?find=LIC+4711")
	search("/journeys?state=reversed&since=" + yearAgo)
	all.Go(func() { ask(http.MethodGet, "/export.csv?since="+yearAgo+"&until="+yearAgo) })
	all.Go(func() { ask(http.MethodPost, "/mopup") })
	if kind == config.Bbolt {
		all.Go(func() { ask(http.MethodGet, "/backup") })
	}
	return func() {
		cancel()
		all.Wait()
	}
}
