package matching

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// NTLM and Negotiate authenticate a connection, not a request.
func TestAuthenticatedConnectionIsNotShared(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var all sync.WaitGroup
	ended := make(chan struct{})
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { serveIdentity(conn) })
			all.Go(func() { <-ended; _ = conn.Close() })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); close(ended); all.Wait() })
	d := testserver.StartRawFor(t, "http://"+listener.Addr().String())
	for _, scheme := range []string{"NTLM", "ntlm", "Negotiate", "NEGOTIATE"} {
		got := d.Send("GET /page HTTP/1.1\r\nHost: apply.example.org\r\nAuthorization: " + scheme +
			" TlRMTVNTUAAD\r\n\r\n")
		require.Equal(t, "ann", got.Answers[0].Body)
		for range 3 {
			got = d.Send("GET /page HTTP/1.1\r\nHost: apply.example.org\r\n\r\n")
			require.Equal(t, "nobody", got.Answers[0].Body, "after %s", scheme)
		}
	}
}

// serveIdentity answers with the user who authenticated the connection.
func serveIdentity(conn net.Conn) {
	defer conn.Close()
	who := "nobody"
	for in := bufio.NewReader(conn); ; {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if r.Header.Get("Authorization") != "" {
			who = "ann"
		}
		last := ""
		if r.URL.Path == testserver.SentinelTarget {
			last = "X-Last: yes\r\n"
		}
		if _, err := fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", last, len(who),
			who); err != nil || r.Close {
			return
		}
	}
}

// Some servers (gunicorn with Django) send a body in response to HEAD. It must not become the response to the next
// request on the connection.
func TestHEADResponseBodyIsDiscarded(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serveHEADBodies(conn)
		}
	}()
	d := testserver.StartRawFor(t, "http://"+listener.Addr().String())
	d.Send("GET /page HTTP/1.1\r\nHost: apply.example.org\r\n\r\n") // leaves an idle connection
	got := d.Send("HEAD /page HTTP/1.1\r\nHost: apply.example.org\r\n\r\n")
	require.Len(t, got.Answers, 1, "the next request gets its own response")
}

// serveHEADBodies sends the body of a HEAD response when the next request arrives.
func serveHEADBodies(conn net.Conn) {
	defer conn.Close()
	late := ""
	for in := bufio.NewReader(conn); ; {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		header, body := "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", "page"
		if r.URL.Path == testserver.SentinelTarget {
			header = strings.Replace(header, "\r\n", "\r\nX-Last: yes\r\n", 1)
		}
		now := late + header
		if r.Method == http.MethodHead {
			late = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
		} else {
			now += body
		}
		if _, err := io.WriteString(conn, now); err != nil || r.Close {
			return
		}
	}
}
