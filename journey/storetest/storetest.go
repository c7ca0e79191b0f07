// Package storetest is the one suite that every store of journeys passes. Tests alone import it.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paygate/journey"
)

// T0 is when the suite's journeys begin.
var T0 = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// Example is a new journey of a usual route; n makes its id.
func Example(n int) journey.Journey {
	terms := journey.Terms{
		Route: "licence", Kind: journey.KindSubmission, Amount: 2500, Reference: fmt.Sprintf("LIC-%d", n),
		Description: "Fishing licence", Language: "cy", Metadata: map[string]string{"ledger": "4711"},
		ReturnURL: "https://example.org/_pay/return", Capture: journey.CaptureOnAccept, Release: journey.ReleaseConfirmed,
		Accept: journey.Statuses{{From: 200, To: 399}}, Repeat: journey.RepeatNever, OnRefused: journey.OnRefusedReturn,
		ResubmitFor: time.Hour, RetryFor: 2 * time.Hour, ClaimFor: 90 * time.Second, MopupMinAge: 3 * time.Hour,
		CaptureMargin: 24 * time.Hour, SecondLook: 24 * time.Hour, KeepReply: time.Hour, KeepJourney: 17520 * time.Hour,
	}
	at := T0.Add(time.Duration(n) * time.Second)
	return journey.Hold(journey.ID(fmt.Sprintf("01TEST%010d", n)), "key", terms, Request(n).Imprint(), at)
}

// Request is the held request that belongs to it.
func Request(n int) journey.HeldRequest {
	return journey.HeldRequest{
		Method: "POST", Path: "/licences/apply", Query: "a=1;b=2", Body: []byte{0, 255, byte(n), '\r', '\n'},
		Header: http.Header{"Content-Type": {"multipart/form-data; boundary=x"}, "Cookie": {"a=1; b=2"}},
		Host:   "example.org", Proto: "https", ClientIP: "192.0.2.1", Prefill: journey.Prefill{Email: "ann@example.org"},
	}
}

// Run runs the suite. open makes a fresh, empty store, which the suite does not close.
func Run(t *testing.T, open func(t *testing.T) journey.Store) {
	for name, test := range map[string]func(*testing.T, journey.Store){
		"a journey comes back as it was":             comesBack,
		"an id is used once":                         usedOnce,
		"what is not there is not found":             notFound,
		"an update is atomic":                        updateIsAtomic,
		"a failed change keeps nothing":              failedChangeKeepsNothing,
		"one of many claimants wins":                 oneClaimantWins,
		"the request goes when nobody is owed it":    requestIsErased,
		"a request can be replaced":                  requestIsReplaced,
		"the reply stays as long as it is kept":      replyIsKept,
		"every payment finds its journey":            paymentsFind,
		"due journeys come in the order of time":     dueInOrder,
		"the list of due journeys follows every one": dueFollows,
		"lists are newest first and can be narrowed": lists,
		"what is forgotten is gone":                  forgets,
		"a context that has ended stops a call":      contextEnds,
		"a large request comes back byte for byte":   largeRequest,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func create(t require.TestingT, s journey.Store, n int) journey.Journey {
	j := Example(n)
	require.NoError(t, s.Create(context.Background(), j, Request(n)))
	return j
}

// to applies facts inside the store.
func to(t require.TestingT, s journey.Store, id journey.ID, facts ...journey.Fact) journey.Journey {
	var after journey.Journey
	for _, f := range facts {
		var err error
		after, err = s.Update(context.Background(), id, func(j journey.Journey) (journey.Change, error) {
			j, err := j.Apply(f, journey.ByCitizen, T0.Add(time.Minute))
			return journey.Change{Journey: j}, err
		})
		require.NoError(t, err)
	}
	return after
}

func seen(j journey.Journey, payment, status string) journey.Seen {
	return journey.Seen{ID: payment, Reference: j.Terms.Reference, Amount: 2500, Status: status, CreatedAt: T0}
}

func toReleased(t require.TestingT, s journey.Store, j journey.Journey) journey.Journey {
	return to(t, s, j.ID,
		journey.PaymentCreated{Seen: seen(j, "pay-"+string(j.ID), journey.StatusCreated)},
		journey.PaymentSeen{Seen: seen(j, "pay-"+string(j.ID), journey.StatusSuccess)},
		journey.Claimed{Until: T0.Add(time.Hour)},
		journey.RequestDelivered{Number: 1, Verdict: journey.VerdictAccepted, Status: 303})
}

func comesBack(t *testing.T, s journey.Store) {
	j := create(t, s, 1)
	got, err := s.Get(t.Context(), j.ID)
	require.NoError(t, err)
	require.Equal(t, j, got)
	request, err := s.Request(t.Context(), j.ID)
	require.NoError(t, err)
	require.Equal(t, Request(1), request)

	after := toReleased(t, s, j)
	got, err = s.Get(t.Context(), j.ID)
	require.NoError(t, err)
	require.Equal(t, after, got)
}

func usedOnce(t *testing.T, s journey.Store) {
	j := create(t, s, 1)
	require.ErrorIs(t, s.Create(t.Context(), j, Request(2)), journey.ErrExists)
	request, err := s.Request(t.Context(), j.ID)
	require.NoError(t, err)
	require.Equal(t, Request(1), request, "the first one's request")
}

func notFound(t *testing.T, s journey.Store) {
	_, err := s.Get(t.Context(), "NOBODY")
	require.ErrorIs(t, err, journey.ErrNotFound)
	_, err = s.Update(t.Context(), "NOBODY", func(j journey.Journey) (journey.Change, error) { return journey.Change{Journey: j}, nil })
	require.ErrorIs(t, err, journey.ErrNotFound)
	_, err = s.ByPayment(t.Context(), "nobody")
	require.ErrorIs(t, err, journey.ErrNotFound)
	_, err = s.Request(t.Context(), "NOBODY")
	require.ErrorIs(t, err, journey.ErrErased)
	_, err = s.Reply(t.Context(), "NOBODY")
	require.ErrorIs(t, err, journey.ErrErased)
	require.NoError(t, s.Forget(t.Context(), "NOBODY"))
}

func updateIsAtomic(t *testing.T, s journey.Store) {
	j := create(t, s, 1)
	const writers, each = 16, 8
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range each {
				_, err := s.Update(context.Background(), j.ID, func(j journey.Journey) (journey.Change, error) {
					j.Failures++
					return journey.Change{Journey: j}, nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	got, err := s.Get(t.Context(), j.ID)
	require.NoError(t, err)
	require.Equal(t, writers*each, got.Failures)
}

func failedChangeKeepsNothing(t *testing.T, s journey.Store) {
	j := create(t, s, 1)
	trouble := errors.New("no")
	_, err := s.Update(t.Context(), j.ID, func(j journey.Journey) (journey.Change, error) {
		j.Note = "half done"
		return journey.Change{Journey: j, Request: &journey.HeldRequest{}}, trouble
	})
	require.ErrorIs(t, err, trouble)
	got, err := s.Get(t.Context(), j.ID)
	require.NoError(t, err)
	require.Equal(t, j, got)
}

func oneClaimantWins(t *testing.T, s journey.Store) {
	j := create(t, s, 1)
	to(t, s, j.ID, journey.PaymentCreated{Seen: seen(j, "pay1", "created")}, journey.PaymentSeen{Seen: seen(j, "pay1", "success")})
	var all sync.WaitGroup
	var mutex sync.Mutex
	won, lost := 0, 0
	for range 50 {
		all.Go(func() {
			_, err := s.Update(context.Background(), j.ID, func(j journey.Journey) (journey.Change, error) {
				j, err := j.Apply(journey.Claimed{Until: T0.Add(time.Hour)}, journey.ByCitizen, T0)
				return journey.Change{Journey: j}, err
			})
			var misplaced *journey.TransitionError
			mutex.Lock()
			defer mutex.Unlock()
			switch {
			case err == nil:
				won++
			case errors.As(err, &misplaced):
				lost++
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Equal(t, 1, won)
	require.Equal(t, 49, lost)
}

func requestIsErased(t *testing.T, s journey.Store) {
	j := create(t, s, 1)
	toReleased(t, s, j)
	_, err := s.Request(t.Context(), j.ID)
	require.ErrorIs(t, err, journey.ErrErased)
}

func requestIsReplaced(t *testing.T, s journey.Store) {
	j := create(t, s, 1)
	corrected := Request(2)
	_, err := s.Update(t.Context(), j.ID, func(j journey.Journey) (journey.Change, error) {
		return journey.Change{Journey: j, Request: &corrected}, nil
	})
	require.NoError(t, err)
	request, err := s.Request(t.Context(), j.ID)
	require.NoError(t, err)
	require.Equal(t, corrected, request)
}

func replyIsKept(t *testing.T, s journey.Store) {
	j := create(t, s, 1)
	_, err := s.Reply(t.Context(), j.ID)
	require.ErrorIs(t, err, journey.ErrErased)

	reply := journey.Reply{Status: 200, Header: http.Header{"Set-Cookie": {"a=1", "b=2"}}, Body: []byte{0, 1, 255}}
	set := func(until time.Time, r *journey.Reply) {
		_, err := s.Update(t.Context(), j.ID, func(j journey.Journey) (journey.Change, error) {
			j.ReplyUntil = until
			return journey.Change{Journey: j, Reply: r}, nil
		})
		require.NoError(t, err)
	}
	set(T0.Add(time.Hour), &reply)
	set(T0.Add(2*time.Hour), nil)
	got, err := s.Reply(t.Context(), j.ID)
	require.NoError(t, err)
	require.Equal(t, reply, got)
	set(time.Time{}, nil)
	_, err = s.Reply(t.Context(), j.ID)
	require.ErrorIs(t, err, journey.ErrErased)
}

func paymentsFind(t *testing.T, s journey.Store) {
	j := create(t, s, 1)
	to(t, s, j.ID,
		journey.PaymentCreated{Seen: seen(j, "pay1", "created")}, journey.PaymentSeen{Seen: seen(j, "pay1", "failed")},
		journey.PaymentCreated{Seen: seen(j, "pay2", "created")})
	for _, payment := range []string{"pay1", "pay2"} {
		id, err := s.ByPayment(t.Context(), payment)
		require.NoError(t, err)
		require.Equal(t, j.ID, id)
	}
}

func setDue(t require.TestingT, s journey.Store, id journey.ID, at time.Time) {
	_, err := s.Update(context.Background(), id, func(j journey.Journey) (journey.Change, error) {
		j.DueAt = at
		return journey.Change{Journey: j}, nil
	})
	require.NoError(t, err)
}

func dueInOrder(t *testing.T, s journey.Store) {
	for n := range 5 {
		create(t, s, n)
	}
	setDue(t, s, Example(0).ID, T0.Add(3*time.Hour))
	setDue(t, s, Example(1).ID, T0.Add(time.Hour))
	setDue(t, s, Example(2).ID, time.Time{})
	setDue(t, s, Example(3).ID, T0.Add(time.Hour))
	setDue(t, s, Example(4).ID, T0.Add(3*time.Hour+time.Nanosecond))

	until := T0.Add(3 * time.Hour)
	all, err := s.Due(t.Context(), until, journey.Due{}, 10)
	require.NoError(t, err)
	require.Equal(t, []journey.Due{
		{At: T0.Add(time.Hour), ID: Example(1).ID}, {At: T0.Add(time.Hour), ID: Example(3).ID}, {At: until, ID: Example(0).ID},
	}, all)

	var paged []journey.Due
	for after := (journey.Due{}); ; {
		page, err := s.Due(t.Context(), until, after, 1)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		after = page[0]
		paged = append(paged, after)
	}
	require.Equal(t, all, paged)
}

// dueFollows changes due times at random and compares the list with a plain map.
func dueFollows(t *testing.T, s journey.Store) {
	model := map[journey.ID]time.Time{}
	for n := range 8 {
		j := create(t, s, n)
		model[j.ID] = j.DueAt
	}
	rapid.Check(t, func(t *rapid.T) {
		id := Example(rapid.IntRange(0, 7).Draw(t, "journey")).ID
		model[id] = T0.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "hours")) * time.Hour)
		setDue(t, s, id, model[id])
		until := T0.Add(10 * time.Hour)
		var wanted []journey.Due
		for id, at := range model {
			if !at.After(until) {
				wanted = append(wanted, journey.Due{At: at, ID: id})
			}
		}
		slices.SortFunc(wanted, func(a, b journey.Due) int {
			if c := a.At.Compare(b.At); c != 0 {
				return c
			}
			return strings.Compare(string(a.ID), string(b.ID))
		})
		got, err := s.Due(context.Background(), until, journey.Due{}, 100)
		require.NoError(t, err)
		require.Equal(t, len(wanted), len(got))
		for i := range wanted {
			require.Equal(t, wanted[i], got[i])
		}
	})
}

func lists(t *testing.T, s journey.Store) {
	for n := range 10 {
		create(t, s, n)
	}
	toReleased(t, s, Example(3))
	numbers := func(f journey.Filter) (found []int) {
		journeys, err := s.List(context.Background(), f)
		require.NoError(t, err)
		for _, j := range journeys {
			found = append(found, int(j.StartedAt.Sub(T0)/time.Second))
		}
		return found
	}
	require.Equal(t, []int{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}, numbers(journey.Filter{}))
	require.Equal(t, []int{9, 8}, numbers(journey.Filter{Limit: 2}))
	require.Equal(t, []int{7, 6}, numbers(journey.Filter{Limit: 2, After: Example(8).ID}))
	require.Nil(t, numbers(journey.Filter{After: Example(0).ID}))
	require.Equal(t, []int{3}, numbers(journey.Filter{State: journey.StateReleased}))
	require.Equal(t, []int{5}, numbers(journey.Filter{Reference: "lic-5"}))
	require.Equal(t, []int{3}, numbers(journey.Filter{Payment: "pay-" + string(Example(3).ID)}))
	require.Nil(t, numbers(journey.Filter{Payment: "nobody"}))
	require.Nil(t, numbers(journey.Filter{Route: "other"}))
	require.Equal(t, []int{6, 5, 4}, numbers(journey.Filter{Since: T0.Add(4 * time.Second), Until: T0.Add(7 * time.Second)}))
}

func forgets(t *testing.T, s journey.Store) {
	j := create(t, s, 1)
	toReleased(t, s, j)
	require.NoError(t, s.Forget(t.Context(), j.ID))
	_, err := s.Get(t.Context(), j.ID)
	require.ErrorIs(t, err, journey.ErrNotFound)
	_, err = s.ByPayment(t.Context(), "pay-"+string(j.ID))
	require.ErrorIs(t, err, journey.ErrNotFound)
	due, err := s.Due(t.Context(), T0.Add(100_000*time.Hour), journey.Due{}, 10)
	require.NoError(t, err)
	require.Empty(t, due)
}

func contextEnds(t *testing.T, s journey.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Get(ctx, "ANY")
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, s.Create(ctx, Example(1), Request(1)), context.Canceled)
}

func largeRequest(t *testing.T, s journey.Store) {
	request := Request(1)
	request.Body = make([]byte, 10<<20)
	for i := range request.Body {
		request.Body[i] = byte(i * 7)
	}
	require.NoError(t, s.Create(t.Context(), Example(1), request))
	got, err := s.Request(t.Context(), Example(1).ID)
	require.NoError(t, err)
	require.True(t, slices.Equal(request.Body, got.Body))
}
