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

// TestAuthenticatedConnectionIsNotShared: NTLM and Negotiate log a connection in, and not a request.
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
			all.Go(func() { answersWhoIsLoggedIn(conn) })
			all.Go(func() { <-ended; _ = conn.Close() })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); close(ended); all.Wait() })
	d := testserver.StartRawFor(t, "http://"+listener.Addr().String())
	for _, scheme := range []string{"NTLM", "ntlm", "Negotiate", "NEGOTIATE"} {
		got := d.Send("GET /page HTTP/1.1\r\nHost: apply.example\r\nAuthorization: " + scheme +
			" TlRMTVNTUAAD\r\n\r\n")
		require.Equal(t, "ann", got.Answers[0].Body)
		for range 3 {
			got = d.Send("GET /page HTTP/1.1\r\nHost: apply.example\r\n\r\n")
			require.Equal(t, "nobody", got.Answers[0].Body, "behind %s", scheme)
		}
	}
}

// answersWhoIsLoggedIn is a service that remembers, for a connection, that somebody logged in.
func answersWhoIsLoggedIn(conn net.Conn) {
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

// TestHEADResponseBodyIsDiscarded: some servers (gunicorn with Django) send a body after the header that HEAD asks
// for. What a client can make the service write there must not be the answer to the next request on the connection.
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
			go answersHeadsTooLong(conn)
		}
	}()
	d := testserver.StartRawFor(t, "http://"+listener.Addr().String())
	d.Send("GET /page HTTP/1.1\r\nHost: apply.example\r\n\r\n") // there is a connection to be used again
	got := d.Send("HEAD /page HTTP/1.1\r\nHost: apply.example\r\n\r\n")
	require.Len(t, got.Answers, 1, "the answer to the request behind it is its own")
}

// answersHeadsTooLong is a service that sends the body of a HEAD as soon as there is a next request.
func answersHeadsTooLong(conn net.Conn) {
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
