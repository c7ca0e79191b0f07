package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
)

func TestTheServiceAndThePublicMayBeAtUnixSockets(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "paygate-socket-") // short enough for the name of a socket
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	atService, atPublic := filepath.Join(dir, "service.sock"), filepath.Join(dir, "paygate.sock")
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: atPublic, Net: "unix"})
	require.NoError(t, err)
	stale.SetUnlinkOnClose(false)
	require.NoError(t, stale.Close())

	legacy := &service{answer: confirms}
	listener, err := net.Listen("unix", atService)
	require.NoError(t, err)
	legacy.server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: legacy}}
	legacy.server.Start()
	t.Cleanup(legacy.server.Close)
	pay := paysim.New(usual)
	t.Cleanup(pay.Close)
	payServer := httptest.NewServer(pay)
	t.Cleanup(payServer.Close)
	pay.SetPublicURL(payServer.URL)
	h := &house{t: t, service: legacy, pay: pay, payURL: payServer.URL, url: "http://localhost"}
	environ := append(h.environ(filepath.Join(dir, "paygate.db")), "PAYGATE_UPSTREAM=unix:"+atService, "PAYGATE_LISTEN=unix:"+atPublic,
		"PAYGATE_STAFF_LISTEN=127.0.0.1:0", "PAYGATE_TRUSTED_PROXIES=127.0.0.0/8")
	begin(t, environ, "serve").awaits(`"msg":"serving"`)

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	bySocket := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", atPublic)
	}}
	t.Cleanup(bySocket.CloseIdleConnections)
	c := &citizen{h, &http.Client{Jar: jar, Transport: bySocket, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	require.Contains(t, c.get("/", "X-Forwarded-For", "192.0.2.7").text, "the service's own page")
	require.Equal(t, "192.0.2.7, 127.0.0.1", legacy.got(http.MethodGet)[0].header.Get("X-Forwarded-For"), "the socket is a way from this machine")
	large := strings.Repeat("x", 1<<20) // more than goes by the short way
	upload, err := c.client.Post(h.url+"/upload", "text/plain", strings.NewReader(large))
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, upload.Body)
	require.NoError(t, err)
	require.NoError(t, upload.Body.Close())
	require.Equal(t, http.StatusSeeOther, c.post("/licences/apply", url.Values{"name": {"Ann"}}).status)
	h.pays("success")
	require.Equal(t, http.StatusOK, c.comesBack().status)
	posts := legacy.got(http.MethodPost)
	require.Len(t, posts, 2)
	require.Len(t, posts[0].body, len(large))
	require.Equal(t, "name=Ann", string(posts[1].body))
	require.Equal(t, "success", posts[1].header.Get("Paygate-Status"))
}
