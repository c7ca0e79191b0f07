package command

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// pipes is a listener within the process, so that a bubble's clock counts on its connections.
type pipes struct {
	connections chan net.Conn
	closed      chan struct{}
	once        sync.Once
}

func newPipes() *pipes {
	return &pipes{connections: make(chan net.Conn), closed: make(chan struct{})}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.connections:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "unix"} }

func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.connections <- server
	return client
}

// closedAfter reads what comes, until the server closes the connection or 90 seconds have passed.
func closedAfter(t *testing.T, conn net.Conn) (said string, after time.Duration) {
	t.Helper()
	began := time.Now()
	require.NoError(t, conn.SetReadDeadline(began.Add(90*time.Second)))
	text, err := io.ReadAll(conn)
	require.False(t, errors.Is(err, os.ErrDeadlineExceeded), "never closed")
	return string(text), time.Since(began)
}

func TestServersCloseIdleConnections(t *testing.T) {
	t.Parallel()
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	log := slog.New(slog.DiscardHandler)
	const request = "GET / HTTP/1.1\r\nHost: x\r\n"
	for name, newServer := range map[string]func() *http.Server{
		"public": func() *http.Server { return publicServer(hello, log) },
		"staff":  func() *http.Server { return staffServer(hello, log) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server, listener := newServer(), newPipes()
				ended := make(chan error, 1)
				go func() { ended <- server.Serve(listener) }()
				defer func() {
					require.NoError(t, server.Close())
					require.ErrorIs(t, <-ended, http.ErrServerClosed)
				}()

				for _, begun := range []string{"", "GET / HT", request, request + "X: y\r\n"} {
					conn := listener.dial()
					_, err := io.WriteString(conn, begun)
					require.NoError(t, err)
					said, after := closedAfter(t, conn)
					require.NotContains(t, said, "hello")
					require.Equal(t, 10*time.Second, after, "an incomplete header: %q", begun)
				}

				conn, began := listener.dial(), time.Now()
				go func() { _, _ = io.Copy(io.Discard, conn) }()
				for _, letter := range []byte(request) {
					time.Sleep(900 * time.Millisecond)
					if _, err := conn.Write([]byte{letter}); err != nil {
						break
					}
				}
				require.Less(t, time.Since(began), 11*time.Second, "a header that comes a byte at a time")

				conn = listener.dial()
				_, err := io.WriteString(conn, request+"\r\n")
				require.NoError(t, err)
				said, after := closedAfter(t, conn)
				require.True(t, strings.HasPrefix(said, "HTTP/1.1 200 OK"), said)
				require.Equal(t, 60*time.Second, after, "an idle connection")
			})
		})
	}
}

func TestEndDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	late, cancel := context.WithCancel(t.Context())
	cancel()
	hangs := make(chan struct{})
	t.Cleanup(func() { close(hangs) })
	require.ErrorContains(t, end(late, func() { <-hangs }, func() error { return nil }), "in time")

	closing := errors.New("the disk is gone")
	waited := false
	require.ErrorIs(t, end(t.Context(), func() { waited = true }, func() error { return closing }), closing)
	require.True(t, waited)
}
