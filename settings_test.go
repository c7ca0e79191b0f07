package main

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
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/command"
	"paygate/journey"
)

func TestHistoryIsForgottenWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_KEEP_JOURNEYS=1ms")
	c := h.citizen()
	c.apply("Ann")
	id := c.status()[0].ID
	h.pays("success")
	c.comesBack()
	require.Eventually(t, func() bool {
		h.sweeps()
		return h.ann().do(http.MethodGet, "/journeys/"+id, nil).status == http.StatusNotFound
	}, soon, 1)
	require.Empty(t, c.status())
	require.Equal(t, http.StatusNotFound, c.get("/_pay/return?looked").status)
}

func TestARefusalMayBeLeftToStaff(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnprocessableEntity) },
		"PAYGATE_ROUTE_LICENCE_ON_REFUSED=staff", "PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR=1ms")
	c := h.citizen()
	c.apply("Ann")
	h.pays("success")
	c.comesBack()
	c.becomesBySweeps(journey.StateStuck)
	id := c.status()[0].ID
	require.Contains(t, h.ann().shown(id).Note, "leaves that to staff")
	require.Equal(t, "capturable", h.payments()[0].Status, "neither taken nor given back until a person says so")
	w, status, text := h.ann().order(id, "settle", because("as", "reversed"))
	require.Equal(t, http.StatusOK, status, text)
	require.Equal(t, journey.StateReversed, w.State)
	require.Equal(t, "cancelled", h.payments()[0].Status)
}

func TestADeliveryThatIsSafeToRepeatIsRepeated(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	broken := true
	h := newHouse(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		breaks := broken && r.Method == http.MethodPost
		broken = broken && !breaks
		mu.Unlock()
		if breaks {
			panic(http.ErrAbortHandler)
		}
		confirms(w, r)
	}, "PAYGATE_ROUTE_LICENCE_REPEAT=safe")
	c := h.citizen()
	c.apply("Ann")
	h.pays("success")
	c.comesBack()
	c.becomesBySweeps(journey.StateReleased)
	posts := h.service.got(http.MethodPost)
	require.Len(t, posts, 2)
	for name, same := range map[string]bool{"Paygate-Journey": true, "Paygate-Submission": true, "Paygate-Attempt": false} {
		require.Equal(t, same, posts[0].header.Get(name) == posts[1].header.Get(name), name)
	}
	require.Equal(t, posts[0].body, posts[1].body)
	require.Equal(t, "success", h.payments()[0].Status)
}

func TestOverTheRateAShortQueueThenAPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_PAY_RATE=1")
	var mu sync.Mutex
	var answers []page
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			p := h.citizen().post("/licences/apply", url.Values{"name": {"Ann"}})
			mu.Lock()
			defer mu.Unlock()
			answers = append(answers, p)
		})
	}
	all.Wait()
	at := map[int]int{}
	for _, p := range answers {
		if at[p.status]++; p.status == http.StatusServiceUnavailable {
			require.Equal(t, "60", p.header.Get("Retry-After"))
			require.Contains(t, p.text, "No money has been taken")
			require.Contains(t, p.text, `action="/_pay/again"`, "the form is kept")
		}
	}
	require.Equal(t, 8, at[http.StatusSeeOther]+at[http.StatusServiceUnavailable], at)
	require.Positive(t, at[http.StatusSeeOther])
	require.Positive(t, at[http.StatusServiceUnavailable])
	require.Len(t, h.payments(), at[http.StatusSeeOther])
}

func TestTheServiceMayWantAHostOfItsOwn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_UPSTREAM_HOST=legacy.internal")
	c := h.citizen()
	c.post("/free", url.Values{})
	c.apply("Ann")
	h.pays("success")
	c.comesBack()
	posts := h.service.got(http.MethodPost)
	require.Len(t, posts, 2)
	for _, got := range posts {
		require.Equal(t, "legacy.internal", got.host)
		require.Equal(t, strings.TrimPrefix(h.url, "http://"), got.header.Get("X-Forwarded-Host"))
	}
}

func TestOurAddressesMayLiveElsewhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_PREFIX=/talu-yma")
	c := h.citizen()
	c.apply("Ann")
	require.Equal(t, h.url+"/talu-yma/return", h.payments()[0].ReturnURL)
	require.Contains(t, c.get("/talu-yma/return").text, `action="/talu-yma/resume"`)
	require.Equal(t, http.StatusOK, c.get("/_pay/return").status, "the service's own address now")
	h.pays("success")
	require.Contains(t, c.follow(c.get("/talu-yma/return")).text, "the service's own page")
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

// TestThePublicDoorMayBeEncrypted serves https with a certificate of its own: HTTP/1.1 only, and a cookie that no sibling site
// can set.
func TestThePublicDoorMayBeEncrypted(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	certFile, keyFile, pool := certificate(t)
	port := freePorts(t, 2)
	address := "127.0.0.1:" + itoa(port)
	h.url = "https://" + address
	ctx, stop := context.WithCancel(t.Context())
	out := &announcement{wanted: `"msg":"serving"`, seen: make(chan struct{})}
	ended := make(chan int, 1)
	go func() {
		ended <- command.Run(ctx, command.Env{
			Environ: append(h.environ(h.store+"2"), "PAYGATE_LISTEN="+address, "PAYGATE_STAFF_LISTEN=127.0.0.1:"+itoa(port+1),
				"PAYGATE_TLS_CERT_FILE="+certFile, "PAYGATE_TLS_KEY_FILE="+keyFile),
			Stdout: out, Stderr: out,
		}, nil)
	}()
	<-out.seen
	c := h.citizen()
	c.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	r, err := http.NewRequest(http.MethodPost, h.url+"/licences/apply", bytes.NewReader([]byte("name=Ann")))
	require.NoError(t, err)
	answer, err := c.client.Do(r)
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
	h.pays("success")
	require.Contains(t, c.comesBack().text, "the service's own page")
	require.Equal(t, "https", h.service.got(http.MethodPost)[0].header.Get("X-Forwarded-Proto"))
	c.client.CloseIdleConnections()
	stop()
	require.Zero(t, <-ended)
}
