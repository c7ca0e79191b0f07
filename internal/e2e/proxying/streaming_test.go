package proxying

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

func TestServerSentEventsAreStreamed(t *testing.T) {
	t.Parallel()
	next := make(chan string)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for event := range next {
			_, _ = io.WriteString(w, event)
			_ = http.NewResponseController(w).Flush()
		}
	}))
	defer service.Close()
	d := testserver.StartRawFor(t, service.URL)
	conn := d.Dial(t)
	_, err := io.WriteString(conn,
		"GET /events HTTP/1.1\r\nHost: apply.example.org\r\nAccept: text/event-stream\r\n\r\n")
	require.NoError(t, err)
	go func() { next <- "data: 0\n\n" }()
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer answer.Body.Close()
	in := bufio.NewReader(answer.Body)
	for i := range 3 {
		if i > 0 {
			next <- fmt.Sprintf("data: %d\n\n", i)
		}
		line, err := in.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("data: %d\n", i), line, "each event arrives before the next is sent")
		_, err = in.ReadString('\n')
		require.NoError(t, err)
	}
	close(next)
	_, err = in.ReadByte()
	require.ErrorIs(t, err, io.EOF)
}

func TestWebSocketIsTunnelled(t *testing.T) {
	t.Parallel()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "+
			"Upgrade\r\nSec-WebSocket-Protocol: %s\r\nSec-WebSocket-Accept: %s\r\n\r\n",
			r.Header.Get("Sec-WebSocket-Protocol"), r.Header.Get("Sec-WebSocket-Key"))
		_, _ = io.Copy(conn, buffered)
	}))
	defer service.Close()
	d := testserver.StartRawFor(t, service.URL)
	conn := d.Dial(t)
	_, err := io.WriteString(conn,
		"GET /socket?a;b HTTP/1.1\r\nHost: apply.example.org\r\nConnection: keep-alive, Upgrade\r\n"+
			"Upgrade: websocket\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: key==\r\nSec-WebSocket-Protocol: chat\r\n\r\n")
	require.NoError(t, err)
	in := bufio.NewReader(conn)
	answer, err := http.ReadResponse(in, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode)
	require.Equal(t, "chat", answer.Header.Get("Sec-WebSocket-Protocol"))
	require.Equal(t, "key==", answer.Header.Get("Sec-WebSocket-Accept"))
	sent := append(testserver.BinaryContent(10_000), testserver.Smuggled...)
	go func() { _, _ = conn.Write(sent) }()
	echoed := make([]byte, len(sent))
	_, err = io.ReadFull(in, echoed)
	require.NoError(t, err)
	require.Equal(t, sent, echoed)
	require.Empty(t, d.Pay.Payments())
}
