package journey

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestChangedPayments(t *testing.T) {
	t.Parallel()
	with := func(ids ...string) (j Journey) {
		for _, id := range ids {
			j.Payments = append(j.Payments, Payment{ID: id})
		}
		return j
	}
	added, removed := ChangedPayments(with("a", "b", "a"), with("", "b", "c", "c"))
	require.Equal(t, []string{"c"}, added)
	require.Equal(t, []string{"a"}, removed)
}

func TestChangeSaysWhatBecomesOfMessages(t *testing.T) {
	t.Parallel()
	request, reply := HeldRequest{Path: "/new"}, Reply{Status: 200}
	for _, c := range []struct {
		change         Change
		request, reply ContentChange
	}{
		{
			Change{Journey: Journey{State: StateHeld}},
			ContentChange{Part: PartRequest, Keep: true},
			ContentChange{Part: PartReply},
		},
		{
			Change{Journey: Journey{State: StateReleased, ReplyUntil: t0}, Request: &request, Reply: &reply},
			ContentChange{Part: PartRequest, New: request},
			ContentChange{Part: PartReply, Keep: true, New: reply},
		},
	} {
		require.Equal(t, []ContentChange{c.request, c.reply}, c.change.Contents())
	}
}

func TestFilterMatches(t *testing.T) {
	t.Parallel()
	j := Journey{
		ID: "B", State: StateHeld, StartedAt: t0, Terms: Terms{Route: "licence", Reference: "LIC-1"},
		Payments: []Payment{{ID: "pay1"}},
	}
	for _, f := range []Filter{
		{},
		{State: StateHeld, Route: "licence", Reference: "lic-1", Payment: "pay1"},
		{Since: t0, Until: t0.Add(1), After: "C"},
	} {
		require.True(t, f.Matches(j), "%+v", f)
	}
	for _, f := range []Filter{
		{State: StateStuck},
		{Route: "other"},
		{Reference: "LIC-2"},
		{Payment: "pay2"},
		{Since: t0.Add(1)},
		{Until: t0},
		{After: "B"},
	} {
		require.False(t, f.Matches(j), "%+v", f)
	}
}

// dueStore is a store that lists due journeys and nothing else.
type dueStore struct {
	Store
	due, early, failing []Due
}

func (s dueStore) Due(context.Context, time.Time, Due, int) ([]Due, error) { return s.due, nil }

func (s dueStore) DueEarly(context.Context, time.Time, Due, int) ([]Due, error) { return s.early, nil }

func (s dueStore) Late(context.Context, time.Time, Due, int) ([]Due, error) { return s.failing, nil }

func TestOldestDue(t *testing.T) {
	t.Parallel()
	early, late := []Due{{At: t0, ID: "A"}}, []Due{{At: t0.Add(time.Hour), ID: "B"}}
	for _, s := range []dueStore{
		{due: early, early: late},
		{due: late, early: early},
		{due: early},
		{early: early},
		{due: late, early: late, failing: early},
	} {
		oldest, found, err := OldestDue(t.Context(), s, t0)
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, t0, oldest)
	}
	_, found, err := OldestDue(t.Context(), dueStore{}, t0)
	require.NoError(t, err)
	require.False(t, found)
}
