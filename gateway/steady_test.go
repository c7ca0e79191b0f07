package gateway

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestABodyThatStandsStillIsGivenUp(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		steady(w, r, 20*time.Millisecond)
		_, err := io.ReadAll(r.Body)
		ended <- err
	}))
	t.Cleanup(door.Close)
	conn, err := net.Dial("tcp", door.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
	require.NoError(t, err)
	var timeout net.Error
	require.ErrorAs(t, <-ended, &timeout)
	require.True(t, timeout.Timeout())
}

// TestABodyMayTakeItsTimeButNotStandStill goes by a bubble's clock, on a connection within the process.
func TestABodyMayTakeItsTimeButNotStandStill(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		read := make(chan error, 1)
		door := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			steady(w, r, bodyIdle)
			_, err := io.ReadAll(r.Body)
			read <- err
		})}
		listener := &onePipe{conn: server, closed: make(chan struct{})}
		ended := make(chan error, 1)
		go func() { ended <- door.Serve(listener) }()
		go func() { _, _ = io.Copy(io.Discard, client) }()

		_, err := io.WriteString(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n")
		require.NoError(t, err)
		for range 10 { // ten minutes
			time.Sleep(bodyIdle - time.Second)
			_, err = io.WriteString(client, "x")
			require.NoError(t, err)
		}
		began := time.Now()
		var timeout net.Error
		require.ErrorAs(t, <-read, &timeout)
		require.True(t, timeout.Timeout())
		require.Equal(t, 60*time.Second, time.Since(began))
		require.NoError(t, door.Close())
		require.ErrorIs(t, <-ended, http.ErrServerClosed)
	})
}

// onePipe is a listener that has one connection.
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

func TestAConnectionIsGoodForAnotherRequestAfterASteadyBody(t *testing.T) {
	t.Parallel()
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		steady(w, r, time.Minute)
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(body)
	}))
	t.Cleanup(door.Close)
	address := door.Listener.Addr().String()
	for range 2 {
		require.Contains(t, exchange(t, address, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"), "200 OK")
	}
}
