package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
	"paygate/journey/pay"
)

// troubled is a store that knows every payment, and whose updates end as told.
type troubled struct {
	journey.Store
	update func() error
}

func (troubled) ByPayment(context.Context, string) (journey.ID, error) {
	return "01JDM4Q0V3Q7J2S3", nil
}

func (s troubled) Update(context.Context, journey.ID, func(journey.Journey) (journey.Change, error)) (journey.Journey, error) {
	return journey.Journey{}, s.update()
}

// webhookTo sends a genuine message, and gives the answer's status and what was counted.
func webhookTo(store journey.Store) (status int, counted []string) {
	log := slog.New(slog.DiscardHandler)
	g := &Gateway{Options: Options{
		WebhookSecrets: []string{"secret"}, Runner: &journey.Runner{Store: store, Now: time.Now, Log: log}, Log: log,
		Heard: func(result string) { counted = append(counted, result) },
	}}
	const body = `{"webhook_message_id":"m1","resource_id":"hu20sqlact5260q2nanm0q8u93"}`
	r := httptest.NewRequest(http.MethodPost, "/_pay/webhook", strings.NewReader(body))
	r.Header.Set("Pay-Signature", pay.Sign("secret", []byte(body)))
	w := httptest.NewRecorder()
	g.webhook(w, r)
	return w.Code, counted
}

func TestAWebhookIsAnsweredInTimeHoweverSlowTheStoreIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		goesOn := make(chan struct{})
		began := time.Now()
		status, counted := webhookTo(troubled{update: func() error { <-goesOn; return errors.New("too late") }})
		require.Equal(t, http.StatusServiceUnavailable, status, "not stored: Pay has to repeat it")
		require.Less(t, time.Since(began), 3*time.Second)
		require.Empty(t, counted)
		close(goesOn)
	})
}

func TestAWebhookThatCannotBeStoredIsRepeatedUnlessThatIsOfNoUse(t *testing.T) {
	t.Parallel()
	status, _ := webhookTo(troubled{update: func() error { return journey.ErrFull }})
	require.Equal(t, http.StatusServiceUnavailable, status)
	status, counted := webhookTo(troubled{update: func() error { return journey.ErrDamaged }})
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, []string{"unknown"}, counted)
}
