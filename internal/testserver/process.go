package testserver

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ample is how long a thing may take that nothing is known to hold up: a limit, nothing waits for it.
const LongTimeout = 2 * time.Minute

// QuietPort is the last that was opened.
var QuietPort atomic.Int64

// QuietListener opens a port below those that the system gives to outgoing connections, and opens no port twice, so
// that it can be closed and opened again without anybody else having taken it.
func QuietListener(t testing.TB) net.Listener {
	t.Helper()
	for range 200 {
		if listener, err := net.Listen("tcp", "127.0.0.1:"+Itoa(12000+int(QuietPort.Add(1)%18000))); err == nil {
			return listener
		}
	}
	t.Fatal("no free port")
	return nil
}

// Announcement is an output that says when a text has come.
type Announcement struct {
	Wanted string
	Seen   chan struct{}
	mu     sync.Mutex
	text   bytes.Buffer
	told   bool
}

func (a *Announcement) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.text.Write(p)
	if !a.told && strings.Contains(a.text.String(), a.Wanted) {
		a.told = true
		close(a.Seen)
	}
	return len(p), nil
}

// FreePorts finds the first of n free ports in a row.
func FreePorts(t *testing.T, n int) int {
	t.Helper()
	for range 50 {
		first, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		port := first.Addr().(*net.TCPAddr).Port
		held := []net.Listener{first}
		for i := 1; i < n && port+n < 65535; i++ {
			if next, err := net.Listen("tcp", "127.0.0.1:"+Itoa(port+i)); err == nil {
				held = append(held, next)
			}
		}
		for _, listener := range held {
			_ = listener.Close()
		}
		if len(held) == n {
			return port
		}
	}
	t.Fatal("no free ports in a row")
	return 0
}

// PemFiles are a certificate for a name, signed by itself, and its key.
func PemFiles(t *testing.T, name string) (certFile, keyFile string) {
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

// Trusting believes a certificate of a file.
func Trusting(t *testing.T, certFile string) *tls.Config {
	t.Helper()
	text, err := os.ReadFile(certFile)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(text))
	return &tls.Config{RootCAs: roots, ServerName: PublicHost}
}
