package matching

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// net/http writes what a service sends on an idle connection to the global log.
func TestUnsolicitedResponseIsNotLogged(t *testing.T) {
	t.Parallel()
	listener := testserver.QuietListener(t)
	answered, closed := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(closed)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(testserver.LongTimeout))
		_, _ = http.ReadRequest(bufio.NewReader(conn))
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		<-answered
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nSet-Cookie: session=secret\r\n\r\n")
		_, _ = io.Copy(io.Discard, conn) // until Paygate closes the connection
	}()
	h := &testserver.Harness{Service: &testserver.Service{Server: &httptest.Server{URL: "http://" +
		listener.Addr().String()}}, URL: "http://localhost", PayURL: "http://127.0.0.1:1"}
	p := testserver.StartProgram(t,
		append(h.Environ(filepath.Join(t.TempDir(), "paygate.db")), "PAYGATE_LISTEN=127.0.0.1:0",
			"PAYGATE_STAFF_LISTEN=127.0.0.1:0", "PAYGATE_LOG_LEVEL=debug"), "serve")
	p.WaitForLog(`"msg":"serving"`)
	at := regexp.MustCompile(`"public":"([^"]+)"`).FindStringSubmatch(p.Logged())
	answer, err := http.Get("http://" + at[1] + "/")
	require.NoError(t, err)
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, "ok", string(text))
	close(answered)
	<-closed
	require.NotContains(t, p.Logged(), "secret")
	require.NotContains(t, p.Logged(), "Unsolicited")
}
