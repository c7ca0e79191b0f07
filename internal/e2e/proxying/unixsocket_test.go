package proxying

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

	"paygate/internal/paysim"
	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

func TestUnixSocketsForServiceAndPublicListener(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "paygate-socket-") // short enough for the name of a socket
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	atService, atPublic := filepath.Join(dir, "service.sock"), filepath.Join(dir, "paygate.sock")
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: atPublic, Net: "unix"})
	require.NoError(t, err)
	stale.SetUnlinkOnClose(false)
	require.NoError(t, stale.Close())

	legacy := &testserver.Service{Answer: testserver.Confirm}
	listener, err := net.Listen("unix", atService)
	require.NoError(t, err)
	legacy.Server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: legacy}}
	legacy.Server.Start()
	t.Cleanup(legacy.Server.Close)
	pay := paysim.New(testserver.UnlimitedPay)
	t.Cleanup(pay.Close)
	payServer := httptest.NewServer(pay)
	t.Cleanup(payServer.Close)
	pay.SetPublicURL(payServer.URL)
	h := &testserver.Harness{T: t, Service: legacy, Pay: pay, PayURL: payServer.URL, URL: "http://localhost"}
	environ := append(h.Environ(filepath.Join(dir, "paygate.db")), "PAYGATE_UPSTREAM=unix:"+atService,
		"PAYGATE_LISTEN=unix:"+atPublic,
		"PAYGATE_STAFF_LISTEN=127.0.0.1:0", "PAYGATE_TRUSTED_PROXIES=127.0.0.0/8")
	testserver.StartProgram(t, environ, "serve").WaitForLog(`"msg":"serving"`)

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	bySocket := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", atPublic)
	}}
	t.Cleanup(bySocket.CloseIdleConnections)
	c := &testserver.Citizen{
		H: h,
		Client: &http.Client{
			Jar: jar, Transport: bySocket,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	require.Contains(t, c.Get("/", "X-Forwarded-For", "192.0.2.7").Text, "the service's own page")
	require.Equal(t, "192.0.2.7, 127.0.0.1", legacy.Requests(http.MethodGet)[0].Header.Get("X-Forwarded-For"),
		"a request on the socket counts as local")
	large := strings.Repeat("x", 1<<20) // too large for one buffer
	upload, err := c.Client.Post(h.URL+"/upload", "text/plain", strings.NewReader(large))
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, upload.Body)
	require.NoError(t, err)
	require.NoError(t, upload.Body.Close())
	require.Equal(t, http.StatusSeeOther, c.Post("/licences/apply", url.Values{"name": {"Ann"}}).Status)
	h.EndPayment("success")
	require.Equal(t, http.StatusOK, c.ReturnFromPay().Status)
	posts := legacy.Requests(http.MethodPost)
	require.Len(t, posts, 2)
	require.Len(t, posts[0].Body, len(large))
	require.Equal(t, "name=Ann", string(posts[1].Body))
	require.Equal(t, "success", posts[1].Header.Get("Paygate-Status"))
}
