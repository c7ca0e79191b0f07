package mopup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

// post records what is sent. Journeys in down cannot be told.
type post struct {
	sent []journey.ID
	down map[journey.ID]error
}

func (p *post) Send(_ context.Context, j journey.Journey, _ journey.Message) error {
	p.sent = append(p.sent, j.ID)
	return p.down[j.ID]
}

// newTeller returns a teller of journeys that were returned, one each minute, and whose service has not heard of it.
func newTeller(t *testing.T, ids ...journey.ID) (*fixture, *Teller, *post) {
	t.Helper()
	f, p := newFixture(t), &post{down: map[journey.ID]error{}}
	f.runner.Messenger = p
	for i, id := range ids {
		f.add(t, id, journey.PaymentSeen{Snapshot: snapshot(id, journey.StatusCapturable)},
			journey.Claimed{Until: t0.Add(time.Minute)},
			journey.RequestDelivered{Number: 1, Verdict: journey.VerdictRefused})
		j := f.store.journeys[id]
		j.Terms.Tell = "/events"
		for _, fact := range []journey.Fact{
			journey.ReturnDecided{},
			journey.PaymentSeen{Snapshot: snapshot(id, journey.StatusCancelled)},
			journey.MoneyReturned{PaymentID: "pay" + string(id)},
		} {
			var err error
			j, err = j.Apply(fact, journey.ByMopup, t0.Add(time.Duration(i)*time.Minute))
			require.NoError(t, err)
		}
		f.store.journeys[id] = j
	}
	f.now = t0.Add(time.Hour)
	return f, NewTeller(TellerOptions{
		Store: f.store, Runner: f.runner, Now: func() time.Time { return f.now }, Log: slog.New(slog.DiscardHandler),
	}), p
}

func TestARoundTellsWhatWaitsLongestFirst(t *testing.T) {
	t.Parallel()
	_, teller, p := newTeller(t, "C", "A", "B")
	require.NoError(t, teller.RunOnce(t.Context(), journey.ToCitizen, journey.ByPaygate))
	require.Empty(t, p.sent)
	require.NoError(t, teller.RunOnce(t.Context(), journey.ToService, journey.ByPaygate))
	require.Equal(t, []journey.ID{"C", "A", "B"}, p.sent)
	require.NoError(t, teller.RunOnce(t.Context(), journey.ToService, journey.ByMopup))
	require.Len(t, p.sent, 3)
}

func TestAFailureLeavesTheOtherJourneysAlone(t *testing.T) {
	t.Parallel()
	f, teller, p := newTeller(t, "A", "B", "C")
	p.down["A"], p.down["B"] = errors.New("404"), journey.ErrMessageRefused
	require.NoError(t, teller.RunOnce(t.Context(), journey.ToService, journey.ByPaygate))
	require.Equal(t, []journey.ID{"A", "B", "C"}, p.sent)
	require.Equal(t, t0, f.store.journeys["A"].TellAt)
	require.Equal(t, journey.GivenUpTellAt(), f.store.journeys["B"].TellAt)
	require.NoError(t, teller.RunOnce(t.Context(), journey.ToService, journey.ByPaygate))
	require.Len(t, p.sent, 3, "the back-off")
	teller.RunNow(t.Context())
	require.Equal(t, []journey.ID{"A", "B"}, p.sent[3:], "a person does not wait")
}

func TestARoundEndsIfTheServiceIsAway(t *testing.T) {
	t.Parallel()
	var ids []journey.ID
	for n := range 9 {
		ids = append(ids, journey.ID(fmt.Sprint("J", n)))
	}
	_, teller, p := newTeller(t, ids...)
	for _, id := range ids {
		p.down[id] = errors.New("the service cannot be reached")
	}
	require.ErrorIs(t, teller.RunOnce(t.Context(), journey.ToService, journey.ByPaygate), p.down["J4"])
	require.Equal(t, ids[:5], p.sent)
	require.NoError(t, teller.RunOnce(t.Context(), journey.ToService, journey.ByPaygate))
	require.Equal(t, ids, p.sent, "the next round goes on")
}

func TestAnAddressThatIsAwayDelaysNoOther(t *testing.T) {
	t.Parallel()
	var ids []journey.ID
	for n := range 7 {
		ids = append(ids, journey.ID(fmt.Sprint("J", n)))
	}
	f, teller, p := newTeller(t, append(ids, "OTHER")...)
	for _, id := range ids {
		p.down[id] = errors.New("no answer from the service in time")
	}
	other := f.store.journeys["OTHER"]
	other.Terms.Tell = "/other/events"
	f.store.journeys["OTHER"] = other
	require.ErrorIs(t, teller.RunOnce(t.Context(), journey.ToService, journey.ByPaygate), p.down["J4"])
	require.Equal(t, append(ids[:5:5], "OTHER"), p.sent)
}
