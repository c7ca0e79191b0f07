package journey_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

func TestTalliesAreByTheHourInWhichSomethingHappened(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 10, 59, 0, 0, time.UTC)
	hour := at.Truncate(time.Hour)
	begun := journey.Journey{ID: "01TEST", State: journey.StatePaying, StartedAt: at}
	given := begun
	given.State, given.PaidWith, given.PaidAt = journey.StateReleased, "p1", at.Add(2*time.Minute)
	given.Payments = []journey.Payment{{
		ID: "p1", Status: journey.StatusSuccess, Total: 2500, Refunded: 700,
		Refunds: []journey.Refund{
			{ID: "r1", Amount: 400, Status: journey.RefundSuccess, CreatedAt: at.AddDate(0, 0, 1)},
			{ID: "r2", Amount: 300, Status: journey.RefundSubmitted, CreatedAt: at.AddDate(0, 0, 1)},
			{ID: "r3", Amount: 900, Status: journey.RefundError, CreatedAt: at.AddDate(0, 0, 1)},
		},
	}}
	require.Equal(t, []journey.Tally{{Hour: hour, State: journey.StatePaying, Journeys: 1}},
		journey.Tallies(journey.Journey{}, begun))
	require.Equal(t, []journey.Tally{
		{Hour: hour, State: journey.StatePaying, Journeys: -1},
		{Hour: hour, State: journey.StateReleased, Journeys: 1, Taken: 2500, Refunded: 700},
		{Hour: hour.Add(time.Hour), Taken: 2500},
		{Hour: hour.AddDate(0, 0, 1), Refunded: 700},
	}, journey.Tallies(begun, given))
	require.Empty(t, journey.Tallies(given, given))
	require.Empty(t, journey.Tallies(journey.Journey{}, journey.Journey{}))
	given.Payments[0].Total = math.MaxInt64
	require.Less(t, journey.TalliesOf([]journey.Journey{given, given, given})[0].Taken, int64(1e12), "no sum overflows")
}
