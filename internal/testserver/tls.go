package testserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// WriteCertificate writes a self-signed certificate for a name, and its key.
func WriteCertificate(t *testing.T, name string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	require.NoError(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		0o600))
	return certFile, keyFile
}

// TLSConfig returns a client configuration that trusts the certificate in a file.
func TLSConfig(t *testing.T, certFile string) *tls.Config {
	t.Helper()
	text, err := os.ReadFile(certFile)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(text))
	return &tls.Config{RootCAs: roots, ServerName: PublicHost}
}

// PaysOverTLS is a citizen's whole way, in a browser that follows redirects by itself.
func (h *Harness) PaysOverTLS(t *testing.T, trust *tls.Config) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: trust}}
	t.Cleanup(client.CloseIdleConnections)
	ask := func(answer *http.Response, err error) *http.Response {
		t.Helper()
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusOK, answer.StatusCode, answer.Request.URL.Path)
		return answer
	}
	require.Equal(t, "/licences/apply", ask(client.Get(h.URL+"/licences/apply")).Request.URL.Path)
	atPay := ask(client.PostForm(h.URL+"/licences/apply", url.Values{"name": {"Ann"}}))
	require.True(t, strings.HasPrefix(atPay.Request.URL.String(), h.PayURL), atPay.Request.URL)
	require.Equal(t, h.URL+"/_pay/return", h.Payments()[0].ReturnURL)
	h.EndPayment("success")
	done := ask(client.Get(h.URL + "/_pay/return"))
	require.Equal(t, h.URL+"/licences/confirmation/1", done.Request.URL.String())
	posts := h.Service.Requests(http.MethodPost)
	require.Len(t, posts, 1)
	require.Equal(t, []string{"https"}, posts[0].Header["X-Forwarded-Proto"])
	require.Equal(t, strings.TrimPrefix(h.URL, "https://"), posts[0].Host)
	require.Equal(t, "success", h.Payments()[0].Status, "the money was taken")
}
