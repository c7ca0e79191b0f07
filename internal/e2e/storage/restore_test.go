package storage

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/testpg"
	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/export"
	"paygate/journey/reconcile"
)

// copyOf copies a store that no process uses, and returns the setting of the copy.
func copyOf(t *testing.T, setting string) string {
	t.Helper()
	if path, isFile := strings.CutPrefix(setting, "bbolt:"); isFile {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path+".copy", content, 0o600))
		return setting + ".copy"
	}
	database, err := url.Parse(setting)
	require.NoError(t, err)
	name := strings.TrimPrefix(database.Path, "/")
	server := testpg.Start(t)
	server.Do(t, "CREATE DATABASE "+name+"_copy TEMPLATE "+name+" OWNER paygate")
	t.Cleanup(func() { server.Do(t, "DROP DATABASE "+name+"_copy WITH (FORCE)") })
	database.Path += "_copy"
	return database.String()
}

// town is a Paygate whose service can be out of order.
type town struct {
	*testserver.Harness
	t    *testing.T
	down atomic.Bool
}

func newTown(t *testing.T, store string) *town {
	t.Helper()
	w := &town{t: t}
	w.Harness = testserver.Build(t, testserver.UnlimitedPay, func(rw http.ResponseWriter, r *http.Request) {
		if w.down.Load() {
			rw.WriteHeader(http.StatusTooManyRequests)
			return
		}
		testserver.Confirm(rw, r)
	})
	w.Now = w.Harness.Pay.Now
	w.Start("PAYGATE_STORE="+store, "PAYGATE_SIGNING_ALG=ES256")
	return w
}

// applies lets a citizen apply at an address and pay, and returns the payment. They come back if they should.
func (w *town) applies(path, outcome string, comesBack bool) (c *testserver.Citizen, payment string) {
	w.t.Helper()
	c = w.Citizen()
	require.Equal(w.t, http.StatusSeeOther, c.Post(path, url.Values{"name": {"Ann"}}).Status)
	if outcome != "" {
		w.EndPayment(outcome)
	}
	if comesBack {
		c.ReturnFromPay()
	}
	all := w.Payments()
	return c, all[len(all)-1].ID
}

func (w *town) compare() map[string]reconcile.Difference {
	w.t.Helper()
	p := w.Ann().Do(http.MethodPost, "/reconcile", nil)
	require.Equal(w.t, http.StatusOK, p.Status, p.Text)
	var report reconcile.Report
	require.NoError(w.t, json.Unmarshal([]byte(p.Text), &report))
	found := map[string]reconcile.Difference{}
	for _, d := range report.Differences {
		found[d.PaymentID] = d
	}
	require.Len(w.t, found, len(report.Differences))
	return found
}

// restart starts again on another store.
func (w *town) restart(store string) { w.Restart("PAYGATE_STORE="+store, "PAYGATE_SIGNING_ALG=ES256") }

// An older copy of the store is restored after payments went on. Each payment with money that the copy does not know
// is found, adopted and settled.
func TestRestoredCopyFindsEveryPayment(t *testing.T) {
	t.Parallel()
	testserver.OnEachStore(t, func(t *testing.T, kind testserver.StoreKind) {
		store := kind.Setting(t)
		w := newTown(t, store)
		w.applies("/licences/apply", "success", true)
		atPay, known := w.applies("/licences/apply", "", false)
		w.Close()
		older := copyOf(t, store)
		w.Open(w.ListenAgain(), "PAYGATE_STORE="+store, "PAYGATE_SIGNING_ALG=ES256")

		require.NoError(t, w.Pay.Pay(known, "success"))
		atPay.ReturnFromPay()
		lost := map[string]string{}
		for range 5 {
			_, id := w.applies("/licences/apply", "success", true)
			lost[id] = "success"
			_, id = w.applies("/fines/pay", "success", true)
			lost[id] = "success"
		}
		w.applies("/licences/apply", "declined", true)
		w.applies("/licences/apply", "", false)
		w.down.Store(true)
		_, id := w.applies("/licences/apply", "success", true)
		lost[id] = "capturable"
		w.down.Store(false)
		refunded, _ := w.applies("/fines/pay", "success", true)
		w.refund(refunded, 3000)
		partly, id := w.applies("/fines/pay", "success", true)
		w.refund(partly, 500)
		lost[id] = "success"
		require.Empty(t, w.compare(), "the newest store knows them all")

		w.restart(older)
		require.NoError(t, w.App.Reconcile(t.Context()), "as a process does that was down at 04:00")
		found := w.compare()
		require.Len(t, found, len(lost))
		for id, status := range lost {
			require.Equal(t, reconcile.UnknownHere, found[id].Kind)
			require.Equal(t, status, found[id].AtPay)
			require.Equal(t, status == "capturable", found[id].ReservedUntil != nil)
		}

		w.Pay.Advance(4 * time.Hour)
		w.Sweep()
		delivered := len(w.Service.Requests(http.MethodPost))
		settled := 0
		for id := range lost {
			settled++
			as := []journey.State{journey.StateReleased, journey.StateReversed}[settled%2]
			w.adopt(id, as)
		}
		require.Len(t, w.Service.Requests(http.MethodPost), delivered, "nothing is sent for them")
		require.Empty(t, w.compare())
		for _, p := range w.Payments() {
			require.NotEqual(t, "capturable", p.Status)
		}
	})
}

func (w *town) refund(c *testserver.Citizen, pence int) {
	w.t.Helper()
	_, status, text := w.Ann().Order(c.Journeys()[0].ID, "refund", testserver.WithReason("amount_pence", pence))
	require.Equal(w.t, http.StatusOK, status, text)
}

// adopt adopts a payment and settles it.
func (w *town) adopt(id string, as journey.State) {
	w.t.Helper()
	p := w.Ann().Do(http.MethodPost, "/reconcile/adopt", map[string]any{
		"payment_id": id,
		"reason":     "restored a backup",
	})
	require.Equal(w.t, http.StatusOK, p.Status, p.Text)
	var adopted export.Whole
	require.NoError(w.t, json.Unmarshal([]byte(p.Text), &adopted))
	settled, status, text := w.Ann().Order(string(adopted.ID), "settle", testserver.WithReason("as", string(as)))
	require.Equal(w.t, http.StatusOK, status, text)
	require.Equal(w.t, as, settled.State)
}

// Of several replicas, one makes the daily comparison.
func TestOneReplicaCompares(t *testing.T) {
	t.Parallel()
	testserver.OnEachStore(t, func(t *testing.T, kind testserver.StoreKind) {
		first := testserver.Build(t, testserver.UnlimitedPay, testserver.Confirm)
		all := testserver.StartReplicas(t, kind, first)
		var made atomic.Int32
		done := make(chan struct{})
		for range 4 {
			for _, h := range all {
				go func() {
					defer func() { done <- struct{}{} }()
					if h.App.Reconcile(t.Context()) == nil {
						made.Add(1)
					}
				}()
			}
		}
		for range 4 * len(all) {
			<-done
		}
		require.EqualValues(t, 1, made.Load())
	})
}

// A copy that is only minutes old is restored: the confirmation in it is fresh, but from before the start.
func TestRestoredCopyOfJustNowDeliversNothingTwice(t *testing.T) {
	t.Parallel()
	testserver.OnEachStore(t, func(t *testing.T, kind testserver.StoreKind) {
		store := kind.Setting(t)
		w := newTown(t, store)
		w.down.Store(true)
		c, _ := w.applies("/licences/apply", "success", true)
		reader := w.Citizen()
		require.Equal(t, http.StatusSeeOther, reader.Get("/register/2026").Status)
		w.EndPayment("success")
		reader.ReturnFromPay()
		require.Equal(t, journey.StateConfirmed, c.State())
		w.down.Store(false)
		w.Close()
		older := copyOf(t, store)
		w.Open(w.ListenAgain(), "PAYGATE_STORE="+store, "PAYGATE_SIGNING_ALG=ES256")
		c.ReturnFromPay()
		reader.ReturnFromPay()
		require.Equal(t, journey.StateReleased, c.State())
		require.Equal(t, journey.StateReleased, reader.State())
		sent := len(w.Service.All())

		w.restart(older)
		require.Contains(t, c.ReturnFromPay().Text, "We are looking into your payment")
		reader.ReturnFromPay()
		require.Equal(t, journey.StateStuck, c.State())
		require.Len(t, w.Service.Requests(http.MethodPost), 2, "one was refused as busy, one was accepted")
		require.Equal(t, journey.StateStuck, reader.State())
		require.Len(t, w.Service.All(), sent)
	})
}
