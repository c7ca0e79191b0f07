package operating

import (
	"crypto/tls"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
)

// TestCertificatesAreRenewedUnderLoad replaces the certificate of a running Paygate and sends it SIGHUP, while requests
// arrive: none is lost.
func TestCertificatesAreRenewedUnderLoad(t *testing.T) {
	t.Parallel()
	certFile, keyFile := testserver.WriteCertificate(t, "old.example")
	h := testserver.Build(t, testserver.UnlimitedPay, testserver.Confirm)
	environ := append(h.Environ(filepath.Join(t.TempDir(), "paygate.db")), "PAYGATE_LISTEN=127.0.0.1:0",
		"PAYGATE_STAFF_LISTEN=127.0.0.1:0", "PAYGATE_PUBLIC_URL=https://"+testserver.PublicHost,
		"PAYGATE_TLS_CERT_FILE="+certFile, "PAYGATE_TLS_KEY_FILE="+keyFile)
	p := testserver.StartProgram(t, environ, "serve")
	p.WaitForLog(testserver.Serving)
	public, _ := testserver.Addresses(t, p.Logged())

	trust := &tls.Config{InsecureSkipVerify: true} // whose certificate it is, is what is tested
	serving := func() string {
		conn, err := tls.Dial("tcp", public, trust)
		require.NoError(t, err)
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	require.Equal(t, "old.example", serving())
	var answered, lost atomic.Int64
	ended, stop := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true}}
		for {
			select {
			case <-stop:
				return
			default:
			}
			answer, err := client.Get("https://" + public + "/")
			if err != nil {
				lost.Add(1)
				continue
			}
			_ = answer.Body.Close()
			answered.Add(1)
		}
	}()
	newCert, newKey := testserver.WriteCertificate(t, "new.example")
	for from, to := range map[string]string{newCert: certFile, newKey: keyFile} {
		require.NoError(t, os.Rename(from, to))
		require.NoError(t, p.Cmd.Process.Signal(syscall.SIGHUP))
	}
	p.WaitForLog("SIGHUP")
	require.Equal(t, "new.example", serving())
	before := answered.Load()
	require.Eventually(t, func() bool { return answered.Load() > before+10 }, testserver.LongTimeout, time.Millisecond)
	close(stop)
	<-ended
	require.Zero(t, lost.Load())

	require.NoError(t, os.WriteFile(certFile, []byte("cut off"), 0o600))
	require.Equal(t, "new.example", serving(), "what cannot be used is not used")
	p.WaitForLog("the old one stays in use")
}

// TestAHangupDuringTheStartIsOutlived holds up the start: a certificate comes from a pipe.
func TestAHangupDuringTheStartIsOutlived(t *testing.T) {
	t.Parallel()
	certFile, keyFile := testserver.WriteCertificate(t, "service.example")
	pipe := filepath.Join(t.TempDir(), "pipe.pem")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	h := testserver.Build(t, testserver.UnlimitedPay, testserver.Confirm)
	p := testserver.StartProgram(t, append(h.Environ(filepath.Join(t.TempDir(), "paygate.db")),
		"PAYGATE_LISTEN=127.0.0.1:0", "PAYGATE_STAFF_LISTEN=127.0.0.1:0",
		"PAYGATE_PUBLIC_URL=http://"+testserver.PublicHost,
		"PAYGATE_STAFF_TLS_CERT_FILE="+pipe, "PAYGATE_STAFF_TLS_KEY_FILE="+keyFile), "serve")

	text, err := os.ReadFile(certFile)
	require.NoError(t, err)
	var writing *os.File
	require.Eventually(t, func() bool {
		writing, err = os.OpenFile(pipe, os.O_WRONLY|syscall.O_NONBLOCK, 0) // fails until the program reads
		return err == nil
	}, testserver.LongTimeout, time.Millisecond)
	require.NoError(t, p.Cmd.Process.Signal(syscall.SIGHUP))
	p.WaitForLog("SIGHUP")
	require.NoError(t, os.Rename(certFile, pipe))
	_, err = writing.Write(text)
	require.NoError(t, err)
	require.NoError(t, writing.Close())
	p.WaitForLog(testserver.Serving)
}
