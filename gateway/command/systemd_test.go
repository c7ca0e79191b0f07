package command

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// socket listens as systemd does, and returns its address and what was said.
func socket(t *testing.T) (string, func() string) {
	t.Helper()
	address := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return address, func() string {
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(time.Minute)))
		text := make([]byte, 100)
		n, err := conn.Read(text)
		require.NoError(t, err)
		return string(text[:n])
	}
}

func TestSystemdHearsThatPaygateWorks(t *testing.T) {
	t.Parallel()
	address, said := socket(t)
	environ := []string{"NOTIFY_SOCKET=" + address, "WATCHDOG_USEC=3000"}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var hangs atomic.Bool
	var tries atomic.Int64
	hangs.Store(true)
	go newSupervisor(environ, slog.New(slog.DiscardHandler)).follow(ctx, func(context.Context) error {
		if tries.Add(1) == 3 {
			hangs.Store(false)
		}
		if hangs.Load() {
			return errors.New("hangs")
		}
		return nil
	})
	require.Equal(t, "READY=1", said())
	require.EqualValues(t, 3, tries.Load(), "it is ready once it answers")
	require.Equal(t, "WATCHDOG=1", said())
	stop()
	last := said()
	for last == "WATCHDOG=1" {
		last = said()
	}
	require.Equal(t, "STOPPING=1", last)
}

func TestAListenerThatDoesNotAnswerYetIsAskedNowAndThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		tries := 0
		supervisor{socket: "nowhere"}.follow(ctx, func(context.Context) error {
			if tries++; tries > 1000 {
				stop()
			}
			return errors.New("connection refused")
		})
		require.LessOrEqual(t, tries, 101)
	})
}

func TestWithoutSystemdNobodyIsTold(t *testing.T) {
	t.Parallel()
	s := newSupervisor([]string{"WATCHDOG_USEC=wrong"}, slog.New(slog.DiscardHandler))
	s.follow(t.Context(), func(context.Context) error { panic("nobody watches") })
}

func TestAListenerAnswersOverHTTPAndHTTPS(t *testing.T) {
	t.Parallel()
	for _, start := range []func(http.Handler) *httptest.Server{httptest.NewServer, httptest.NewTLSServer} {
		server := start(http.NotFoundHandler())
		works := answers(server.Listener, server.TLS != nil)
		require.NoError(t, works(t.Context()))
		server.Close()
		require.Error(t, works(t.Context()))
	}
}
