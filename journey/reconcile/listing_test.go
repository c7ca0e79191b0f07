package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/journey"
	"paygate/journey/reconcile"
)

// unruly is an account whose list of payments is not as it should be.
type unruly struct {
	patient
	list func(n int, s journey.Search) (journey.Page[journey.PaymentSnapshot], error) // n counts the searches from 1
	n    int
}

func (u *unruly) SearchPayments(
	_ context.Context, s journey.Search,
) (journey.Page[journey.PaymentSnapshot], error) {
	u.n++
	return u.list(u.n, s)
}

// withList lets the harness compare with a list that is not as it should be.
func (w *harness) withList(
	list func(n int, s journey.Search) (journey.Page[journey.PaymentSnapshot], error),
) *unruly {
	u := &unruly{patient: patient{w.client}, list: list}
	o := w.options()
	o.Accounts = map[string]reconcile.Pay{"": u}
	w.Reconciler = reconcile.New(o)
	return u
}

// many makes payments on three pages, and returns those with money, which no journey has.
func (w *harness) many() (paid []string) {
	for n := range 250 {
		if n%20 == 7 {
			paid = append(paid, w.unknown(fmt.Sprint("LIC-", n), "success"))
		} else {
			w.unknown(fmt.Sprint("LIC-", n), "declined")
		}
		w.pay.Advance(time.Minute)
	}
	return paid
}

func ids(found []reconcile.Difference) (all []string) {
	for _, d := range found {
		all = append(all, d.PaymentID)
	}
	return all
}

// Each fault happens once, for a while, or always.
func TestPagesThatAreNotAsTheyShouldBe(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	all := w.many()
	w.released("LIC-KNOWN")
	asked := func(s journey.Search, page int) (journey.Page[journey.PaymentSnapshot], error) {
		s.Page = page
		return w.client.SearchPayments(t.Context(), s)
	}
	always := map[string]func(s journey.Search) (journey.Page[journey.PaymentSnapshot], error){
		"the second page is missing": func(s journey.Search) (journey.Page[journey.PaymentSnapshot], error) {
			if s.Page == 2 {
				return journey.Page[journey.PaymentSnapshot]{}, journey.ErrNoPage
			}
			return asked(s, s.Page)
		},
		"the second page is empty": func(s journey.Search) (journey.Page[journey.PaymentSnapshot], error) {
			page, err := asked(s, s.Page)
			if s.Page == 2 {
				page.Rows = nil
			}
			return page, err
		},
		"the second page is left out": func(s journey.Search) (journey.Page[journey.PaymentSnapshot], error) {
			return asked(s, s.Page+min(1, s.Page/2))
		},
		"the first page comes twice": func(s journey.Search) (journey.Page[journey.PaymentSnapshot], error) {
			return asked(s, max(1, s.Page-1))
		},
		"the first page comes for ever": func(s journey.Search) (journey.Page[journey.PaymentSnapshot], error) {
			return asked(s, 1)
		},
		"pages and entries are out of order": func(s journey.Search) (journey.Page[journey.PaymentSnapshot], error) {
			page, err := asked(s, map[int]int{1: 1, 2: 3, 3: 2}[s.Page])
			slices.Reverse(page.Rows)
			return page, err
		},
	}
	for name, fault := range always {
		for _, times := range []int{1, 4, 1 << 30} {
			w.withList(func(n int, s journey.Search) (journey.Page[journey.PaymentSnapshot], error) {
				if n <= times {
					return fault(s)
				}
				return asked(s, s.Page)
			})
			require.ElementsMatch(t, all, ids(w.found()), "%s, %d times", name, times)
		}
	}
}

func TestEntriesThatAreNotAsTheyShouldBe(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"missing", "doubled", "unordered"} {
		for _, call := range []string{"search", "search_refunds"} {
			for _, times := range []int{1, 3} {
				w := newHarness(t)
				unknown := []string{w.unknown("LIC-1", "success"), w.unknown("LIC-2", "success")}
				_, known := w.released("LIC-3")
				_, err := w.pay.Refund(unknown[0], 500)
				require.NoError(t, err)
				w.pay.AddFault(paysim.Fault{Call: call, Kind: kind, Times: times})
				require.ElementsMatch(t, unknown, ids(w.found()), "%s %s", call, kind)
				require.NotContains(t, ids(w.found()), known)
			}
		}
	}
}

// A list that stays incomplete is an error, because what is in the rest is not known.
func TestListThatStaysIncompleteIsAnError(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	w.unknown("LIC-1", "success")
	w.pay.AddFault(paysim.Fault{Call: "search", Kind: "missing"})
	_, err := w.Compare(t.Context(), reconcile.Range{})
	require.ErrorContains(t, err, "GOV.UK Pay's list is incomplete")
	_, err = w.Last(t.Context())
	require.ErrorIs(t, err, journey.ErrNotFound)
}

// Payments that arrive while the pages are read move the others to later pages.
func TestPaymentsThatAreListedMeanwhile(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	all := w.many()
	w.withList(func(n int, s journey.Search) (journey.Page[journey.PaymentSnapshot], error) {
		if n == 2 {
			all = append(all, w.unknown("LIC-LATE", "success")) // listed late: it is in the range
		}
		return w.client.SearchPayments(t.Context(), s)
	})
	require.ElementsMatch(t, all, ids(w.found()))
}

func TestTroubleThatPassesIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newHarness(t)
	w.unknown("LIC-1", "success")
	for _, call := range []string{"search", "get", "search_refunds"} {
		w.pay.AddFault(paysim.Fault{Call: call, Kind: "500", Times: 1})
		w.pay.AddFault(paysim.Fault{Call: call, Kind: "429", Times: 1, Skip: 1})
	}
	require.Len(t, w.found(), 1)
	w.pay.ClearFaults()

	w.pay.AddFault(paysim.Fault{Call: "search", Kind: "500"})
	_, err := w.Compare(t.Context(), reconcile.Range{})
	require.ErrorContains(t, err, "status 500")
	w.pay.ClearFaults()
	w.pay.AddFault(paysim.Fault{Call: "search", Kind: "401"})
	before := len(w.waits)
	_, err = w.Compare(t.Context(), reconcile.Range{})
	require.ErrorIs(t, err, journey.ErrPayRefused)
	require.Len(t, w.waits, before, "a refused key is not tried again")
	w.pay.ClearFaults()
	require.Len(t, w.found(), 1, "an error leaves the next comparison free to run")
}

// endless lists made-up payments, one a second, all of which a journey must have been forgotten of.
type endless struct {
	patient
	first time.Time
	count int
}

func (e endless) SearchPayments(
	_ context.Context, s journey.Search,
) (page journey.Page[journey.PaymentSnapshot], err error) {
	at := func(n int) time.Time { return e.first.Add(time.Duration(n) * time.Second) }
	from, to := e.count, 0
	for n := range e.count {
		if at(n).After(s.From) && at(n).Before(s.To) {
			from, to = min(from, n), max(to, n+1)
		}
	}
	page.Total = max(0, to-from)
	last := to - (s.Page-1)*100
	if last <= from && page.Total > 0 {
		return page, journey.ErrNoPage
	}
	for n := last - 1; n >= max(from, last-100); n-- {
		page.Rows = append(page.Rows, journey.PaymentSnapshot{
			ID: fmt.Sprintf("payment%020d", n), Status: journey.StatusFailed, Amount: 2500, ReturnURL: returnURL,
			CreatedAt: at(n),
		})
	}
	return page, nil
}

func (endless) SearchRefunds(context.Context, journey.Search) (page journey.Page[journey.ListedRefund], err error) {
	return page, nil
}

func TestMemoryDoesNotGrowWithTheList(t *testing.T) {
	w := newHarness(t)
	used := func(count int) uint64 {
		o := w.options()
		first := w.now().Add(-24 * time.Hour)
		o.Accounts = map[string]reconcile.Pay{"": endless{patient{w.client}, first, count}}
		var most uint64
		calls := 0
		o.Wait = func(context.Context, time.Duration) error { return errors.New("never") }
		o.Ours = func(address string) bool {
			if calls++; calls%500 == 0 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
			return address == returnURL
		}
		report, err := reconcile.New(o).Compare(t.Context(), reconcile.Range{})
		require.NoError(t, err)
		require.Equal(t, count, report.Checked)
		return most
	}
	few, many := used(1000), used(20_000)
	require.Less(t, many, few+1<<20)
}
