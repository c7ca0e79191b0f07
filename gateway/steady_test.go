package gateway

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
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
