package journey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// adoptedJourney returns a journey for a payment that was made the day before.
func adoptedJourney(status string) Journey {
	s := snapshot(status)
	s.CreatedAt = t0.Add(-24 * time.Hour)
	s.DelayedCapture, s.ReturnURL = status == StatusCapturable, "https://example.org/_pay/return"
	s.Description, s.Metadata = "Fishing licence", map[string]string{"ledger": "4711"}
	common := Terms{
		Account: "fines", SecondLook: 24 * time.Hour, KeepJourney: 17520 * time.Hour,
		CaptureMargin: time.Hour,
	}
	return Adopt(common, s, ByStaff("ann"), "restored a backup", t0)
}

func TestAdoptedJourneyWaitsForAPerson(t *testing.T) {
	t.Parallel()
	j := adoptedJourney(StatusCapturable)
	require.Equal(t, StateStuck, j.State)
	require.Equal(t, TroubleAdopted, j.Trouble)
	require.True(t, j.Paid())
	require.False(t, j.KeepsRequest())
	require.False(t, j.OwnedBy(""), "no browser owns it")
	require.Equal(t, t0.Add(-24*time.Hour), j.StartedAt)
	require.Equal(t, t0.Add(-24*time.Hour), j.PaidAt, "as near as is known")
	require.Less(t, j.ID, NewID(t0.Add(-23*time.Hour)), "ids are in the order of the beginnings")
	require.Equal(t, t0.Add(24*time.Hour), j.DueAt, "the payment is read again like that of any stuck journey")
	require.Equal(t, Terms{
		Account: "fines", SecondLook: 24 * time.Hour, KeepJourney: 17520 * time.Hour, CaptureMargin: time.Hour,
		Route: "adopted", Kind: KindSubmission, Amount: 2500, Reference: "LIC-7F3K-22", Description: "Fishing licence",
		Language: "en",
		Metadata: map[string]string{"ledger": "4711"}, ReturnURL: "https://example.org/_pay/return",
		Capture: CaptureOnAccept, Release: ReleaseConfirmed, Repeat: RepeatNever, OnRefused: OnRefusedStaff,
	}, j.Terms)
	require.Equal(t, []Event{
		{At: t0, Fact: "adopted", To: StateStuck, By: "staff:ann", Detail: "restored a backup"},
	}, j.History)
}

func TestAdoptedJourneyIsSettledByAPerson(t *testing.T) {
	t.Parallel()
	apply := func(j Journey, facts ...Fact) Journey { return happens(t, j, ByStaff("ann"), time.Minute, facts...) }

	reserved := apply(adoptedJourney(StatusCapturable), Settled{StateReleased, "it was given"})
	require.Equal(t, StepCapture, reserved.Owed(t0.Add(time.Minute)))
	require.Equal(t, StateReleased, apply(reserved, Captured{}).State)

	taken := apply(adoptedJourney(StatusSuccess), Settled{StateReleased, "it was given"})
	require.Equal(t, StateReleased, taken.State)

	for _, status := range []string{StatusCapturable, StatusSuccess} {
		j := apply(adoptedJourney(status), Settled{StateReversed, "it was not given"})
		require.Equal(t, StepReturn, j.Owed(t0.Add(time.Minute)), status)
		gone := snapshot(StatusCancelled)
		if status == StatusSuccess {
			gone = snapshot(StatusSuccess)
			gone.RefundSubmitted, gone.RefundAvailable, gone.RefundStatus = 2500, 0, "full"
		}
		j = apply(j, PaymentSeen{gone}, MoneyReturned{PaymentID: "pay1"})
		require.Equal(t, StateReversed, j.State, status)
	}
}

// Whatever happens to it, an adopted journey never becomes one whose request is delivered.
func TestAdoptedJourneyIsNeverDelivered(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		j := adoptedJourney(rapid.SampledFrom([]string{StatusCapturable, StatusSuccess}).Draw(t, "status"))
		at := t0
		for range 20 {
			f := randomFact(t, j)
			at = at.Add(time.Minute)
			j, _ = j.Apply(f.fact, f.by, at)
			require.NotContains(t, []State{StateConfirmed, StateReleasing, StatePaying}, j.State, f.name)
			require.NotEqual(t, StepDeliver, j.Owed(at.Add(1000*time.Hour)))
			require.False(t, j.KeepsRequest())
		}
	})
}
