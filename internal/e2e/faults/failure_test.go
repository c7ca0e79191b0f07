package faults

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
	"paygate/journey"
)

// TestEverySingleStepFailure fails each step of each story, before it is done and after, and lets time pass: nothing
// paid is lost, nothing is delivered twice, and money and service agree.
func TestEverySingleStepFailure(t *testing.T) {
	t.Parallel()
	testserver.OnEachStore(t, func(t *testing.T, kind testserver.StoreKind) {
		for _, what := range stories() {
			if len(kind.FaultStories) > 0 && !slices.Contains(kind.FaultStories, what.name) {
				continue
			}
			t.Run(what.name, func(t *testing.T) {
				t.Parallel()
				clock := testserver.NewMovableClock()
				store := kind.Open(t, clock.Now)
				unharmed := newScenario(t, store, clock, what, &failingStep{})
				unharmed.run(what)
				unharmed.requireAgreement()
				for _, j := range unharmed.journeys() {
					require.Equal(t, what.finalState, j.State, "%+what", j.History)
				}
				for i, step := range unharmed.failure.steps {
					if !strings.HasPrefix(step, kind.FaultPrefix) {
						continue
					}
					for _, after := range []bool{false, true} {
						if after && strings.Contains(step, "reads") {
							continue // the same as failing before
						}
						t.Run(fmt.Sprintf("step %d, %s, after %t", i+1, step, after), func(t *testing.T) {
							failure := &failingStep{number: i + 1, after: after}
							s := newScenario(t, store, clock, what, failure)
							s.run(what)
							require.NotEmpty(t, failure.name, "the step was never reached")
							s.requireAgreement()
						})
					}
				}
			})
		}
	})
}

// interruptedStore fails some writes as soon as the service has received a request.
type interruptedStore struct {
	journey.Store
	ledger *testserver.Ledger
	writes bool // before it fails
	left   int
}

func (s *interruptedStore) Update(ctx context.Context, id journey.ID,
	change func(journey.Journey) (journey.Change, error),
) (journey.Journey, error) {
	if len(s.ledger.All()) == 0 || s.left == 0 {
		return s.Store.Update(ctx, id, change)
	}
	s.left--
	if s.writes {
		_, _ = s.Store.Update(ctx, id, change)
	}
	return journey.Journey{}, errInjected
}

// TestDeliveryResultIsStoredAfterShortOutage proves that a short outage of the database makes no work for staff.
func TestDeliveryResultIsStoredAfterShortOutage(t *testing.T) {
	t.Parallel()
	for _, what := range stories()[:4] {
		for _, writes := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, written %t", what.name, writes), func(t *testing.T) {
				t.Parallel()
				clock := testserver.NewMovableClock()
				s := newScenario(t, testserver.OpenBolt(t, clock.Now), clock, what, &failingStep{})
				s.runner.Store = &interruptedStore{Store: s.runner.Store, ledger: s.ledger, writes: writes, left: 4}
				what.act(s)
				require.NotEqual(t, journey.StateStuck, s.journeys()[0].State)
				s.sweepAfter(6, 4*time.Hour)
				s.requireAgreement()
				require.Equal(t, what.finalState, s.journeys()[0].State)
			})
		}
	}
}

// concurrentPay does something else between the creation of a payment and its storage.
type concurrentPay struct {
	journey.Payments
	meanwhile func()
}

func (p concurrentPay) Create(ctx context.Context, n journey.NewPayment) (journey.PaymentSnapshot, error) {
	snapshot, err := p.Payments.Create(ctx, n)
	p.meanwhile()
	return snapshot, err
}

// TestJourneysNeverSharePayment: a journey that lost the answer to its create searches for the payment by its
// reference, while another journey with the same reference gets its own payment.
func TestJourneysNeverSharePayment(t *testing.T) {
	t.Parallel()
	testserver.OnEachStore(t, func(t *testing.T, kind testserver.StoreKind) {
		clock := testserver.NewMovableClock()
		what := stories()[1]
		s := newScenario(t, kind.Open(t, clock.Now), clock, what, &failingStep{number: 2})
		s.terms.MopupMinAge = 0
		lost, err := s.apply()
		require.ErrorIs(t, err, errInjected)
		require.Equal(t, "Pay creates", s.failure.name)

		s.runner.Accounts[""] = concurrentPay{s.runner.Accounts[""], func() {
			_, err := s.runner.Advance(t.Context(), lost.ID, s.visit(journey.ByMopup))
			require.NoError(t, err)
		}}
		_, _ = s.apply()
		require.Len(t, s.pay.Payments(), 1)
		require.NoError(t, s.pay.Pay(s.pay.Payments()[0].ID, "success"))
		s.sweepAfter(3, time.Minute)
		require.Equal(t, 1, s.ledger.Given(false), "paid once")
		s.sweepAfter(6, 4*time.Hour)
		s.requireAgreement()
	})
}
