package storage

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/pay"
)

func TestRestartDuringPaymentIsInvisible(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.Restart()
	h.EndPayment("success")
	h.Restart()
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	h.Restart()
	require.Equal(t, http.StatusSeeOther, c.Get("/licences/apply?paygate-reply="+c.Journeys()[0].ID).Status,
		"the stored reply is still there")
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
}

func TestPriceChangeDoesNotAffectOpenJourneys(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("declined")
	h.Restart("PAYGATE_ROUTE_LICENCE_PRICE=30", "PAYGATE_ROUTE_LICENCE_CAPTURE=immediate")
	c.ReturnFromPay()
	require.Equal(t, http.StatusSeeOther, c.Post("/_pay/again", url.Values{"journey": {c.Journeys()[0].ID}}).Status)
	require.EqualValues(t, 2500, h.Payments()[1].Amount)
	require.True(t, h.Payments()[1].DelayedCapture)
	h.Citizen().Apply("Bob")
	require.EqualValues(t, 3000, h.Payments()[2].Amount)
}

// TestInterruptedDeliveryGoesToStaff leaves a claim in the store, like a process that was killed during a delivery.
func TestInterruptedDeliveryGoesToStaff(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t, testserver.Confirm)
	id := journey.ID(c.Journeys()[0].ID)
	h.Close()
	h.WithStore(func(s *boltstore.Store) {
		payment := h.Payments()[0]
		for _, fact := range []journey.Fact{
			journey.PaymentSeen{Snapshot: journey.PaymentSnapshot{
				ID: payment.ID, Reference: payment.Reference,
				Amount: 2500, Status: "capturable",
			}},
			journey.Claimed{Until: time.Now().Add(time.Hour)},
		} {
			_, err := s.Update(context.Background(), id, func(j journey.Journey) (journey.Change, error) {
				j, err := j.Apply(fact, journey.ByCitizen, time.Now().UTC())
				return journey.Change{Journey: j}, err
			})
			require.NoError(t, err)
		}
	})
	h.Open(h.ListenAgain())
	require.Equal(t, journey.StateStuck, c.State())
	require.Contains(t, c.ReturnFromPay().Text, "We are looking into your payment")
	require.Empty(t, h.Service.Requests(http.MethodPost))
	require.Equal(t, "capturable", h.Payments()[0].Status, "not captured while the outcome is unknown")
}

func TestShutdownFinishesDeliveryInProgress(t *testing.T) {
	t.Parallel()
	h := testserver.Build(t, testserver.UnlimitedPay, testserver.Confirm)
	working, finish := make(chan struct{}), make(chan struct{})
	h.Service.SetAnswer(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			close(working)
			<-finish
		}
		testserver.Confirm(w, r)
	})
	serving := h.Serve()
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	back := make(chan testserver.Page, 1)
	go func() { back <- c.Get(c.Get("/_pay/return").Location()) }()
	<-working
	stopped := make(chan int, 1)
	go func() { stopped <- serving.Stop() }()
	require.Eventually(t, func() bool {
		answer, err := http.Get(h.Staff.URL + "/readyz")
		return err == nil && answer.Body.Close() == nil && answer.StatusCode == http.StatusServiceUnavailable
	}, testserver.LongTimeout, 1)
	other := h.Citizen()
	refused := other.Post("/licences/apply", url.Values{"name": {"Bob"}})
	require.Equal(t, http.StatusServiceUnavailable, refused.Status)
	require.NotEmpty(t, refused.Header.Get("Retry-After"))
	require.Equal(t, http.StatusOK, other.Get("/free").Status, "free traffic goes on")
	close(finish)
	require.Contains(t, (<-back).Location(), "confirmation", "the citizen gets the answer")
	require.Zero(t, <-stopped)
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
	require.Equal(t, "success", h.Payments()[0].Status)
	require.Len(t, h.Payments(), 1)
}

func TestServeExitsWithZeroWhenStopped(t *testing.T) {
	t.Parallel()
	h := testserver.Build(t, testserver.UnlimitedPay, testserver.Confirm)
	serving := h.Serve()
	require.Equal(t, http.StatusOK, h.Citizen().Get(h.Staff.URL+"/readyz").Status)
	require.Zero(t, serving.Stop())
}

// TestDamagedJourneyIsSetAside flips a bit of one journey in the file, like a failing disk.
func TestDamagedJourneyIsSetAside(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm,
		append(testserver.EagerSweeps, "PAYGATE_PAY_WEBHOOK_SECRETS="+testserver.WebhookSecret)...)
	ann, bob := h.Citizen(), h.Citizen()
	ann.Apply("Ann")
	id := ann.Journeys()[0].ID
	bob.Apply("Bob")
	for _, p := range h.Payments() {
		require.NoError(t, h.Pay.Pay(p.ID, "success"))
	}
	h.Close()
	db, err := bolt.Open(h.Store, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bolt.Tx) error {
		bucket := tx.Bucket([]byte("journeys"))
		sealed := bytes.Clone(bucket.Get([]byte(id)))
		sealed[len(sealed)/2] ^= 1
		return bucket.Put([]byte(id), sealed)
	}))
	require.NoError(t, db.Close())
	h.Open(h.ListenAgain(), append(testserver.EagerSweeps, "PAYGATE_PAY_WEBHOOK_SECRETS="+testserver.WebhookSecret)...)

	bob.SweepUntil(journey.StateReleased)
	require.Equal(t, http.StatusNotFound, ann.Get("/_pay/return?looked").Status)
	require.Equal(t, "1", h.Metric(t, "paygate_damaged"))
	p := h.Ann().Do(http.MethodGet, "/journeys/"+id, nil)
	require.Equal(t, http.StatusInternalServerError, p.Status)
	require.Contains(t, p.Text, "set aside")
	b := h.Citizen()
	b.Post(h.Staff.URL+"/login", url.Values{"token": {testserver.AnnsToken}})
	require.Contains(t, b.Get(h.Staff.URL+"/", "Accept", testserver.AcceptHTML).Text, "<li>"+id+"</li>")
	message := []byte(`{"webhook_message_id":"m1","resource_id":"` + h.Payments()[0].ID + `"}`)
	answer := ann.Do(http.MethodPost, "/_pay/webhook", bytes.NewReader(message), "Pay-Signature",
		pay.Sign(testserver.WebhookSecret, message))
	require.Equal(t, http.StatusOK, answer.Status, "repeating the webhook would not help")
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
	require.Equal(t, "capturable", h.Payments()[0].Status, "a damaged journey decides nothing")
}
