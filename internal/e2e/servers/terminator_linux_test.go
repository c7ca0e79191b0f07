//go:build linux

package servers

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// startTerminator runs nginx as a TLS terminator with these lines about the headers that it forwards.
func startTerminator(t *testing.T, port, paygate, certFile, keyFile, lines string) {
	t.Helper()
	if _, err := os.Stat("/usr/sbin/nginx"); err != nil {
		require.Empty(t, os.Getenv("CI"), "nginx is not installed")
		t.Skip("nginx is not installed")
	}
	dir := t.TempDir()
	s := &site{dir, port}
	asRoot := ""
	if os.Getuid() == 0 {
		asRoot = "user root root;"
	}
	s.put(t, "terminator.conf", "nginx.conf",
		"USER", asRoot, "PAYGATE", paygate, "CERT", certFile, "KEY", keyFile, "LINES", lines)
	s.run(t, "/usr/sbin/nginx", "-e", "stderr", "-p", dir, "-c", filepath.Join(dir, "nginx.conf"))
	waitForListener(t, "127.0.0.1:"+port)
}

// redirectToHTTPS is a service that redirects every request that did not arrive over HTTPS.
func redirectToHTTPS(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Forwarded-Proto") != "https" {
		http.Redirect(w, r, "https://"+r.Host+r.RequestURI, http.StatusMovedPermanently)
		return
	}
	if r.Method == http.MethodPost {
		http.SetCookie(w, &http.Cookie{Name: "flash", Value: "received", Secure: true, Path: "/"})
		w.Header().Set("Location", "https://"+r.Host+"/licences/confirmation/1")
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	testserver.Plain(w, r)
}

func TestREADMESettingsWorkBehindATLSTerminator(t *testing.T) {
	t.Parallel()
	certFile, keyFile := testserver.WriteCertificate(t, "localhost")
	trust := testserver.TLSConfig(t, certFile)
	trust.ServerName = "localhost"
	for name, lines := range map[string]string{
		"no scheme":        "",
		"the scheme":       "proxy_set_header X-Forwarded-Proto $scheme;",
		"the inner scheme": "proxy_set_header X-Forwarded-Proto http;",
		"HTTP/1.1":         `proxy_http_version 1.1; proxy_set_header Connection "";`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := testserver.UseReadmeSettings(testserver.Build(t, testserver.UnlimitedPay, redirectToHTTPS))
			listener, free := testserver.QuietListener(t), testserver.QuietListener(t)
			_, port, _ := net.SplitHostPort(free.Addr().String())
			require.NoError(t, free.Close())
			h.URL, h.Store = "https://localhost:"+port, filepath.Join(t.TempDir(), "paygate.db")
			h.Open(listener)
			t.Cleanup(h.Close)
			startTerminator(t, port, listener.Addr().String(), certFile, keyFile, lines)
			h.PaysOverTLS(t, trust)
		})
	}
}
