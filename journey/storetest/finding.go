package storetest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

func paymentsFind(t *testing.T, s journey.Store) {
	j := create(t, s, 1)
	to(t, s, j.ID,
		journey.PaymentCreated{Snapshot: snapshot(j, "pay1", "created")},
		journey.PaymentSeen{Snapshot: snapshot(j, "pay1", "failed")},
		journey.PaymentCreated{Snapshot: snapshot(j, "pay2", "created")})
	for _, payment := range []string{"pay1", "pay2"} {
		id, err := s.ByPayment(t.Context(), payment)
		require.NoError(t, err)
		require.Equal(t, j.ID, id)
		found, err := s.List(t.Context(), journey.Filter{Payment: payment})
		require.NoError(t, err)
		require.Len(t, found, 1)
	}
}

func paymentsAreNotShared(t *testing.T, s journey.Store) {
	pay := func(n int, payments ...string) error {
		_, err := s.Update(context.Background(), Example(n).ID, func(j journey.Journey) (journey.Change, error) {
			j.Note = strings.Join(payments, " ")
			for _, id := range payments {
				j.Payments = append(j.Payments, journey.Payment{ID: id})
			}
			return journey.Change{Journey: j}, nil
		})
		return err
	}
	for n := range 9 {
		create(t, s, n)
	}
	require.NoError(t, pay(0, "pay1"))
	require.ErrorIs(t, pay(1, "pay2", "pay1"), journey.ErrTaken)
	require.Equal(t, Example(1), get(t, s, Example(1).ID), "nothing of it is stored")
	_, err := s.ByPayment(t.Context(), "pay2")
	require.ErrorIs(t, err, journey.ErrNotFound)
	require.NoError(t, pay(0, "pay1", "pay3"), "it may name its own again")

	begins := Example(20)
	begins.Payments = []journey.Payment{{ID: "pay3"}}
	require.ErrorIs(t, s.Create(t.Context(), begins, Request(20)), journey.ErrTaken)
	_, err = s.Get(t.Context(), begins.ID)
	require.ErrorIs(t, err, journey.ErrNotFound, "nothing of a new one is stored either")

	var all sync.WaitGroup
	results := make([]error, 7)
	for i := range results {
		all.Go(func() { results[i] = pay(2+i, "pay4") })
	}
	all.Wait()
	owner, err := s.ByPayment(t.Context(), "pay4")
	require.NoError(t, err)
	for i, err := range results {
		if Example(2+i).ID == owner {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, journey.ErrTaken)
		}
	}
	require.NoError(t, s.Forget(t.Context(), owner))
	require.NoError(t, pay(1, "pay4"), "the payment is free again")
}

func paymentsGo(t *testing.T, s journey.Store) {
	first, second := create(t, s, 1).ID, create(t, s, 2).ID
	change(t, s, first, func(c *journey.Change) {
		c.Journey.Payments = []journey.Payment{{ID: "a"}, {ID: "b"}, {ID: "a"}, {ID: ""}}
	})
	change(t, s, first, func(c *journey.Change) { c.Journey.Payments = nil })
	_, err := s.ByPayment(t.Context(), "a")
	require.ErrorIs(t, err, journey.ErrNotFound)
	change(t, s, second, func(c *journey.Change) { c.Journey.Payments = []journey.Payment{{ID: "b"}} })
	id, err := s.ByPayment(t.Context(), "b")
	require.NoError(t, err)
	require.Equal(t, second, id, "another journey may have it by now")
}

// numbers returns those of the examples that a list finds.
func numbers(t require.TestingT, s journey.Store, f journey.Filter) (found []int) {
	journeys, err := s.List(context.Background(), f)
	require.NoError(t, err)
	for _, j := range journeys {
		found = append(found, int(j.StartedAt.Sub(T0)/time.Second))
	}
	return found
}

func lists(t *testing.T, s journey.Store) {
	for n := range 10 {
		create(t, s, n)
	}
	toReleased(t, s, Example(3))
	toReleased(t, s, Example(6))
	payment := "pay-" + string(Example(3).ID)
	for _, c := range []struct {
		filter journey.Filter
		wanted []int
	}{
		{journey.Filter{}, []int{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}},
		{journey.Filter{Limit: 2}, []int{9, 8}},
		{journey.Filter{Limit: 2, After: Example(8).ID}, []int{7, 6}},
		{journey.Filter{After: "ZZZZ", Limit: 1}, []int{9}},
		{journey.Filter{After: Example(0).ID}, nil},
		{journey.Filter{State: journey.StateReleased}, []int{6, 3}},
		{journey.Filter{State: journey.StateReleased, After: Example(6).ID}, []int{3}},
		{journey.Filter{State: journey.StateHeld, Limit: 4}, []int{9, 8, 7, 5}},
		{journey.Filter{State: journey.StateHeld, After: Example(5).ID, Limit: 2}, []int{4, 2}},
		{journey.Filter{State: journey.StateStuck}, nil},
		{journey.Filter{Reference: "lic-5"}, []int{5}},
		{journey.Filter{Reference: "LIC-5", State: journey.StateReleased}, nil},
		{journey.Filter{Payment: payment}, []int{3}},
		{journey.Filter{Payment: payment, State: journey.StateHeld}, nil},
		{journey.Filter{Payment: payment, After: Example(3).ID}, nil},
		{journey.Filter{Payment: "unknown"}, nil},
		{journey.Filter{Route: "licence", Limit: 1}, []int{9}},
		{journey.Filter{Route: "other"}, nil},
		{journey.Filter{Since: T0.Add(4 * time.Second), Until: T0.Add(7 * time.Second)}, []int{6, 5, 4}},
		{journey.Filter{Since: T0.Add(10 * time.Second)}, nil},
		{journey.Filter{Until: T0}, nil},
	} {
		require.Equal(t, c.wanted, numbers(t, s, c.filter), "%+v", c.filter)
	}
}

func listsPage(t *testing.T, s journey.Store) {
	const stored = 120
	for n := range stored {
		create(t, s, n)
	}
	require.Len(t, numbers(t, s, journey.Filter{}), 50, "the size of a list without a limit")
	for _, state := range []journey.State{"", journey.StateHeld} {
		var all []int
		for after := journey.ID(""); ; {
			page := numbers(t, s, journey.Filter{After: after, Limit: 7, State: state})
			if len(page) == 0 {
				break
			}
			all = append(all, page...)
			after = Example(page[len(page)-1]).ID
		}
		require.Len(t, all, stored)
		require.True(t, slices.IsSortedFunc(all, func(a, b int) int { return b - a }), "newest first, none twice")
	}
}

func listFollowsState(t *testing.T, s journey.Store) {
	create(t, s, 1)
	for _, state := range append(journey.States(), journey.States()...) { // into rest, and out of it again
		change(t, s, Example(1).ID, func(c *journey.Change) { c.Journey.State = state })
		for _, asked := range journey.States() {
			listed := len(numbers(t, s, journey.Filter{State: asked})) == 1
			require.Equal(t, asked == state, listed, "%s, asked for %s", state, asked)
		}
	}
}

func forgets(t *testing.T, s journey.Store) {
	j, stays := create(t, s, 1), create(t, s, 2)
	change(t, s, j.ID, func(c *journey.Change) {
		c.Journey.ReplyUntil, c.Reply = T0, &journey.Reply{Status: 200}
		c.Journey.Payments = []journey.Payment{{ID: "pay1"}, {ID: "pay2"}}
	})
	for range 2 {
		require.NoError(t, s.Forget(t.Context(), j.ID))
	}
	_, err := s.Get(t.Context(), j.ID)
	require.ErrorIs(t, err, journey.ErrNotFound)
	for _, payment := range []string{"pay1", "pay2"} {
		_, err = s.ByPayment(t.Context(), payment)
		require.ErrorIs(t, err, journey.ErrNotFound)
	}
	_, err = s.Request(t.Context(), j.ID)
	require.ErrorIs(t, err, journey.ErrErased)
	_, err = s.Reply(t.Context(), j.ID)
	require.ErrorIs(t, err, journey.ErrErased)
	due, err := s.Due(t.Context(), FarAway, journey.Due{}, 10)
	require.NoError(t, err)
	require.Equal(t, []journey.Due{{At: stays.DueAt, ID: stays.ID}}, due)
	for _, state := range []journey.State{"", journey.StateHeld} {
		require.Equal(t, []int{2}, numbers(t, s, journey.Filter{State: state}))
	}
	create(t, s, 1) // and its id is free again
}
