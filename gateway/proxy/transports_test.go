package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/dial"
	"paygate/internal/testwire"
)

// onWire is a service at the level of bytes: on each connection, it reads one complete request and then does what it is
// told.
type onWire struct {
	address     *url.URL
	connections atomic.Int32
	heads       chan string
}

func newOnWire(t testing.TB, then func(net.Conn)) *onWire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	s := &onWire{address: &url.URL{Scheme: "http", Host: listener.Addr().String()}, heads: make(chan string, 16)}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.connections.Add(1)
			go func() {
				defer conn.Close()
				var head strings.Builder
				r, err := http.ReadRequest(bufio.NewReader(io.TeeReader(conn, &head)))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				s.heads <- head.String()
				then(conn)
			}()
		}
	}()
	return s
}

// says returns a service that answers with fixed bytes and does not close the connection.
func says(text string) func(net.Conn) {
	return func(conn net.Conn) {
		_, _ = io.WriteString(conn, text)
		_, _ = io.Copy(io.Discard, conn)
	}
}

// transportsTo returns transports to a service, with a time limit.
func transportsTo(to *url.URL, limit time.Duration) transports {
	o := optionsFor(to)
	o.Timeout = limit
	return newTransports(o, newBuffers())
}

func postTo(t testing.TB, ctx context.Context, to *url.URL, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String()+"/free",
		io.NopCloser(strings.NewReader(body)))
	require.NoError(t, err)
	r.ContentLength = int64(len(body))
	return r
}

// sizes are those of a body that is written in one piece, and of one that is not.
var sizes = map[string]string{
	"none": "", "small": "a=1", "just small": strings.Repeat("a", smallBody),
	"large": strings.Repeat("a", smallBody+1),
}

func TestSingleUseConnectionEndsWithItsAnswer(t *testing.T) {
	t.Parallel()
	for name, body := range sizes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newOnWire(t, says("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"+
				"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"))
			way := transportsTo(s.address, 10*time.Second)
			for i := range 3 {
				answer, err := way.RoundTrip(postTo(t, t.Context(), s.address, body))
				require.NoError(t, err)
				text, err := io.ReadAll(answer.Body)
				require.NoError(t, err)
				require.NoError(t, answer.Body.Close())
				require.Equal(t, "ok", string(text))
				require.EqualValues(t, i+1, s.connections.Load())
				require.Contains(t, <-s.heads, "\r\nConnection: close\r\n")
			}
		})
	}
}

func TestSmallRequestIsWrittenInOnePiece(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	first := make(chan string, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		piece := make([]byte, 64<<10)
		n, _ := conn.Read(piece)
		first <- string(piece[:n])
		_, _ = io.WriteString(conn, okReply)
	}()
	to := &url.URL{Scheme: "http", Host: listener.Addr().String()}
	testwire.Exchange(t, serve(t, to), "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na=1")
	piece := <-first
	require.True(t, strings.HasPrefix(piece, "POST /x HTTP/1.1\r\n"), piece)
	require.True(t, strings.HasSuffix(piece, "\r\n\r\na=1"), piece)
}

func TestInterimAnswersComeBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	for name, body := range sizes {
		s := newOnWire(t, says("HTTP/1.1 100 Continue\r\n\r\n"+
			"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"+okReply))
		var called []int
		ctx := httptrace.WithClientTrace(t.Context(),
			&httptrace.ClientTrace{Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
				called = append(called, code)
				return nil
			}})
		answer, err := transportsTo(s.address, 10*time.Second).RoundTrip(postTo(t, ctx, s.address, body))
		require.NoError(t, err, name)
		require.Equal(t, http.StatusOK, answer.StatusCode)
		require.Equal(t, []int{100, 103, 102}, called, name)
		require.NoError(t, answer.Body.Close())

		raw := fmt.Sprintf("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		require.Contains(t, testwire.Exchange(t, serve(t, s.address), raw), "HTTP/1.1 103 ", name)
	}
}

func TestMalformedAnswerIsAnErrorAndEndsTheConnection(t *testing.T) {
	t.Parallel()
	header := strings.Repeat("X-A: "+strings.Repeat("a", 1000)+"\r\n", 300)
	for name, said := range map[string]string{
		"nothing": "", "nonsense": "nonsense\r\n\r\n", "half a head": "HTTP/1.1 200 OK\r\nContent-Le",
		"a head without end":          "HTTP/1.1 200 OK\r\n" + header + "\r\n",
		"interim answers without end": strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 20_000),
		"two lengths":                 "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
	} {
		for size, body := range sizes {
			ended := make(chan struct{})
			s := newOnWire(t, func(conn net.Conn) {
				_, _ = io.WriteString(conn, said)
				_ = conn.(*net.TCPConn).CloseWrite()
				_, _ = io.Copy(io.Discard, conn)
				close(ended)
			})
			_, err := transportsTo(s.address, 10*time.Second).RoundTrip(postTo(t, t.Context(), s.address, body))
			require.Error(t, err, "%s, %s", name, size)
			if name == "a head without end" {
				require.Equal(t, "the data cannot be read", dial.Cause(err), size)
			}
			<-ended
		}
	}
}

func TestTruncatedAnswerIsAnError(t *testing.T) {
	t.Parallel()
	for _, said := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
	} {
		s := newOnWire(t, func(conn net.Conn) { _, _ = io.WriteString(conn, said) })
		answer, err := transportsTo(s.address, 10*time.Second).RoundTrip(postTo(t, t.Context(), s.address, "a=1"))
		require.NoError(t, err)
		_, err = io.ReadAll(answer.Body)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.NoError(t, answer.Body.Close())
	}
}

func TestSilentServiceTimesOut(t *testing.T) {
	t.Parallel()
	for name, body := range sizes {
		for _, said := range []string{
			"", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 2",
			"HTTP/1.1 103 Early Hints\r\n\r\n",
		} {
			silent := newOnWire(t, says(said))
			_, err := transportsTo(silent.address,
				50*time.Millisecond).RoundTrip(postTo(t, t.Context(), silent.address, body))
			var timeout net.Error
			require.ErrorAs(t, err, &timeout, "%s, %q", name, said)
			require.True(t, timeout.Timeout(), "%s, %q", name, said)
		}
	}
}

func TestStartedAnswerHasNoTimeLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const limit = time.Minute
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			r, err := http.ReadRequest(bufio.NewReader(theirs))
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, r.Body)
			time.Sleep(limit - time.Second)
			_, _ = io.WriteString(theirs, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
			time.Sleep(2 * limit)
			_, _ = io.WriteString(theirs, "k")
		}()
		to := &url.URL{Scheme: "http", Host: "service.example"}
		transports := transportsTo(to, limit)
		transports.singleUse.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn,
			error,
		) {
			return ours, nil
		}
		answer, err := transports.RoundTrip(postTo(t, t.Context(), to, "a=1"))
		require.NoError(t, err)
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.Equal(t, "ok", string(text))
		require.NoError(t, answer.Body.Close())
	})
}

func TestCancellingEndsTheConnection(t *testing.T) {
	t.Parallel()
	for name, said := range map[string]string{
		"before the answer":   "",
		"in the middle of it": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok",
	} {
		for size, body := range sizes {
			ctx, leave := context.WithCancel(t.Context())
			ended := make(chan struct{})
			s := newOnWire(t, func(conn net.Conn) {
				_, _ = io.WriteString(conn, said)
				if said == "" {
					leave()
				}
				_, _ = io.Copy(io.Discard, conn)
				close(ended)
			})
			answer, err := transportsTo(s.address, 10*time.Second).RoundTrip(postTo(t, ctx, s.address, body))
			if said == "" {
				require.ErrorIs(t, err, context.Canceled, "%s, %s", name, size)
			} else {
				require.NoError(t, err)
				leave()
				_, err = io.ReadAll(answer.Body)
				require.Error(t, err, "%s, %s", name, size)
				require.NoError(t, answer.Body.Close())
			}
			<-ended
		}
	}
}

func TestClosingAnAnswerDoesNotReadTheRest(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	s := newOnWire(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nok") // and no more
		_, _ = io.Copy(io.Discard, conn)
		close(ended)
	})
	answer, err := transportsTo(s.address, 10*time.Second).RoundTrip(postTo(t, t.Context(), s.address, "a=1"))
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	<-ended
}

func TestSmallFormIsReadBeforeItIsSent(t *testing.T) {
	t.Parallel()
	s := newOnWire(t, says(okReply))
	conn, err := net.Dial("tcp", serve(t, s.address))
	require.NoError(t, err)
	_, err = io.WriteString(conn, "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf of it")
	require.NoError(t, err)
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	_, _ = io.ReadAll(conn)
	require.NoError(t, conn.Close())
	require.Zero(t, s.connections.Load())
}

func TestServeRefusesAnUnrequestedTunnel(t *testing.T) {
	t.Parallel()
	for _, upgrade := range []string{
		"", "Connection: Upgrade\r\nUpgrade: websocket\r\n",
		"Connection: Upgrade\r\nUpgrade: h2c\r\n",
	} {
		for _, request := range []string{
			"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na=1",
			"POST /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n\r\na=1",
			"GET /x HTTP/1.1\r\nHost: h\r\n\r\n",
			"GET /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
		} {
			ended := make(chan struct{})
			s := newOnWire(t, func(conn net.Conn) {
				_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n"+upgrade+"\r\n")
				_, _ = io.Copy(io.Discard, conn)
				close(ended)
			})
			require.Contains(t, testwire.Exchange(t, serve(t, s.address), request), "HTTP/1.1 502 ", request)
			<-ended
		}
	}
}

func TestTransportsVerifyTLS(t *testing.T) {
	t.Parallel()
	service := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		_, _ = fmt.Fprint(w, n, " ", r.Close)
	}))
	t.Cleanup(service.Close)
	to, err := url.Parse(service.URL)
	require.NoError(t, err)
	o := optionsFor(to)
	o.TLS = service.Client().Transport.(*http.Transport).TLSClientConfig
	way := newTransports(o, newBuffers())
	for _, body := range sizes {
		answer, err := way.RoundTrip(postTo(t, t.Context(), to, body))
		require.NoError(t, err)
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, fmt.Sprint(len(body), " ", true), string(text))
	}
}

func TestLargeAnswerArrivesWhole(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	s := newOnWire(t, func(conn net.Conn) {
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\n\r\n%s",
			strings.Repeat("a", size)) // as much as comes until the end
	})
	for name, body := range sizes {
		answer, err := transportsTo(s.address, 10*time.Second).RoundTrip(postTo(t, t.Context(), s.address, body))
		require.NoError(t, err, name)
		n, err := io.Copy(io.Discard, answer.Body)
		require.NoError(t, err, name)
		require.EqualValues(t, size, n, name)
		require.NoError(t, answer.Body.Close())
	}
}
