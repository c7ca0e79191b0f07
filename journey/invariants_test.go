package journey

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// walk is a journey to which random facts happen, with a record of what Pay said.
type walk struct {
	t    *rapid.T
	j    Journey
	now  time.Time
	paid map[string]int64 // what Pay last said that it holds, by payment
}

// TestInvariantsHoldInRandomWalks applies random facts in random order to journeys under random terms, and checks
// after each one what must always be true.
func TestInvariantsHoldInRandomWalks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := walk{t: t, now: t0, paid: map[string]int64{}}
		hold := Hold
		if rapid.Bool().Draw(t, "asks first") {
			hold = HoldAsking
		}
		w.j = hold("01TEST", "key", randomTerms(t), Fingerprint{Path: "/licences/apply", Query: "page=apply"}, t0)
		for range rapid.IntRange(1, 40).Draw(t, "length") {
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 100_000).Draw(t, "seconds")) * time.Second)
			w.step(randomFact(t, w.j))
		}
	})
}

func randomTerms(t *rapid.T) Terms {
	terms := exampleTerms()
	terms.Kind = rapid.SampledFrom([]Kind{KindSubmission, KindPass}).Draw(t, "kind")
	terms.Capture = rapid.SampledFrom([]string{CaptureOnAccept, CaptureImmediate}).Draw(t, "capture")
	if terms.Capture == CaptureImmediate && terms.Kind == KindSubmission {
		terms.Release = rapid.SampledFrom([]string{ReleaseConfirmed, ReleaseOnReturn}).Draw(t, "release")
	}
	terms.Repeat = rapid.SampledFrom([]string{RepeatNever, RepeatSafe}).Draw(t, "repeat")
	terms.OnRefused = rapid.SampledFrom([]string{OnRefusedReturn, OnRefusedStaff}).Draw(t, "on refused")
	return terms
}

func randomSnapshot(t *rapid.T) PaymentSnapshot {
	s := snapshot(rapid.SampledFrom([]string{
		StatusCreated, StatusStarted, StatusSubmitted, StatusCapturable, StatusSuccess, StatusFailed, StatusCancelled,
		StatusError, "new word",
	}).Draw(t, "status"))
	s.ID = rapid.SampledFrom([]string{"pay1", "pay2", "pay3"}).Draw(t, "payment")
	s.Amount = rapid.SampledFrom([]int64{2500, 2500, 2500, 2500, 1}).Draw(t, "amount")
	s.Reference = rapid.SampledFrom([]string{"LIC-7F3K-22", "LIC-7F3K-22", "LIC-7F3K-22", "OTHER"}).Draw(t, "reference")
	if s.Status == StatusSuccess {
		s.RefundSubmitted = rapid.SampledFrom([]int64{0, 0, 500, 2500}).Draw(t, "refunded")
	}
	return s
}

func randomFact(t *rapid.T, j Journey) namedFact {
	number := rapid.SampledFrom([]int{j.Claim.Number, j.Claim.Number, j.Claim.Number, j.Claim.Number - 1}).Draw(t,
		"number")
	verdict := rapid.SampledFrom([]Verdict{VerdictAccepted, VerdictRefused, VerdictNotSent, VerdictUnknown}).Draw(t,
		"verdict")
	facts := append(allFacts(),
		namedFact{"seen", PaymentSeen{randomSnapshot(t)}, ByWebhook},
		namedFact{"seen", PaymentSeen{randomSnapshot(t)}, ByCitizen},
		namedFact{"seen", PaymentSeen{randomSnapshot(t)}, ByMopup},
		namedFact{"seen", PaymentSeen{randomSnapshot(t)}, ByEarly},
		namedFact{"early begun", EarlyBegun{j.EarlyAt}, ByEarly},
		namedFact{"early failed", StepFailed{"Pay is down"}, ByEarly},
		namedFact{"created", PaymentCreated{randomSnapshot(t)}, ByCitizen},
		namedFact{"delivered", RequestDelivered{Number: number, Verdict: verdict, KeepReply: true}, ByCitizen},
		namedFact{"delivered", RequestDelivered{Number: number, Verdict: verdict}, ByCitizen},
		namedFact{"lapsed", ClaimLapsed{number}, ByMopup},
	)
	return rapid.SampledFrom(facts).Draw(t, "fact")
}

func (w *walk) step(f namedFact) {
	before := w.j
	after, err := before.Apply(f.fact, f.by, w.now)
	if err != nil {
		require.Equal(w.t, before, after, "an error changes nothing")
		return
	}
	w.j = after
	w.deliversOnlyWhatIsPaidFor(before, after, f)
	w.onlyTheClaimHolderWritesTheResult(before, after, f)
	w.onlyPaySaysWhatHappenedToMoney(before, after, f)
	w.aWrongPaymentCountsForNothing(before, after, f)
	w.moneyAndServiceAgreeAtRest(after)
	w.nothingWaitsForEver(after)
	w.termsNeverChange(before, after, f.fact)
	w.requestsAreErased(after)
	w.factsMayComeTwice(after, f)
}

// Invariant 1: a delivery needs a claim, and a claim needs money or, where the route says
// so, trust.
func (w *walk) deliversOnlyWhatIsPaidFor(before, after Journey, f namedFact) {
	if after.State != StateReleasing || before.State == StateReleasing {
		return
	}
	require.IsType(w.t, Claimed{}, f.fact)
	p, known := after.Payment()
	require.True(w.t, known)
	trusted := after.Terms.Release == ReleaseOnReturn && !after.ReturnedAt.IsZero()
	require.True(w.t, p.Money > 0 || trusted && f.by != ByEarly, "delivering without money: %+v", p)
	require.False(w.t, before.Returning, "delivering what is being given back")
	require.False(w.t, before.refunding(), "delivering what is being refunded")
}

// Invariant 2: one claim at a time, each with its own number.
func (w *walk) onlyTheClaimHolderWritesTheResult(before, after Journey, f namedFact) {
	switch f := f.fact.(type) {
	case Claimed:
		require.NotEqual(w.t, StateReleasing, before.State, "claimed twice")
		require.Equal(w.t, before.Claim.Number+1, after.Claim.Number)
	case RequestDelivered:
		require.Equal(w.t, before.Claim.Number, f.Number, "another claim's result")
		require.NotZero(w.t, f.Number)
	case ClaimLapsed:
		require.Equal(w.t, before.Claim.Number, f.Number)
	}
}

// Invariant 4: only Pay says what happened to a payment. (Pay's answer to a capture counts too.)
func (w *walk) onlyPaySaysWhatHappenedToMoney(before, after Journey, f namedFact) {
	switch f.fact.(type) {
	case PaymentSeen, PaymentCreated, Captured, RefundsSeen:
		return
	}
	require.Equal(w.t, before.Payments, after.Payments)
}

// Invariant 5: an outcome counts only if payment, reference and amount are the journey's own.
func (w *walk) aWrongPaymentCountsForNothing(before, after Journey, f namedFact) {
	s, isSeen := f.fact.(PaymentSeen)
	if isSeen && after.Terms.Outcome(s.Snapshot) == OutcomeMismatch {
		require.Contains(w.t, []State{before.State, StateStuck}, after.State)
		require.Equal(w.t, before.Payments, after.Payments)
	}
}

// Invariant 3: released means given and taken; reversed and abandoned mean neither. If Pay later says otherwise, the
// journey is owed the step that puts it right, or tells staff.
func (w *walk) moneyAndServiceAgreeAtRest(j Journey) {
	owed, _ := j.next(w.now)
	switch j.State {
	case StateReleased:
		require.False(w.t, j.ReleasedAt.IsZero() && j.Claim.Number > 0 && !w.settled(j), "released but never accepted")
		p, _ := j.Payment()
		taken := p.Money > 0 || p.Refunded > 0
		require.True(w.t, taken || j.Trusted || j.CollectionFailed || w.settled(j), "given without money: %+v", j)
	case StateReversed, StateAbandoned:
		for _, p := range j.Payments {
			require.True(w.t, p.Money == 0 || owed == StepReturn || owed == StepEraseReply || !j.NudgedAt.IsZero(),
				"money kept for nothing: %+v", p)
		}
	}
}

// settled reports whether a person has settled the journey.
func (w *walk) settled(j Journey) bool {
	for _, e := range j.History {
		if e.Fact == (Settled{}).Name() {
			return true
		}
	}
	return false
}

// Invariant 6: every journey has a time at which it is next visited.
func (w *walk) nothingWaitsForEver(j Journey) {
	require.False(w.t, j.DueAt.IsZero(), "never visited again: %s", j.State)
	require.LessOrEqual(w.t, j.DueAt.Sub(w.now), j.Terms.KeepJourney)
	if !j.State.AtRest() {
		require.LessOrEqual(w.t, j.DueAt.Sub(w.now), CaptureWindow, "%s waits too long", j.State)
	}
}

// Invariant 7: terms are fixed when the request is held. Only what came from a person is erased if they ask for it.
func (w *walk) termsNeverChange(before, after Journey, f Fact) {
	terms := before.Terms
	if _, erases := f.(PersonErased); erases {
		terms = terms.withoutPerson(before.ID)
	}
	require.True(w.t, reflect.DeepEqual(terms, after.Terms))
}

// Invariant 10: a held request is erased once it is no longer needed.
func (w *walk) requestsAreErased(j Journey) {
	if j.State.AtRest() || j.State == StateAccepted {
		require.False(w.t, j.KeepsRequest())
	}
	if j.State == StateConfirmed || j.State == StateUnpaid || j.State == StatePaying {
		require.True(w.t, j.KeepsRequest(), "%s needs its request", j.State)
	}
}

// Late and repeated facts are harmless: the second time they change nothing, or are not allowed.
func (w *walk) factsMayComeTwice(j Journey, f namedFact) {
	again, err := j.Apply(f.fact, f.by, w.now)
	if err != nil {
		return
	}
	switch f.fact.(type) {
	case PaymentSeen, PaymentCreated, PaymentNeverMade, Captured, RetryLapsed:
		require.Equal(w.t, j.State, again.State, "%s a second time moved %s to %s", f.name, j.State, again.State)
	}
}

func TestOwedAndDueNeverDisagree(t *testing.T) {
	t.Parallel()
	for state, j := range examples(t) {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			due := j.Due(t0)
			require.NotEqual(t, StepNone, j.Owed(due), "a sweep at the due time finds something to do")
		})
	}
}

func TestRepeatedEventsAreOneLineOfHistory(t *testing.T) {
	t.Parallel()
	j := examples(t)[StateConfirmed]
	before := len(j.History)
	for n := range 1000 {
		at := t0.Add(time.Duration(n) * time.Minute)
		claimed, err := j.Apply(Claimed{at.Add(time.Minute)}, ByMopup, at)
		require.NoError(t, err)
		j, err = claimed.Apply(RequestDelivered{
			Number: claimed.Claim.Number, Verdict: VerdictNotSent,
			Detail: "connection refused",
		}, ByMopup, at)
		require.NoError(t, err)
	}
	require.Less(t, len(j.History), before+10, fmt.Sprint(len(j.History)))
	require.Equal(t, 1000, j.Attempt)
}

func TestIDsSortByTimeAndKeysDiffer(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	var last ID
	for n := range 1000 {
		id := NewID(t0.Add(time.Duration(n) * time.Millisecond))
		require.Len(t, string(id), 16)
		require.Greater(t, id, last)
		require.Equal(t, strings.ToUpper(string(id)), string(id))
		last = id
		key := NewKey()
		require.False(t, known[key])
		known[key] = true
	}
}
