// Package testwire helps tests to speak HTTP at the level of bytes.
package testwire

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Listen listens on a free port of this machine until the test ends.
func Listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// Serve serves a handler until the test ends, and returns the address.
func Serve(t testing.TB, handler http.Handler) string {
	t.Helper()
	l := Listen(t)
	server := &http.Server{Handler: handler}
	t.Cleanup(func() { _ = server.Close() })
	go func() { _ = server.Serve(l) }()
	return l.Addr().String()
}

// Exchange sends raw bytes, and returns the head of the first answer.
func Exchange(t testing.TB, address, raw string) string {
	t.Helper()
	conn := send(t, address, raw)
	defer conn.Close()
	return ReadHead(t, bufio.NewReader(conn))
}

// ReadAll sends raw bytes, and returns all that comes until the connection ends.
func ReadAll(t testing.TB, address, raw string) string {
	t.Helper()
	conn := send(t, address, raw)
	defer conn.Close()
	text, _ := io.ReadAll(conn)
	return string(text)
}

func send(t testing.TB, address, raw string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(conn, raw)
	require.NoError(t, err)
	return conn
}

// ReadHead reads the head of an answer, or what comes of it.
func ReadHead(t testing.TB, in *bufio.Reader) string {
	t.Helper()
	var head strings.Builder
	for {
		line, err := in.ReadString('\n')
		head.WriteString(line)
		if err != nil || line == "\r\n" {
			return head.String()
		}
	}
}
