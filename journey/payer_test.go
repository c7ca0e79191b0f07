package journey

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

var ann = Payer{CardBrand: "Visa", CardLast4: "1111", Email: "ann@example.org"}

// knowing is an account at Pay that knows the payer.
type knowing struct {
	Payments
	answer func(context.Context) (PaymentSnapshot, error)
}

func (k knowing) Get(ctx context.Context, _ string) (PaymentSnapshot, error) { return k.answer(ctx) }

// payerOf returns what the service is told in the delivery of a journey with such a claim.
func payerOf(t *testing.T, j Journey, answer func(context.Context) (PaymentSnapshot, error)) Payer {
	t.Helper()
	r := &Runner{Accounts: Accounts{"": knowing{answer: answer}}, Log: slog.New(slog.DiscardHandler)}
	return r.payer(t.Context(), j)
}

// sharing returns a journey whose first delivery is claimed, on a route that shares this.
func sharing(t *testing.T, share ...string) Journey {
	t.Helper()
	j := examples(t)[StateReleasing]
	j.Terms.Share = share
	return j
}

func answers(context.Context) (PaymentSnapshot, error) {
	s := snapshot(StatusCapturable)
	s.Payer = ann
	return s, nil
}

func TestServiceIsToldOnlyWhatTheRouteShares(t *testing.T) {
	t.Parallel()
	all := []string{ShareCardBrand, ShareCardLast4, ShareEmail}
	require.Equal(t, ann, payerOf(t, sharing(t, all...), answers))
	require.Equal(t, Payer{CardBrand: "Visa"}, payerOf(t, sharing(t, ShareCardBrand), answers))
	require.Equal(t, Payer{CardLast4: "1111"}, payerOf(t, sharing(t, ShareCardLast4), answers))
	require.Equal(t, Payer{Email: "ann@example.org"}, payerOf(t, sharing(t, ShareEmail), answers))
	notAsked := func(context.Context) (PaymentSnapshot, error) {
		t.Error("Pay was asked")
		return PaymentSnapshot{}, nil
	}
	require.Empty(t, payerOf(t, sharing(t), notAsked))
	pass := sharing(t, all...)
	pass.Terms.Kind = KindPass
	require.Empty(t, payerOf(t, pass, notAsked))
	again := sharing(t, all...)
	again.Attempt, again.Sent = 2, true
	require.Empty(t, payerOf(t, again, notAsked), "the service may have been told")
	again.Sent = false
	require.Equal(t, ann, payerOf(t, again, answers), "nothing of the first delivery reached the service")
	corrected := sharing(t, all...)
	corrected.Submission, corrected.Attempt, corrected.Sent = 2, 1, true
	require.Equal(t, ann, payerOf(t, corrected, answers), "the first delivery of another submission")
}

func TestDeliveryGoesOnWithoutThePayer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		silent := func(ctx context.Context) (PaymentSnapshot, error) {
			<-ctx.Done()
			return PaymentSnapshot{}, ctx.Err()
		}
		require.Empty(t, payerOf(t, sharing(t, ShareEmail), silent))
		require.Equal(t, 2*time.Second, time.Since(began))
	})
	down := func(context.Context) (PaymentSnapshot, error) { return PaymentSnapshot{}, errors.New("status 500") }
	require.Empty(t, payerOf(t, sharing(t, ShareEmail), down))
	other := func(context.Context) (PaymentSnapshot, error) {
		s, _ := answers(t.Context())
		s.Reference = "another payment"
		return s, nil
	}
	require.Empty(t, payerOf(t, sharing(t, ShareEmail), other))
}
