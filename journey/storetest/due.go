package storetest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paygate/journey"
)

// dueList is one of a store's lists of due journeys: by one of their times.
type dueList struct {
	journey.Store
	list func(ctx context.Context, until time.Time, after journey.Due, limit int) ([]journey.Due, error)
	at   func(j *journey.Journey, due time.Time)
}

func (l dueList) set(t require.TestingT, id journey.ID, due time.Time) {
	change(t, l, id, func(c *journey.Change) { l.at(&c.Journey, due) })
}

func onAllLists(t *testing.T, s journey.Store, test func(*testing.T, dueList)) {
	for _, l := range []dueList{
		{s, s.Due, func(j *journey.Journey, due time.Time) { j.DueAt = due }},
		{s, s.DueEarly, func(j *journey.Journey, due time.Time) { j.EarlyAt = due }},
		{s, s.DueToTell, func(j *journey.Journey, due time.Time) { j.TellAt = due }},
		{s, s.Late, func(j *journey.Journey, due time.Time) { j.LateAt = due }},
		{s, s.OwedBack, func(j *journey.Journey, due time.Time) { j.OwedAt = due }},
	} {
		test(t, l)
		for n := range 8 {
			require.NoError(t, s.Forget(t.Context(), Example(n).ID))
		}
	}
}

func dueInOrder(t *testing.T, s journey.Store) { onAllLists(t, s, listInOrder) }

func listInOrder(t *testing.T, s dueList) {
	for n := range 5 {
		create(t, s, n)
	}
	s.set(t, Example(0).ID, T0.Add(3*time.Hour))
	s.set(t, Example(1).ID, T0.Add(time.Hour))
	s.set(t, Example(2).ID, time.Time{})
	s.set(t, Example(3).ID, T0.Add(time.Hour))
	s.set(t, Example(4).ID, T0.Add(3*time.Hour+time.Nanosecond))

	until := T0.Add(3 * time.Hour)
	all, err := s.list(t.Context(), until, journey.Due{}, 10)
	require.NoError(t, err)
	require.Equal(t, []journey.Due{
		{At: T0.Add(time.Hour), ID: Example(1).ID},
		{At: T0.Add(time.Hour), ID: Example(3).ID},
		{At: until, ID: Example(0).ID},
	}, all)
	for limit := range 4 {
		first, err := s.list(t.Context(), until, journey.Due{}, limit)
		require.NoError(t, err)
		require.Len(t, first, limit)
	}
	require.Equal(t, all, paged(t, s, until, 1))
	require.Equal(t, all, paged(t, s, until, 2))
}

// paged reads the whole list in pages.
func paged(t require.TestingT, s dueList, until time.Time, limit int) (all []journey.Due) {
	for after := (journey.Due{}); ; {
		page, err := s.list(context.Background(), until, after, limit)
		require.NoError(t, err)
		if len(page) == 0 {
			return all
		}
		require.LessOrEqual(t, len(page), limit)
		after = page[len(page)-1]
		all = append(all, page...)
	}
}

// dueGoesOn: a sweep changes the journeys that it visits, so its cursor no longer exists when it reads the next page.
func dueGoesOn(t *testing.T, s journey.Store) { onAllLists(t, s, listGoesOn) }

func listGoesOn(t *testing.T, s dueList) {
	for n := range 6 {
		create(t, s, n)
		s.set(t, Example(n).ID, T0.Add(time.Hour)) // ties, in the order of ids
	}
	first, err := s.list(t.Context(), T0.Add(time.Hour), journey.Due{}, 2)
	require.NoError(t, err)
	s.set(t, first[0].ID, T0.Add(5*time.Hour))
	require.NoError(t, s.Forget(t.Context(), first[1].ID))
	next, err := s.list(t.Context(), T0.Add(time.Hour), first[1], 2)
	require.NoError(t, err)
	require.Equal(t, []journey.Due{
		{At: T0.Add(time.Hour), ID: Example(2).ID}, {At: T0.Add(time.Hour), ID: Example(3).ID},
	}, next)
}

// dueFollows makes random changes and compares the list with a plain map. A failure prints how to repeat it.
func dueFollows(t *testing.T, s journey.Store) { onAllLists(t, s, listFollows) }

func listFollows(t *testing.T, s dueList) {
	rapid.Check(t, func(t *rapid.T) {
		model := map[journey.ID]time.Time{}
		for n := range 8 {
			require.NoError(t, s.Forget(context.Background(), Example(n).ID))
		}
		t.Repeat(map[string]func(*rapid.T){
			"change": func(t *rapid.T) {
				n := rapid.IntRange(0, 7).Draw(t, "journey")
				at := someTime(t)
				if _, there := model[Example(n).ID]; there {
					s.set(t, Example(n).ID, at)
				} else {
					j := Example(n)
					s.at(&j, at)
					require.NoError(t, s.Create(context.Background(), j, Request(n)))
				}
				model[Example(n).ID] = at
			},
			"forget": func(t *rapid.T) {
				id := Example(rapid.IntRange(0, 7).Draw(t, "journey")).ID
				require.NoError(t, s.Forget(context.Background(), id))
				delete(model, id)
			},
			"": func(t *rapid.T) {
				until := T0.Add(time.Duration(rapid.IntRange(-1, 8).Draw(t, "until")) * time.Hour)
				require.Equal(t, dueIn(model, until), paged(t, s, until, rapid.IntRange(1, 9).Draw(t, "limit")))
			},
		})
	})
}

func someTime(t *rapid.T) time.Time {
	hour := rapid.IntRange(-1, 8).Draw(t, "hour")
	if hour < 0 {
		return time.Time{}
	}
	return T0.Add(time.Duration(hour)*time.Hour + time.Duration(rapid.IntRange(0, 2).Draw(t, "nanoseconds")))
}

func dueIn(model map[journey.ID]time.Time, until time.Time) (due []journey.Due) {
	for id, at := range model {
		if !at.IsZero() && !at.After(until) {
			due = append(due, journey.Due{At: at, ID: id})
		}
	}
	slices.SortFunc(due, func(a, b journey.Due) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	return due
}
