//go:build linux

package servers

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// startTerminator runs nginx as the place where TLS ends, with these lines about the headers that it sends on.
func startTerminator(t *testing.T, port, door, certFile, keyFile, lines string) {
	t.Helper()
	if _, err := os.Stat("/usr/sbin/nginx"); err != nil {
		require.Empty(t, os.Getenv("CI"), "nginx is not installed")
		t.Skip("nginx is not installed")
	}
	dir := t.TempDir()
	s := &site{dir, port}
	conf := strings.NewReplacer("DIR", dir, "PORT", port, "DOOR", door, "CERT", certFile, "KEY", keyFile, "LINES", lines).Replace(`
daemon off; pid DIR/nginx.pid; error_log stderr; events {}
http {
  access_log off; client_body_temp_path DIR/t1; proxy_temp_path DIR/t2; fastcgi_temp_path DIR/t3; uwsgi_temp_path DIR/t4; scgi_temp_path DIR/t5;
  server {
    listen 127.0.0.1:PORT ssl; server_name localhost; ssl_certificate CERT; ssl_certificate_key KEY;
    location / { proxy_pass http://DOOR; proxy_set_header Host $http_host; LINES }
  }
}
`)
	if os.Getuid() == 0 {
		conf = "user root root;" + conf
	}
	s.write(t, "nginx.conf", []byte(conf))
	s.run(t, "/usr/sbin/nginx", "-e", "stderr", "-p", dir, "-c", filepath.Join(dir, "nginx.conf"))
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, 20*time.Second, 20*time.Millisecond)
}

// insistsOnHTTPS is a service that leads every request that did not come by https to the same address there.
func insistsOnHTTPS(w http.ResponseWriter, r *http.Request) {
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
	certFile, keyFile := testserver.PemFiles(t, "localhost")
	trust := testserver.Trusting(t, certFile)
	trust.ServerName = "localhost"
	for name, lines := range map[string]string{
		"no word of the scheme":           "",
		"the scheme":                      "proxy_set_header X-Forwarded-Proto $scheme;",
		"another scheme, from the inside": "proxy_set_header X-Forwarded-Proto http;",
		"HTTP/1.1":                        `proxy_http_version 1.1; proxy_set_header Connection "";`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := testserver.ByREADME(testserver.Build(t, testserver.PayDefaults, insistsOnHTTPS))
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
