package gateway

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/pages"
	"paygate/internal/testpages"
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
		pages.Unsure: {State: journey.StateStuck, Payments: []journey.Payment{{ID: "p", Status: "submitted"}}},
		pages.Checking: { // released on trust when the citizen came back
			State: journey.StateReleased, PaidWith: "p", Trusted: true,
			Payments: []journey.Payment{{ID: "p", Status: "submitted"}},
		},
		pages.MoneyBack: {State: journey.StateReversed, PaidWith: "p", PaidAt: at, Payments: []journey.Payment{failed}},
		pages.NotKept:   {State: journey.StateReversed, Payments: []journey.Payment{failed}},
	} {
		require.Equal(t, page, pageOf(j))
	}
}

func TestAnEmptyReplyIsNoProofOfAPayment(t *testing.T) {
	t.Parallel()
	j := journey.Journey{State: journey.StateReleased, PaidWith: "p", Payments: []journey.Payment{{ID: "p", Money: 1}}}
	require.Equal(t, pages.Done, withoutContent(j).page)
	j.Trusted = true
	require.Equal(t, pages.Checking, withoutContent(j).page)
	j.Trusted, j.CollectionFailed = false, true
	require.Equal(t, pages.NotPaidFor, withoutContent(j).page)
}

// Whatever happened to the money, no page says that it was taken when it was not, or not taken when it was.
func TestNoPageContradictsTheMoney(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC)
	failed := journey.Payment{ID: "p", Status: "failed", Code: "P0010"}
	taken := journey.Payment{ID: "p", Status: "success", Money: 2500}
	refunded := journey.Payment{ID: "p", Status: "success", Money: 2000, Refunded: 500}
	lost := journey.Payment{ID: "p", Status: "error"}
	submitted := journey.Payment{ID: "p", Status: "submitted"} // sent to the service on trust
	for _, kind := range []journey.Kind{journey.KindSubmission, journey.KindPass} {
		for _, state := range journey.States() {
			for _, p := range []journey.Payment{failed, taken, refunded, lost, submitted} {
				j := journey.Journey{ID: "J", State: state, Payments: []journey.Payment{p}, Terms: journey.Terms{
					Kind: kind, Amount: 2500, Reference: "R",
				}}
				if p.Money > 0 || state == journey.StateReleased {
					j.PaidWith, j.PaidAt = "p", at
				}
				if p.Status == "submitted" {
					j.Trusted, j.PaidWith, j.PaidAt = true, "p", time.Time{}
				}
				j.CollectionFailed = state == journey.StateReleased && p.Money == 0 && !j.Trusted
				if !isPossible(j) {
					continue
				}
				w := httptest.NewRecorder()
				testpages.New().Render(w, http.StatusOK, pageOf(j), viewOf(j))
				saysPaid := regexp.MustCompile(
					`You have paid £25|You paid £25|We have your payment|£25 is still valid|` +
						`you paid for did not go ahead`)
				require.Equal(t, p.Money > 0, saysPaid.MatchString(w.Body.String()), "%s %s %s", kind, state, p.Status)
				saysRefunded := strings.Contains(w.Body.String(), "We have since refunded £5 ")
				if state == journey.StateReleased || state == journey.StateAccepted {
					require.Equal(t, p.Refunded > 0, saysRefunded, "%s %s", kind, state)
				}
			}
		}
	}
}

// isPossible reports whether a journey has this money in this state.
func isPossible(j journey.Journey) bool {
	switch hasMoney := j.Paid(); j.State {
	case journey.StateReleasing, journey.StateRefused:
		return hasMoney || j.Trusted
	case journey.StateReleased, journey.StatePaying:
		return j.State == journey.StateReleased || !hasMoney
	case journey.StateHeld, journey.StateUnpaid, journey.StateAbandoned:
		return !hasMoney
	case journey.StateConfirmed, journey.StateAccepted:
		return hasMoney
	default:
		return !j.Trusted
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
