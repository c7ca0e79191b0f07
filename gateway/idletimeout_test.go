package gateway

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/match"
	"paygate/gateway/modes"
	"paygate/gateway/pages"
	"paygate/gateway/proxy"
	"paygate/gateway/spool"
	"paygate/internal/testwire"
	"paygate/journey"
)

func TestAStalledBodyTimesOut(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limitIdleTime(w, r, 20*time.Millisecond)
		_, err := io.ReadAll(r.Body)
		ended <- err
	}))
	t.Cleanup(server.Close)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
	require.NoError(t, err)
	var timeout net.Error
	require.ErrorAs(t, <-ended, &timeout)
	require.True(t, timeout.Timeout())
}

// TestASlowBodyHasNoTimeLimitUnlessItStalls uses a simulated clock, and a connection within the process to a gateway.
func TestASlowBodyHasNoTimeLimitUnlessItStalls(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		target, says string
		bytes        int // that come, each just in time
	}{
		"a held form":                  {"/licences/apply", "We did not receive all of your form.", 10},
		"a free form":                  {"/free", "We did not receive all of your form.", 10},
		"a body that no handler reads": {"/_pay/nowhere", "HTTP/1.1 404 Not Found", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, closeServer := pipeToGateway(t)
				defer closeServer()
				answer := make(chan string, 1)
				go func() {
					text, _ := io.ReadAll(client)
					answer <- string(text)
				}()
				_, err := io.WriteString(client,
					"POST "+c.target+" HTTP/1.1\r\nHost: x.example\r\nContent-Length: 20\r\n\r\n")
				require.NoError(t, err)
				for range c.bytes {
					time.Sleep(bodyIdleTimeout - time.Second)
					_, err = io.WriteString(client, "x")
					require.NoError(t, err)
				}
				began := time.Now()
				require.Contains(t, <-answer, c.says) // and the connection is closed
				require.Equal(t, 60*time.Second, time.Since(began).Truncate(time.Second))
			})
		})
	}
}

// pipeToGateway returns a connection within the process to a gateway without a store or a service.
func pipeToGateway(t *testing.T) (client net.Conn, closeServer func()) {
	t.Helper()
	origin := &url.URL{Scheme: "http", Host: "x.example"}
	gateway := New(Options{
		Origins: []*url.URL{origin}, Proxy: proxy.Options{
			Upstream: origin,
			Clients:  proxy.Clients{Origins: []*url.URL{origin}}, Log: slog.New(slog.DiscardHandler),
		}, Prefix: "/_pay", HoldMaxBytes: 1 << 20,
		Routes: []Route{{
			Mode:  modes.On,
			Route: match.Route{Name: "licence", Match: patternOf(t, "POST /licences/apply")},
		}},
		Spool: spool.New(spool.Options{}), Runner: &journey.Runner{Now: time.Now}, Keys: http.NotFoundHandler(),
		Pages: pages.New(pages.Options{Prefix: "/_pay", ServiceName: "Licences"}), Log: slog.New(slog.DiscardHandler),
	})
	client, conn := net.Pipe()
	server := &http.Server{Handler: gateway}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(&onePipe{conn: conn, closed: make(chan struct{})}) }()
	return client, func() {
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-ended, http.ErrServerClosed)
	}
}

// onePipe is a listener with one connection.
type onePipe struct {
	conn   net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *onePipe) Accept() (net.Conn, error) {
	if conn := p.conn; conn != nil {
		p.conn = nil
		return conn, nil
	}
	<-p.closed
	return nil, net.ErrClosed
}

func (p *onePipe) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *onePipe) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func TestAConnectionIsReusableAfterABody(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limitIdleTime(w, r, time.Minute)
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(body)
	}))
	t.Cleanup(server.Close)
	address := server.Listener.Addr().String()
	for range 2 {
		require.Contains(t, testwire.Exchange(t, address,
			"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"), "200 OK")
	}
}
