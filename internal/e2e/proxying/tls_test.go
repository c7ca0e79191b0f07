package proxying

import (
	"bufio"
	"crypto/tls"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"paygate/gateway/command"
	"paygate/internal/testserver"
	"paygate/journey"

	"github.com/stretchr/testify/require"
)

func TestPublicListenerServesTLS(t *testing.T) {
	t.Parallel()
	certFile, keyFile := testserver.WriteCertificate(t, testserver.PublicHost)
	d := testserver.StartRaw(t, "PAYGATE_PUBLIC_URL=https://"+testserver.PublicHost, "PAYGATE_TLS_CERT_FILE="+certFile,
		"PAYGATE_TLS_KEY_FILE="+keyFile)
	ask := func(offers []string, raw string) (*http.Response, string) {
		t.Helper()
		trust := testserver.TLSConfig(t, certFile)
		trust.NextProtos = offers
		conn, err := tls.Dial("tcp", d.Address, trust)
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.SetDeadline(time.Now().Add(testserver.LongTimeout)))
		_, err = io.WriteString(conn, raw)
		require.NoError(t, err)
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		defer answer.Body.Close()
		return answer, conn.ConnectionState().NegotiatedProtocol
	}

	answer, protocol := ask([]string{"h2", "http/1.1"},
		"GET /free HTTP/1.1\r\nHost: apply.example.org\r\nX-Forwarded-Proto: http\r\n\r\n")
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, "http/1.1", protocol, "never HTTP/2, which Paygate does not classify")
	require.Equal(t, []string{"https"}, d.Service.Take()[0].Values("X-Forwarded-Proto"))
	_, protocol = ask(nil, "GET /free HTTP/1.1\r\nHost: apply.example.org\r\n\r\n")
	require.Empty(t, protocol)
	d.Service.Take()
	answer, _ = ask(nil, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	require.GreaterOrEqual(t, answer.StatusCode, 400)

	answer, _ = ask(nil, testserver.Request("POST /licences/apply", testserver.FormType, "name=Ann"))
	require.Equal(t, http.StatusSeeOther, answer.StatusCode)
	cookie := answer.Header.Get("Set-Cookie")
	require.True(t, strings.HasPrefix(cookie, "__Host-paygate="), cookie)
	for _, attribute := range []string{"; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"} {
		require.Contains(t, cookie, attribute)
	}
	require.NotContains(t, cookie, "Domain")
	require.Equal(t, "https://"+testserver.PublicHost+"/_pay/return", d.Pay.Payments()[0].ReturnURL)
	require.Empty(t, d.Service.Take())

	for name, change := range map[string]func(*tls.Config){
		"HTTP/2 alone": func(c *tls.Config) { c.NextProtos = []string{"h2"} },
		"TLS 1.1":      func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 },
	} {
		trust := testserver.TLSConfig(t, certFile)
		change(trust)
		conn, err := tls.Dial("tcp", d.Address, trust)
		if err == nil {
			_ = conn.Close()
		}
		require.Error(t, err, name)
	}
	plain := d.Dial(t)
	_, err := io.WriteString(plain, testserver.FormRequest(http.MethodPost, "/licences/apply"))
	require.NoError(t, err)
	answered, _ := io.ReadAll(plain)
	require.NotContains(t, string(answered), "legacy")
	require.Empty(t, d.Service.Take(), "nothing passes without TLS")
}

func TestUnusableTLSFilesAreReported(t *testing.T) {
	t.Parallel()
	certFile, keyFile := testserver.WriteCertificate(t, testserver.PublicHost)
	_, anothersKey := testserver.WriteCertificate(t, testserver.PublicHost)
	nonsense := filepath.Join(t.TempDir(), "nonsense.pem")
	require.NoError(t, os.WriteFile(nonsense, []byte("topsecret"), 0o600))
	h := testserver.New(t, testserver.Confirm)
	for name, c := range map[string]struct {
		cert, key string
		status    int
	}{
		"a missing certificate": {certFile + ".not", keyFile, 1}, "a missing key": {certFile, keyFile + ".not", 1},
		"another's key": {certFile, anothersKey, 1},
		"nonsense":      {nonsense, keyFile, 1}, "a nonsense key": {certFile, nonsense, 1},
		"the key for the certificate": {keyFile, certFile, 1},
		"no key":                      {certFile, "", 2}, "no certificate": {"", keyFile, 2},
	} {
		status, output := startFails(t, h, "PAYGATE_TLS_CERT_FILE="+c.cert, "PAYGATE_TLS_KEY_FILE="+c.key)
		require.Equal(t, c.status, status, name)
		require.Contains(t, output, "PAYGATE_TLS_CERT_FILE", name)
		require.NotContains(t, output, "topsecret", name)
	}
}

// startFails runs a server that cannot start, and returns its exit status and its log.
func startFails(t *testing.T, h *testserver.Harness, over ...string) (status int, output string) {
	t.Helper()
	log := &testserver.LogBuffer{}
	environ := append(h.Environ(filepath.Join(t.TempDir(), "paygate.db")), "PAYGATE_LISTEN=127.0.0.1:0",
		"PAYGATE_STAFF_LISTEN=127.0.0.1:0")
	status = command.Run(t.Context(), command.Env{
		Environ: append(environ, over...), Stdout: io.Discard, Stderr: log,
	}, []string{"serve"})
	return status, log.String()
}

// secureService starts a service with TLS for 127.0.0.1 and example.com.
func secureService(t *testing.T, answer http.HandlerFunc) (server *httptest.Server, rootFile string) {
	t.Helper()
	server = httptest.NewUnstartedServer(answer)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	rootFile = filepath.Join(t.TempDir(), "root.pem")
	require.NoError(t, os.WriteFile(rootFile,
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	return server, rootFile
}

func TestServiceCertificateIsVerified(t *testing.T) {
	t.Parallel()
	reached := make(chan string, 16)
	server, rootFile := secureService(t, func(w http.ResponseWriter, r *http.Request) {
		reached <- r.Method + " " + r.Header.Get("Paygate-Status")
		testserver.Confirm(w, r)
	})
	anothersRoot, _ := testserver.WriteCertificate(t, "127.0.0.1")
	otherHost := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	for name, over := range map[string][]string{
		"no root":        {"PAYGATE_UPSTREAM=" + server.URL},
		"another's root": {"PAYGATE_UPSTREAM=" + server.URL, "PAYGATE_UPSTREAM_CA_FILE=" + anothersRoot},
		"another host":   {"PAYGATE_UPSTREAM=" + otherHost, "PAYGATE_UPSTREAM_CA_FILE=" + rootFile},
		"a Host of the certificate": {
			"PAYGATE_UPSTREAM=" + otherHost, "PAYGATE_UPSTREAM_CA_FILE=" + rootFile,
			"PAYGATE_UPSTREAM_HOST=example.com",
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := testserver.New(t, testserver.Confirm, over...)
			c := h.Citizen()
			require.Equal(t, http.StatusBadGateway, c.Get("/free").Status)
			c.Apply("Ann")
			h.EndPayment("success")
			c.ReturnFromPay()
			require.Equal(t, journey.StateConfirmed, c.State(), "certainly not sent, so it can be sent again")
			require.Empty(t, reached)
		})
	}
	h := testserver.New(t, testserver.Confirm, "PAYGATE_UPSTREAM="+server.URL, "PAYGATE_UPSTREAM_CA_FILE="+rootFile)
	c := h.Citizen()
	require.Equal(t, http.StatusOK, c.Get("/free").Status)
	require.Equal(t, "GET none", <-reached)
	c.Apply("Ann")
	h.EndPayment("success")
	c.ReturnFromPay()
	require.Equal(t, journey.StateReleased, c.State())
	require.Equal(t, "POST success", <-reached)
}

func TestUnusableRootFileIsReported(t *testing.T) {
	t.Parallel()
	nonsense := filepath.Join(t.TempDir(), "nonsense.pem")
	require.NoError(t, os.WriteFile(nonsense, []byte("topsecret"), 0o600))
	h := testserver.New(t, testserver.Confirm)
	for _, file := range []string{nonsense, nonsense + ".not"} {
		status, output := startFails(t, h, "PAYGATE_UPSTREAM_CA_FILE="+file)
		require.Equal(t, 1, status)
		require.Contains(t, output, "PAYGATE_UPSTREAM_CA_FILE")
		require.NotContains(t, output, "topsecret")
	}
}

func TestPayCertificateIsVerified(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 16)
	impostor, _ := secureService(t, func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"payment_id":"hu20sqlact5260q2nanm0q8u93"}`)
	})
	h := testserver.New(t, testserver.Confirm, "PAYGATE_PAY_API_URL="+impostor.URL)
	p := h.Citizen().Post("/licences/apply", url.Values{"name": {"Ann"}})
	require.Equal(t, http.StatusBadGateway, p.Status)
	require.Contains(t, p.Text, "No money has been taken")
	require.Empty(t, asked, "the API key is not sent to it")
}
