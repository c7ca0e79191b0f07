package storage

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"paygate/gateway/command"
	"paygate/gateway/config"
	"paygate/gateway/signature"
	"paygate/internal/app"
	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/pay"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"
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
		"the kept reply is still there")
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
}

func TestSecretRotationKeepsOpenJourneys(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	before := h.Keys(t)
	h.Restart("PAYGATE_SECRETS=" + testserver.Secret32(7) + "," + testserver.Secret32(1))
	require.Equal(t, before, h.Keys(t), "the signing keys stay")
	h.EndPayment("success")
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	for _, check := range h.Verify(t, h.Service.Requests(http.MethodPost)[0]) {
		require.True(t, check.Good, check.Detail)
	}
	h.Restart("PAYGATE_SECRETS=" + testserver.Secret32(7))
	require.Equal(t, before, h.Keys(t), "they were sealed again under the new secret")
}

func TestRemovingNeededSecretStopsStart(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	h.Citizen().Apply("Ann")
	h.Close()
	settings, err := config.Load(append(h.Environ(h.Store), "PAYGATE_SECRETS="+testserver.Secret32(7)))
	require.NoError(t, err)
	_, err = app.Assemble(t.Context(), settings, h.Logger(), h.Now)
	require.ErrorContains(t, err, "1 open journeys sealed under a secret that PAYGATE_SECRETS no longer lists")
	listener := h.ListenAgain()
	h.Open(listener) // for the end of the test
}

// keyFile is a new signing key as a PEM file.
func keyFile(t *testing.T, alg string) string {
	t.Helper()
	key, err := signature.Generate(alg, time.Now())
	require.NoError(t, err)
	text, err := key.PEM()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "signing.pem")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	return file
}

// signedBy is the algorithm and the name of the key that a release was signed with.
func signedBy(t *testing.T, r testserver.Received) (alg, kid string) {
	t.Helper()
	first, _, _ := strings.Cut(r.Header.Get("Paygate-Assertion"), ".")
	text, err := base64.RawURLEncoding.DecodeString(first)
	require.NoError(t, err)
	var header struct{ Alg, Kid string }
	require.NoError(t, json.Unmarshal(text, &header))
	return header.Alg, header.Kid
}

// TestSigningKeyRotationKeepsOpenJourneys goes through the steps of docs/headers.md, each with a citizen who began
// before it, while a verifier only knows what was published before.
func TestSigningKeyRotationKeepsOpenJourneys(t *testing.T) {
	t.Parallel()
	older, newer := keyFile(t, signature.RS256), keyFile(t, signature.ES256)
	h := testserver.New(t, testserver.Confirm, "PAYGATE_SIGNING_KEYS="+older)
	var releases []testserver.Received
	published := h.Keys(t)
	step := func(keys string) {
		c := h.Citizen()
		c.Apply("Ann")
		h.Restart("PAYGATE_SIGNING_KEYS=" + keys)
		h.EndPayment("success")
		require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
		posts := h.Service.Requests(http.MethodPost)
		releases = append(releases, posts[len(posts)-1])
		_, kid := signedBy(t, posts[len(posts)-1])
		require.NotEmpty(t, published.Key(kid), "nothing is signed by a key that was not published before")
		published = h.Keys(t)
		require.Len(t, published.Keys, strings.Count(keys, ",")+1)
	}
	step(older)
	step(older + "," + newer)
	step(newer + "," + older)
	h.RequireVerified(t, true, releases...)
	step(newer)
	for i, alg := range []string{"RS256", "RS256", "ES256", "ES256"} {
		signed, _ := signedBy(t, releases[i])
		require.Equal(t, alg, signed)
	}
	h.RequireVerified(t, true, releases[2:]...)
	h.RequireVerified(t, false, releases[:2]...)
}

// TestGeneratedSigningKeyIsReplacedWithOverlap: without PAYGATE_SIGNING_KEYS, the next key is published before it
// signs, and the replaced one stays published, through restarts and under other secrets.
func TestGeneratedSigningKeyIsReplacedWithOverlap(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	release := func() testserver.Received {
		c := h.Citizen()
		c.Apply("Ann")
		h.EndPayment("success")
		c.ReturnFromPay()
		posts := h.Service.Requests(http.MethodPost)
		return posts[len(posts)-1]
	}
	before := release()
	var published []string
	for range 2 {
		h.Restart("PAYGATE_SIGNING_ALG=ES256", "PAYGATE_SECRETS="+testserver.Secret32(7)+","+testserver.Secret32(1))
		after := release()
		alg, _ := signedBy(t, after)
		require.Equal(t, "RS256", alg, "not before verifiers had time to learn of the next")
		h.RequireVerified(t, true, before, after)
		published = nil
		for _, key := range h.Keys(t).Keys {
			published = append(published, key.Algorithm)
		}
		require.ElementsMatch(t, []string{"RS256", "ES256"}, published)
	}
}

// TestTwoSecretRotationsKeepOpenJourneys: old secrets go once no open journey is sealed under them.
func TestTwoSecretRotationsKeepOpenJourneys(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.Restart("PAYGATE_SECRETS=" + testserver.Secret32(7) + "," + testserver.Secret32(1))
	require.Len(t, c.Journeys(), 1, "a ticket of before is still a ticket")
	c.Apply("Ben") // and is written anew with the first secret
	h.Restart("PAYGATE_SECRETS=" + testserver.Secret32(9) + "," + testserver.Secret32(7) + "," + testserver.Secret32(1))
	require.Len(t, c.Journeys(), 2)
	for _, payment := range h.Payments() {
		require.NoError(t, h.Pay.Pay(payment.ID, "success"))
	}
	c.ReturnFromPay()
	c.ReturnFromPay()
	posts := h.Service.Requests(http.MethodPost)
	require.Len(t, posts, 2)
	h.RequireVerified(t, true, posts...)
	for _, j := range c.Journeys() {
		require.Equal(t, string(journey.StateReleased), j.State)
	}
	stranger := h.Citizen()
	h.Restart("PAYGATE_SECRETS=" + testserver.Secret32(9))
	require.Empty(t, stranger.Journeys())
	require.Empty(t, c.Journeys(), "a ticket under a secret that is gone opens nothing, and breaks nothing")
	c.Apply("Cat")
	require.Len(t, c.Journeys(), 1)
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

// TestInterruptedDeliveryGoesToStaff leaves a claim in the store, as a process that was killed in mid-delivery
// does.
func TestInterruptedDeliveryGoesToStaff(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t, testserver.Confirm)
	id := journey.ID(c.Journeys()[0].ID)
	h.Close()
	h.WithStore(func(s *boltstore.Store) {
		payment := h.Payments()[0]
		for _, fact := range []journey.Fact{
			journey.PaymentSeen{Snapshot: journey.PaymentSnapshot{ID: payment.ID, Reference: payment.Reference,
				Amount: 2500, Status: "capturable"}},
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
	require.Equal(t, "capturable", h.Payments()[0].Status, "not taken until somebody knows")
}

// TestShutdownFinishesDeliveryInProgress tells a served gateway to end while the service is at work.
func TestShutdownFinishesDeliveryInProgress(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	working, goOn := make(chan struct{}), make(chan struct{})
	h.Service.SetAnswer(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			close(working)
			<-goOn
		}
		testserver.Confirm(w, r)
	})
	port := testserver.FreePorts(t, 2)
	h.URL = "http://127.0.0.1:" + strconv.Itoa(port)
	staffURL := "http://127.0.0.1:" + strconv.Itoa(port+1)
	environ := append(h.Environ(h.Store+"2"), "PAYGATE_LISTEN=127.0.0.1:"+strconv.Itoa(port),
		"PAYGATE_STAFF_LISTEN=127.0.0.1:"+strconv.Itoa(port+1))
	ctx, stop := context.WithCancel(t.Context())
	out := &testserver.Announcement{Wanted: `"msg":"serving"`, Seen: make(chan struct{})}
	ended := make(chan int, 1)
	go func() {
		ended <- command.Run(ctx, command.Env{Environ: environ, Stdout: out, Stderr: out}, nil)
	}()
	<-out.Seen
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	back := make(chan testserver.Page, 1)
	go func() { back <- c.Get(c.Get("/_pay/return").Location()) }()
	<-working
	stop()
	require.Eventually(t, func() bool {
		answer, err := http.Get(staffURL + "/readyz")
		return err == nil && answer.Body.Close() == nil && answer.StatusCode == http.StatusServiceUnavailable
	}, testserver.LongTimeout, 1)
	other := h.Citizen()
	refused := other.Post("/licences/apply", url.Values{"name": {"Bob"}})
	require.Equal(t, http.StatusServiceUnavailable, refused.Status)
	require.NotEmpty(t, refused.Header.Get("Retry-After"))
	require.Equal(t, http.StatusOK, other.Get("/free").Status, "free traffic goes on")
	close(goOn)
	require.Contains(t, (<-back).Location(), "confirmation", "the citizen has the answer")
	require.Zero(t, <-ended)
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
	require.Equal(t, "success", h.Payments()[0].Status)
	require.Len(t, h.Payments(), 1)
}

func TestServeExitsWithZeroWhenStopped(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	port := testserver.FreePorts(t, 2)
	ctx, stop := context.WithCancel(t.Context())
	out := &testserver.Announcement{Wanted: `"msg":"serving"`, Seen: make(chan struct{})}
	ended := make(chan int, 1)
	go func() {
		ended <- command.Run(ctx, command.Env{
			Environ: append(h.Environ(h.Store+"2"), "PAYGATE_LISTEN=127.0.0.1:"+strconv.Itoa(port),
				"PAYGATE_STAFF_LISTEN=127.0.0.1:"+strconv.Itoa(port+1)),
			Stdout: out, Stderr: out,
		}, nil)
	}()
	<-out.Seen
	answer, err := http.Get("http://127.0.0.1:" + strconv.Itoa(port+1) + "/readyz")
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
	stop()
	require.Zero(t, <-ended)
}

// TestDamagedJourneyIsSetAside turns a bit of one journey in the file, as a failing disk does.
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
	heard := ann.Do(http.MethodPost, "/_pay/webhook", bytes.NewReader(message), "Pay-Signature",
		pay.Sign(testserver.WebhookSecret, message))
	require.Equal(t, http.StatusOK, heard.Status, "to hear it again would not help")
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
	require.Equal(t, "capturable", h.Payments()[0].Status, "nothing is done on the word of what is damaged")
}
