package journey

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// twins are two journeys with the same facts, except that early delivery reads the payment of one of them, and
// fails.
type twins struct {
	t           *rapid.T
	with, alone Journey
	now         time.Time
	status      string // at Pay
}

// As long as nothing is delivered, a sweep is due for both at the same time, or for
// both by now. It may come sooner only after failures, because Pay answers again.
func TestEarlyDeliveryDoesNotMoveSweeps(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		terms := randomTerms(t)
		terms.Kind = KindSubmission
		terms.MopupMinAge = rapid.SampledFrom([]time.Duration{0, time.Minute, time.Hour, 3 * time.Hour}).Draw(t,
			"minimum age")
		j := Hold("01TEST", "key", terms, Fingerprint{}, t0)
		tw := &twins{t: t, with: j, alone: j, now: t0, status: StatusCreated}
		tw.both(ByCitizen, PaymentCreated{snapshot(StatusCreated)})
		for range rapid.IntRange(1, 30).Draw(t, "length") {
			tw.now = tw.now.Add(time.Duration(rapid.IntRange(0, 1200).Draw(t, "seconds")) * time.Second)
			tw.step()
			tw.sameSweep()
		}
	})
}

// both applies a fact to both twins, if their state allows it.
func (tw *twins) both(by By, f Fact) {
	tw.with, _ = tw.with.Apply(f, by, tw.now)
	tw.alone, _ = tw.alone.Apply(f, by, tw.now)
}

func (tw *twins) early(f Fact) { tw.with, _ = tw.with.Apply(f, ByEarly, tw.now) }

func (tw *twins) step() {
	read := PaymentSeen{snapshot(tw.status)}
	switch rapid.SampledFrom([]string{
		"pays", "early", "early", "early fails", "early not sent", "returns", "read",
		"nudge", "fails",
	}).Draw(tw.t, "what") {
	case "pays":
		tw.pays()
	case "early":
		tw.early(EarlyBegun{tw.with.EarlyAt})
		if tw.with.State == StatePaying {
			tw.early(read)
		}
	case "early fails":
		tw.early(EarlyBegun{tw.with.EarlyAt})
		tw.early(StepFailed{"GOV.UK Pay is down"})
	case "early not sent":
		if tw.with.owedTo(ByEarly, tw.now) == StepDeliver {
			tw.early(Claimed{tw.now.Add(time.Minute)})
			tw.early(RequestDelivered{Number: tw.with.Claim.Number, Verdict: VerdictNotSent})
		}
	case "returns":
		tw.both(ByCitizen, CitizenReturned{})
	case "read":
		tw.both(rapid.SampledFrom([]By{ByCitizen, ByWebhook, ByMopup}).Draw(tw.t, "by"), read)
	case "nudge":
		tw.both(ByWebhook, Nudged{})
	case "fails":
		tw.both(ByMopup, StepFailed{"GOV.UK Pay is down"})
	}
}

func (tw *twins) pays() {
	switch tw.status {
	case StatusCreated:
		tw.status = StatusStarted
	case StatusStarted:
		tw.status = StatusSubmitted
	case StatusSubmitted:
		tw.status = map[string]string{
			CaptureOnAccept:  StatusCapturable,
			CaptureImmediate: StatusSuccess,
		}[tw.with.Terms.Capture]
	}
}

func (tw *twins) sameSweep() {
	states := []State{tw.with.State, tw.alone.State}
	require.Equal(tw.t, latest(tw.now, tw.alone.DueByHand(tw.now)), latest(tw.now, tw.with.DueByHand(tw.now)), "%v",
		states)
	if tw.with.Failures > 0 {
		return // failures of sweeps delay sweeps in every state
	}
	require.False(tw.t, tw.with.Due(tw.now).After(latest(tw.now, tw.alone.Due(tw.now))),
		"%v: the back-off of early delivery must not delay sweeps", states)
}
