package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paygate/gateway/command"
	"paygate/gateway/config"
	"paygate/gateway/signature"
	"paygate/internal/app"
	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/pay"
	"paygate/journey/seal"
)

func TestARestartWhileTheCitizenPaysIsNoticedByNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	h.restart()
	h.pays("success")
	h.restart()
	require.Contains(t, c.comesBack().text, "the service's own page")
	h.restart()
	require.Equal(t, http.StatusSeeOther, c.get("/licences/apply?paygate-reply="+c.status()[0].ID).status, "the kept reply is still there")
	require.Len(t, h.service.got(http.MethodPost), 1)
}

func TestSecretsChangeWithJourneysUnderWay(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	before := h.keys(t)
	h.restart("PAYGATE_SECRETS=" + secret32(7) + "," + secret32(1))
	require.Equal(t, before, h.keys(t), "the signing keys stay")
	h.pays("success")
	require.Contains(t, c.comesBack().text, "the service's own page")
	for _, check := range h.verify(t, h.service.got(http.MethodPost)[0]) {
		require.True(t, check.Good, check.Detail)
	}
	h.restart("PAYGATE_SECRETS=" + secret32(7))
	require.Equal(t, before, h.keys(t), "they were sealed again under the new secret")
}

func TestASecretThatIsStillNeededCannotGo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	h.citizen().apply("Ann")
	h.close()
	settings, err := config.Load(append(h.environ(h.store), "PAYGATE_SECRETS="+secret32(7)))
	require.NoError(t, err)
	_, err = app.Assemble(t.Context(), settings, h.logger(), h.now)
	require.ErrorContains(t, err, "1 open journeys sealed under a secret that PAYGATE_SECRETS no longer lists")
	listener := h.listenAgain()
	h.open(listener) // for the end of the test
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
func signedBy(t *testing.T, r received) (alg, kid string) {
	t.Helper()
	first, _, _ := strings.Cut(r.header.Get("Paygate-Assertion"), ".")
	text, err := base64.RawURLEncoding.DecodeString(first)
	require.NoError(t, err)
	var header struct{ Alg, Kid string }
	require.NoError(t, json.Unmarshal(text, &header))
	return header.Alg, header.Kid
}

// requireVerified holds releases against the keys that are published now.
func (h *house) requireVerified(t *testing.T, good bool, releases ...received) {
	t.Helper()
	for _, r := range releases {
		bad := slices.ContainsFunc(h.verify(t, r), func(c signature.Check) bool { return !c.Good })
		require.Equal(t, good, !bad)
	}
}

// TestSigningKeysChangeWithJourneysUnderWay goes through the steps of docs/headers.md, each with a citizen who began before
// it, while a verifier only knows what was published before.
func TestSigningKeysChangeWithJourneysUnderWay(t *testing.T) {
	t.Parallel()
	older, newer := keyFile(t, signature.RS256), keyFile(t, signature.ES256)
	h := newHouse(t, confirms, "PAYGATE_SIGNING_KEYS="+older)
	var releases []received
	published := h.keys(t)
	step := func(keys string) {
		c := h.citizen()
		c.apply("Ann")
		h.restart("PAYGATE_SIGNING_KEYS=" + keys)
		h.pays("success")
		require.Contains(t, c.comesBack().text, "the service's own page")
		posts := h.service.got(http.MethodPost)
		releases = append(releases, posts[len(posts)-1])
		_, kid := signedBy(t, posts[len(posts)-1])
		require.NotEmpty(t, published.Key(kid), "nothing is signed by a key that was not published before")
		published = h.keys(t)
		require.Len(t, published.Keys, strings.Count(keys, ",")+1)
	}
	step(older)
	step(older + "," + newer)
	step(newer + "," + older)
	h.requireVerified(t, true, releases...)
	step(newer)
	for i, alg := range []string{"RS256", "RS256", "ES256", "ES256"} {
		signed, _ := signedBy(t, releases[i])
		require.Equal(t, alg, signed)
	}
	h.requireVerified(t, true, releases[2:]...)
	h.requireVerified(t, false, releases[:2]...)
}

// TestAKeyOfOurOwnIsReplacedWithOverlap: without PAYGATE_SIGNING_KEYS, the next key is published before it signs, and the
// replaced one stays published, through restarts and under other secrets.
func TestAKeyOfOurOwnIsReplacedWithOverlap(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	release := func() received {
		c := h.citizen()
		c.apply("Ann")
		h.pays("success")
		c.comesBack()
		posts := h.service.got(http.MethodPost)
		return posts[len(posts)-1]
	}
	before := release()
	var published []string
	for range 2 {
		h.restart("PAYGATE_SIGNING_ALG=ES256", "PAYGATE_SECRETS="+secret32(7)+","+secret32(1))
		after := release()
		alg, _ := signedBy(t, after)
		require.Equal(t, "RS256", alg, "not before verifiers had time to learn of the next")
		h.requireVerified(t, true, before, after)
		published = nil
		for _, key := range h.keys(t).Keys {
			published = append(published, key.Algorithm)
		}
		require.ElementsMatch(t, []string{"RS256", "ES256"}, published)
	}
}

// TestTwoChangesOfSecretsLoseNobody: old secrets go once no open journey is sealed under them.
func TestTwoChangesOfSecretsLoseNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	h.restart("PAYGATE_SECRETS=" + secret32(7) + "," + secret32(1))
	require.Len(t, c.status(), 1, "a ticket of before is still a ticket")
	c.apply("Ben") // and is written anew with the first secret
	h.restart("PAYGATE_SECRETS=" + secret32(9) + "," + secret32(7) + "," + secret32(1))
	require.Len(t, c.status(), 2)
	for _, payment := range h.payments() {
		require.NoError(t, h.pay.Pay(payment.ID, "success"))
	}
	c.comesBack()
	c.comesBack()
	posts := h.service.got(http.MethodPost)
	require.Len(t, posts, 2)
	h.requireVerified(t, true, posts...)
	for _, j := range c.status() {
		require.Equal(t, string(journey.StateReleased), j.State)
	}
	stranger := h.citizen()
	h.restart("PAYGATE_SECRETS=" + secret32(9))
	require.Empty(t, stranger.status())
	require.Empty(t, c.status(), "a ticket under a secret that is gone opens nothing, and breaks nothing")
	c.apply("Cat")
	require.Len(t, c.status(), 1)
}

func TestAPriceThatChangesAltersNoJourneyUnderWay(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	h.pays("declined")
	h.restart("PAYGATE_ROUTE_LICENCE_PRICE=30", "PAYGATE_ROUTE_LICENCE_CAPTURE=immediate")
	c.comesBack()
	require.Equal(t, http.StatusSeeOther, c.post("/_pay/again", url.Values{"journey": {c.status()[0].ID}}).status)
	require.EqualValues(t, 2500, h.payments()[1].Amount)
	require.True(t, h.payments()[1].DelayedCapture)
	h.citizen().apply("Bob")
	require.EqualValues(t, 3000, h.payments()[2].Amount)
}

// TestADeliveryThatWasCutOffGoesToAPerson leaves a claim in the store, as a process that was killed in mid-delivery does.
func TestADeliveryThatWasCutOffGoesToAPerson(t *testing.T) {
	t.Parallel()
	h, c := annHasPaid(t, confirms)
	id := journey.ID(c.status()[0].ID)
	h.close()
	h.inTheStore(func(s *boltstore.Store) {
		payment := h.payments()[0]
		for _, fact := range []journey.Fact{
			journey.PaymentSeen{Snapshot: journey.PaymentSnapshot{ID: payment.ID, Reference: payment.Reference, Amount: 2500, Status: "capturable"}},
			journey.Claimed{Until: time.Now().Add(time.Hour)},
		} {
			_, err := s.Update(context.Background(), id, func(j journey.Journey) (journey.Change, error) {
				j, err := j.Apply(fact, journey.ByCitizen, time.Now().UTC())
				return journey.Change{Journey: j}, err
			})
			require.NoError(t, err)
		}
	})
	h.open(h.listenAgain())
	require.Equal(t, journey.StateStuck, c.state())
	require.Contains(t, c.comesBack().text, "We are looking into your payment")
	require.Empty(t, h.service.got(http.MethodPost))
	require.Equal(t, "capturable", h.payments()[0].Status, "not taken until somebody knows")
}

// inTheStore opens the store of a gateway that is closed.
func (h *house) inTheStore(do func(*boltstore.Store)) {
	h.t.Helper()
	settings, err := config.Load(h.environ(h.store))
	require.NoError(h.t, err)
	sealer, err := seal.New(settings.Secrets)
	require.NoError(h.t, err)
	store, err := boltstore.Open(h.store, boltstore.Options{Sealer: sealer, Now: h.now, Log: h.logger()})
	require.NoError(h.t, err)
	do(store)
	require.NoError(h.t, store.Close())
}

// TestADeliveryUnderWayIsFinishedBeforeTheEnd tells a served gateway to end while the service is at work.
func TestADeliveryUnderWayIsFinishedBeforeTheEnd(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	working, goOn := make(chan struct{}), make(chan struct{})
	h.service.answersBy(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			close(working)
			<-goOn
		}
		confirms(w, r)
	})
	port := freePorts(t, 2)
	h.url = "http://127.0.0.1:" + itoa(port)
	staffURL := "http://127.0.0.1:" + itoa(port+1)
	environ := append(h.environ(h.store+"2"), "PAYGATE_LISTEN=127.0.0.1:"+itoa(port), "PAYGATE_STAFF_LISTEN=127.0.0.1:"+itoa(port+1))
	ctx, stop := context.WithCancel(t.Context())
	out := &announcement{wanted: `"msg":"serving"`, seen: make(chan struct{})}
	ended := make(chan int, 1)
	go func() {
		ended <- command.Run(ctx, command.Env{Environ: environ, Stdout: out, Stderr: out}, nil)
	}()
	<-out.seen
	c := h.citizen()
	c.apply("Ann")
	h.pays("success")
	back := make(chan page, 1)
	go func() { back <- c.get(c.get("/_pay/return").to()) }()
	<-working
	stop()
	require.Eventually(t, func() bool {
		answer, err := http.Get(staffURL + "/readyz")
		return err == nil && answer.Body.Close() == nil && answer.StatusCode == http.StatusServiceUnavailable
	}, soon, 1)
	other := h.citizen()
	refused := other.post("/licences/apply", url.Values{"name": {"Bob"}})
	require.Equal(t, http.StatusServiceUnavailable, refused.status)
	require.NotEmpty(t, refused.header.Get("Retry-After"))
	require.Equal(t, http.StatusOK, other.get("/free").status, "free traffic goes on")
	close(goOn)
	require.Contains(t, (<-back).to(), "confirmation", "the citizen has the answer")
	require.Zero(t, <-ended)
	require.Len(t, h.service.got(http.MethodPost), 1)
	require.Equal(t, "success", h.payments()[0].Status)
	require.Len(t, h.payments(), 1)
}

func TestServeEndsWithZeroWhenItIsToldTo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	port := freePorts(t, 2)
	ctx, stop := context.WithCancel(t.Context())
	out := &announcement{wanted: `"msg":"serving"`, seen: make(chan struct{})}
	ended := make(chan int, 1)
	go func() {
		ended <- command.Run(ctx, command.Env{
			Environ: append(h.environ(h.store+"2"), "PAYGATE_LISTEN=127.0.0.1:"+itoa(port), "PAYGATE_STAFF_LISTEN=127.0.0.1:"+itoa(port+1)),
			Stdout:  out, Stderr: out,
		}, nil)
	}()
	<-out.seen
	answer, err := http.Get("http://127.0.0.1:" + itoa(port+1) + "/readyz")
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
	stop()
	require.Zero(t, <-ended)
}

// TestOneDamagedJourneyIsSetAsideAndTheRestGoesOn turns a bit of one journey in the file, as a failing disk does.
func TestOneDamagedJourneyIsSetAsideAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, append(eager, "PAYGATE_PAY_WEBHOOK_SECRETS="+webhookSecret)...)
	ann, bob := h.citizen(), h.citizen()
	ann.apply("Ann")
	id := ann.status()[0].ID
	bob.apply("Bob")
	for _, p := range h.payments() {
		require.NoError(t, h.pay.Pay(p.ID, "success"))
	}
	h.close()
	db, err := bolt.Open(h.store, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bolt.Tx) error {
		bucket := tx.Bucket([]byte("journeys"))
		sealed := bytes.Clone(bucket.Get([]byte(id)))
		sealed[len(sealed)/2] ^= 1
		return bucket.Put([]byte(id), sealed)
	}))
	require.NoError(t, db.Close())
	h.open(h.listenAgain(), append(eager, "PAYGATE_PAY_WEBHOOK_SECRETS="+webhookSecret)...)

	bob.becomesBySweeps(journey.StateReleased)
	require.Equal(t, http.StatusNotFound, ann.get("/_pay/return?looked").status)
	require.Equal(t, "1", h.metric(t, "paygate_damaged"))
	p := h.ann().do(http.MethodGet, "/journeys/"+id, nil)
	require.Equal(t, http.StatusInternalServerError, p.status)
	require.Contains(t, p.text, "set aside")
	b := h.staffBrowser()
	b.post(h.staff.URL+"/login", url.Values{"token": {annsToken}})
	require.Contains(t, b.get(h.staff.URL+"/", "Accept", html).text, "<li>"+id+"</li>")
	message := []byte(`{"webhook_message_id":"m1","resource_id":"` + h.payments()[0].ID + `"}`)
	heard := ann.do(http.MethodPost, "/_pay/webhook", bytes.NewReader(message), "Pay-Signature", pay.Sign(webhookSecret, message))
	require.Equal(t, http.StatusOK, heard.status, "to hear it again would not help")
	require.Len(t, h.service.got(http.MethodPost), 1)
	require.Equal(t, "capturable", h.payments()[0].Status, "nothing is done on the word of what is damaged")
}
