package operating

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/command"
	"paygate/internal/testserver"
	"paygate/journey"
)

func TestKeepJourneysDeletesOldHistory(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_KEEP_JOURNEYS=1ms")
	c := h.Citizen()
	c.Apply("Ann")
	id := c.Journeys()[0].ID
	h.EndPayment("success")
	c.ReturnFromPay()
	require.Eventually(t, func() bool {
		h.Sweep()
		return h.Ann().Do(http.MethodGet, "/journeys/"+id, nil).Status == http.StatusNotFound
	}, testserver.LongTimeout, 1)
	require.Empty(t, c.Journeys())
	require.Equal(t, http.StatusNotFound, c.Get("/_pay/return?looked").Status)
}

func TestOnRefusedStaffLeavesMoneyToStaff(t *testing.T) {
	t.Parallel()
	h := testserver.New(t,
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnprocessableEntity) },
		"PAYGATE_ROUTE_LICENCE_ON_REFUSED=staff", "PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR=1ms")
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	c.ReturnFromPay()
	c.SweepUntil(journey.StateStuck)
	id := c.Journeys()[0].ID
	require.Contains(t, h.Ann().Journey(id).Note, "leaves that to staff")
	require.Equal(t, "capturable", h.Payments()[0].Status, "neither taken nor given back until a person says so")
	w, status, text := h.Ann().Order(id, "settle", testserver.WithReason("as", "reversed"))
	require.Equal(t, http.StatusOK, status, text)
	require.Equal(t, journey.StateReversed, w.State)
	require.Equal(t, "cancelled", h.Payments()[0].Status)
}

func TestRepeatSafeSendsTheRequestAgain(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	broken := true
	h := testserver.New(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		breaks := broken && r.Method == http.MethodPost
		broken = broken && !breaks
		mu.Unlock()
		if breaks {
			panic(http.ErrAbortHandler)
		}
		testserver.Confirm(w, r)
	}, "PAYGATE_ROUTE_LICENCE_REPEAT=safe")
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	c.ReturnFromPay()
	c.SweepUntil(journey.StateReleased)
	posts := h.Service.Requests(http.MethodPost)
	require.Len(t, posts, 2)
	for name, same := range map[string]bool{"Paygate-Journey": true, "Paygate-Submission": true,
		"Paygate-Attempt": false} {
		require.Equal(t, same, posts[0].Header.Get(name) == posts[1].Header.Get(name), name)
	}
	require.Equal(t, posts[0].Body, posts[1].Body)
	require.Equal(t, "success", h.Payments()[0].Status)
}

func TestPayRateQueuesThenShowsAPage(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_PAY_RATE=1")
	var mu sync.Mutex
	var answers []testserver.Page
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			p := h.Citizen().Post("/licences/apply", url.Values{"name": {"Ann"}})
			mu.Lock()
			defer mu.Unlock()
			answers = append(answers, p)
		})
	}
	all.Wait()
	at := map[int]int{}
	for _, p := range answers {
		if at[p.Status]++; p.Status == http.StatusServiceUnavailable {
			require.Equal(t, "60", p.Header.Get("Retry-After"))
			require.Contains(t, p.Text, "No money has been taken")
			require.Contains(t, p.Text, `action="/_pay/again"`, "the form is kept")
		}
	}
	require.Equal(t, 8, at[http.StatusSeeOther]+at[http.StatusServiceUnavailable], at)
	require.Positive(t, at[http.StatusSeeOther])
	require.Positive(t, at[http.StatusServiceUnavailable])
	require.Len(t, h.Payments(), at[http.StatusSeeOther])
}

func TestUpstreamHostReplacesTheHostHeader(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_UPSTREAM_HOST=legacy.internal")
	c := h.Citizen()
	c.Post("/free", url.Values{})
	c.Apply("Ann")
	h.EndPayment("success")
	c.ReturnFromPay()
	posts := h.Service.Requests(http.MethodPost)
	require.Len(t, posts, 2)
	for _, got := range posts {
		require.Equal(t, "legacy.internal", got.Host)
		require.Equal(t, strings.TrimPrefix(h.URL, "http://"), got.Header.Get("X-Forwarded-Host"))
	}
}

func TestPrefixMovesPaygatesOwnAddresses(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_PREFIX=/talu-yma")
	c := h.Citizen()
	c.Apply("Ann")
	require.Equal(t, h.URL+"/talu-yma/return", h.Payments()[0].ReturnURL)
	require.Contains(t, c.Get("/talu-yma/return").Text, `action="/talu-yma/resume"`)
	require.Equal(t, http.StatusOK, c.Get("/_pay/return").Status, "the service's own address now")
	h.EndPayment("success")
	require.Contains(t, c.Follow(c.Get("/talu-yma/return")).Text, "the service's own page")
}

// certificate writes a certificate for this machine, and its key.
func certificate(t *testing.T) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	write := func(name, kind string, content []byte) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600))
		return path
	}
	certFile, keyFile = write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", private)
	pool = x509.NewCertPool()
	text, err := os.ReadFile(certFile)
	require.NoError(t, err)
	require.True(t, pool.AppendCertsFromPEM(text))
	return certFile, keyFile, pool
}

// TestPublicListenerServesHTTPS serves https with a certificate of its own: HTTP/1.1 only, and a cookie that no
// sibling site can set.
func TestPublicListenerServesHTTPS(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	certFile, keyFile, pool := certificate(t)
	port := testserver.FreePorts(t, 2)
	address := "127.0.0.1:" + strconv.Itoa(port)
	h.URL = "https://" + address
	ctx, stop := context.WithCancel(t.Context())
	out := &testserver.Announcement{Wanted: `"msg":"serving"`, Seen: make(chan struct{})}
	ended := make(chan int, 1)
	go func() {
		ended <- command.Run(ctx, command.Env{
			Environ: append(h.Environ(h.Store+"2"), "PAYGATE_LISTEN="+address,
				"PAYGATE_STAFF_LISTEN=127.0.0.1:"+strconv.Itoa(port+1),
				"PAYGATE_TLS_CERT_FILE="+certFile, "PAYGATE_TLS_KEY_FILE="+keyFile),
			Stdout: out, Stderr: out,
		}, nil)
	}()
	<-out.Seen
	c := h.Citizen()
	c.Client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	r, err := http.NewRequest(http.MethodPost, h.URL+"/licences/apply", bytes.NewReader([]byte("name=Ann")))
	require.NoError(t, err)
	answer, err := c.Client.Do(r)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, "HTTP/1.1", answer.Proto)
	ticket := answer.Header.Get("Set-Cookie")
	for _, wanted := range []string{"__Host-paygate=", "; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"} {
		require.Contains(t, ticket, wanted)
	}
	require.NotContains(t, ticket, "Domain")
	h.EndPayment("success")
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	require.Equal(t, "https", h.Service.Requests(http.MethodPost)[0].Header.Get("X-Forwarded-Proto"))
	c.Client.CloseIdleConnections()
	stop()
	require.Zero(t, <-ended)
}
