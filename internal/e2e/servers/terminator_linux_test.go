//go:build linux

package servers

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"paygate/internal/testprocess"
	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// startTerminator runs nginx as a TLS terminator with these lines about the headers that it forwards.
func startTerminator(t *testing.T, port, paygate, certFile, keyFile, lines string) {
	t.Helper()
	testprocess.RequireFiles(t, "/usr/sbin/nginx")
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
			payOverTLS(t, h, trust)
		})
	}
}

// payOverTLS applies, pays and returns in a browser that follows redirects by itself.
func payOverTLS(t *testing.T, h *testserver.Harness, trust *tls.Config) {
	t.Helper()
	client := testserver.NewBrowser(t)
	client.CheckRedirect, client.Transport = nil, &http.Transport{TLSClientConfig: trust}
	t.Cleanup(client.CloseIdleConnections)
	load := func(answer *http.Response, err error) string {
		t.Helper()
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusOK, answer.StatusCode, answer.Request.URL.Path)
		return answer.Request.URL.String()
	}
	require.Equal(t, h.URL+"/licences/apply", load(client.Get(h.URL+"/licences/apply")))
	require.Contains(t, load(client.PostForm(h.URL+"/licences/apply", url.Values{"name": {"Ann"}})), h.PayURL)
	require.Equal(t, h.URL+"/_pay/return", h.Payments()[0].ReturnURL)
	h.EndPayment("success")
	require.Equal(t, h.URL+"/licences/confirmation/1", load(client.Get(h.URL+"/_pay/return")))
	posts := h.Service.Requests(http.MethodPost)
	require.Len(t, posts, 1)
	require.Equal(t, []string{"https"}, posts[0].Header["X-Forwarded-Proto"])
	require.Equal(t, strings.TrimPrefix(h.URL, "https://"), posts[0].Host)
	require.Equal(t, "success", h.Payments()[0].Status, "the money was taken")
}
