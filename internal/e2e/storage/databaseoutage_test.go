package storage

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/testpg"
	"paygate/internal/testserver"
	"paygate/journey"
)

// outage begins and ends an outage of a database.
type outage struct {
	begin, end func(*testing.T, *testpg.Server, string)
	webhook    int // the status that GOV.UK Pay's messages get; what waits for the database waits in memory
}

func outages() map[string]outage {
	return map[string]outage{
		"stopped": {
			func(t *testing.T, s *testpg.Server, _ string) { s.Stop(t) },
			func(t *testing.T, s *testpg.Server, _ string) { s.Launch(t) },
			http.StatusServiceUnavailable,
		},
		"paused": {
			func(t *testing.T, s *testpg.Server, _ string) { s.Pause(t) },
			func(t *testing.T, s *testpg.Server, _ string) { s.Resume(t) },
			http.StatusOK,
		},
		"refusing connections": {
			func(t *testing.T, s *testpg.Server, database string) {
				s.Do(t, `ALTER DATABASE `+databaseName(t, database)+` ALLOW_CONNECTIONS false`)
				disconnect(t, s, database)
			},
			func(t *testing.T, s *testpg.Server, database string) {
				s.Do(t, `ALTER DATABASE `+databaseName(t, database)+` ALLOW_CONNECTIONS true`)
			},
			http.StatusServiceUnavailable,
		},
	}
}

// disconnect ends every connection to a database.
func disconnect(t *testing.T, s *testpg.Server, database string) {
	t.Helper()
	s.Do(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '`+databaseName(t, database)+`'`)
}

func databaseName(t *testing.T, database string) string {
	t.Helper()
	at, err := url.Parse(database)
	require.NoError(t, err)
	return strings.TrimPrefix(at.Path, "/")
}

// TestDatabaseOutage proves that free traffic goes on, that pay routes take no money and say so, and that everything
// resumes by itself when the database is back.
func TestDatabaseOutage(t *testing.T) {
	t.Parallel()
	for name, outage := range outages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := testpg.Own(t)
			database := server.Database(t)
			w := newClusterOn(t, database, testserver.Confirm)
			settings := []string{"PAYGATE_MOPUP_MIN_AGE=0s", "PAYGATE_PAY_WEBHOOK_SECRETS=" + testserver.WebhookSecret}
			replicas := []*replica{w.start(settings...), w.start(settings...)}
			ann, ben := replicas[0].Citizen(), replicas[0].Citizen()
			ann.Apply("Ann")
			ben.Apply("Ben")
			payments := w.common.Payments()
			require.NoError(t, w.pay.Pay(payments[0].ID, "success"))

			outage.begin(t, server, database)
			require.NoError(t, w.pay.Pay(payments[1].ID, "success"))
			for _, r := range replicas {
				r.requireOutageAnswers(ann.At(r.Harness), payments[0].ID, outage.webhook)
			}
			require.Len(t, w.common.Payments(), 2, "no payment was created")
			require.Empty(t, w.service.Requests(http.MethodPost), "nothing was delivered")

			outage.end(t, server, database)
			for _, r := range replicas {
				require.Eventually(t, func() bool { return r.readyStatus() == http.StatusOK }, testserver.LongTimeout,
					50*time.Millisecond)
			}
			// A message of Pay may have begun to deliver: then the page reloads itself.
			require.Eventually(t, func() bool {
				return strings.Contains(ann.At(replicas[1].Harness).ReturnFromPay().Text, "the service's own page")
			}, testserver.LongTimeout, 50*time.Millisecond)
			require.Contains(t, replicas[0].Sweep(), `"released":1`)
			require.Equal(t, journey.StateReleased, ben.At(replicas[1].Harness).State())
			require.Len(t, w.service.Requests(http.MethodPost), 2)
			for _, p := range w.common.Payments() {
				require.Equal(t, "success", p.Status)
			}
			replicas[1].Citizen().Apply("Cara")
		})
	}
}

// TestDatabaseOutagesUnderLoadLoseNothing lets citizens use two replicas while their database is disconnected, stopped
// and paused at arbitrary moments.
func TestDatabaseOutagesUnderLoadLoseNothing(t *testing.T) {
	t.Parallel()
	server := testpg.Own(t)
	database := server.Database(t)
	w := newClusterOn(t, database, testserver.Confirm)
	settings := []string{
		"PAYGATE_MOPUP_EVERY=200ms", "PAYGATE_MOPUP_MIN_AGE=0s",
		"PAYGATE_ROUTE_LICENCE_REFERENCE={form:case}", "PAYGATE_ROUTE_LICENCE_RETRY_FOR=1s",
	}
	replicas := []*replica{w.start(settings...), w.start(settings...)}
	requests := make(chan struct{}, 1)
	w.atPay.set(func(http.ResponseWriter, *http.Request) {
		select {
		case requests <- struct{}{}:
		default:
		}
	})

	ctx, cancel := context.WithCancel(t.Context())
	free := &freeTraffic{replicas: replicas}
	var citizens, browsers sync.WaitGroup
	t.Cleanup(func() { cancel(); citizens.Wait(); browsers.Wait() })
	browsers.Go(func() { free.run(ctx) })
	var wrong errorList
	var numbers atomic.Int64
	done := make(chan struct{})
	for range 5 {
		citizens.Go(func() {
			for {
				select {
				case <-done:
					return
				case <-ctx.Done():
					return
				default:
					wrong.add(w.runCitizen(replicas, int(numbers.Add(1))))
				}
			}
		})
	}

	all := outages()
	after := func(count int, act func()) {
		t.Helper()
		for range count {
			select {
			case <-requests:
			case <-time.After(testserver.LongTimeout):
				t.Fatalf("no more requests at Pay\n%s\n%s", replicas[0].Program.Logged(), replicas[1].Program.Logged())
			}
		}
		act()
	}
	for range 3 {
		after(10, func() { disconnect(t, server, database) })
	}
	for _, name := range []string{"stopped", "paused", "refusing connections"} {
		after(10, func() {
			all[name].begin(t, server, database)
			free.waitForPages(t, 10)
			all[name].end(t, server, database)
		})
	}
	close(done)
	citizens.Wait()
	cancel()
	browsers.Wait()
	require.Empty(t, wrong.all())
	require.Empty(t, free.wrong.all())
	for _, r := range replicas {
		require.Equal(t, http.StatusOK, r.readyStatus())
	}
	w.pay.Advance(3 * time.Hour) // unpaid payments expire
	w.waitForRest(replicas[0])
	w.checkBooks(replicas[1])
}
