package gateway

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/pages"
	"paygate/journey"
)

func TestEachStateHasItsPage(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	for _, state := range journey.States() {
		page := pageOf(journey.Journey{
			State:    state,
			Payments: []journey.Payment{{ID: "p", Status: "failed", Code: "P0010"}},
		})
		require.NotEmpty(t, page, state)
		found[string(page)] = true
	}
	require.GreaterOrEqual(t, len(found), 9)
}

func TestPagesSayWhatIsKnownOfTheMoney(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC)
	reserved := journey.Payment{ID: "p", Status: "capturable", Money: 2500}
	failed := journey.Payment{ID: "p", Status: "failed", Code: "P0010"}
	for page, j := range map[pages.Page]journey.Journey{
		pages.ForAPerson: {
			State: journey.StateStuck, PaidWith: "p", PaidAt: at, Payments: []journey.Payment{reserved},
		},
		pages.Unsure:    {State: journey.StateStuck, Payments: []journey.Payment{{ID: "p", Status: "submitted"}}},
		pages.MoneyBack: {State: journey.StateReversed, PaidWith: "p", PaidAt: at, Payments: []journey.Payment{failed}},
		pages.NotKept:   {State: journey.StateReversed, Payments: []journey.Payment{failed}},
	} {
		require.Equal(t, page, pageOf(j))
	}
}

func TestAPaymentThatIsBeingCreatedIsNotOneThatFailed(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC)
	declined := []journey.Payment{{ID: "p", Status: "failed", Code: "P0010"}}
	for _, j := range []journey.Journey{
		{ID: "J", State: journey.StateHeld, AskedAt: at, Creating: true},
		{ID: "J", State: journey.StateUnpaid, AskedAt: at, Creating: true, Payments: declined},
	} {
		require.Equal(t, pages.Starting, pageOf(j))
		a := notStarted(j, journey.ErrCreating)
		require.Equal(t, pages.Starting, a.page)
		require.NoError(t, a.cause, "a second click is not a fault")
		j.Creating = false
		require.NotEqual(t, pages.Starting, pageOf(j))
	}
}
