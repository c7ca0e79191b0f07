package proxy

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/testwire"
)

func TestServeFlushesATruncatedAnswer(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"one too long": "HTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: close\r\n\r\n0123456789",
		"much longer":  "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\nConnection: close\r\n\r\n0123456789",
		"in a chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" +
			"a\r\n0123456789\r\n5\r\nab",
	} {
		for _, method := range []string{"GET", "POST"} {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			t.Cleanup(func() { _ = l.Close() })
			go answersOnce(l, raw)
			service := &recorder{listener: l}
			got := testwire.ReadAll(t, serve(t, service.url()),
				method+" /x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
			require.True(t, strings.HasPrefix(got, "HTTP/1.1 200 OK\r\n"), "%s %s: %q", method, name, got)
			require.Contains(t, got, "0123456789", "%s %s", method, name)
			require.False(t, strings.HasSuffix(got, "0\r\n\r\n"), "it does not look complete: %q", got)
		}
	}
}

func answersOnce(l net.Listener, raw string) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = io.WriteString(conn, raw)
		_ = conn.Close()
	}
}

func TestServeFlushesAStalledAnswer(t *testing.T) {
	t.Parallel()
	service := newRecorder(t, "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n0123456789")
	// The connection stays open.
	conn, err := net.Dial("tcp", serve(t, service.url()))
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(conn, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n")
	require.NoError(t, err)
	var got strings.Builder
	for !strings.HasSuffix(got.String(), "0123456789") {
		_, err := io.CopyN(&got, conn, 1)
		require.NoError(t, err, got.String())
	}
}

func TestServeSendsNoInterimAnswerToHTTP10(t *testing.T) {
	t.Parallel()
	for _, interim := range []string{
		"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 102 Processing\r\n\r\n",
	} {
		service := newRecorder(t, interim+okReply)
		proxy := serve(t, service.url())
		for _, request := range []string{
			"GET /x HTTP/1.0\r\nHost: h\r\n\r\n", "GET /x HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n",
			"POST /x HTTP/1.0\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok",
			"GET /x HTTP/1.0\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		} {
			got := testwire.ReadAll(t, proxy, request)
			require.True(t, strings.HasPrefix(got, "HTTP/1.0 200 OK\r\n"), "%q: %q", request, got)
			require.NotContains(t, got, "HTTP/1.1")
			require.NotContains(t, strings.ToLower(<-service.received), "upgrade")
		}
	}
}
