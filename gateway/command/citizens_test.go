package command

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// halfPipes are pipes whose ends close as those of TCP do.
type halfPipes struct{ *pipes }

func (p halfPipes) Accept() (net.Conn, error) {
	conn, err := p.pipes.Accept()
	return halfPipe{conn}, err
}

type halfPipe struct{ net.Conn }

func (p halfPipe) CloseWrite() error { return p.Close() }

func TestConnectionIsClosedIfAnswerIsNotRead(t *testing.T) {
	t.Parallel()
	for name, pieces := range map[string]int{
		"the client does not read": 0, "it reads slowly, then stops": 10, "it reads slowly": 100,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const piece = 1000
				ended := make(chan error, 1)
				server := publicServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					_, err := w.Write(bytes.Repeat([]byte("x"), 90*piece))
					ended <- err
				}), slog.New(slog.DiscardHandler))
				listener := newPipes()
				served := make(chan error, 1)
				go func() { served <- server.Serve(citizens{halfPipes{listener}}) }()
				conn := listener.dial()
				_, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
				require.NoError(t, err)
				for range pieces {
					time.Sleep(answerIdle - time.Second)
					if _, err = io.CopyN(io.Discard, conn, piece); err != nil {
						break
					}
				}
				began := time.Now()
				if pieces == 100 {
					require.NoError(t, <-ended)
					require.ErrorIs(t, err, io.EOF, "all has been read")
				} else {
					require.Error(t, <-ended)
					require.LessOrEqual(t, time.Since(began), 2*answerIdle)
				}
				require.NoError(t, conn.Close())
				require.NoError(t, server.Close())
				require.ErrorIs(t, <-served, http.ErrServerClosed)
			})
		})
	}
}

func TestCitizenConnectionCanBeHalfClosed(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	accepted := make(chan net.Conn, 1)
	go func() {
		conn, err := citizens{listener}.Accept()
		if err == nil {
			accepted <- conn
		}
	}()
	ours, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = ours.Close() })
	conn := <-accepted
	t.Cleanup(func() { _ = conn.Close() })
	require.Implements(t, (*halfCloser)(nil), conn, "net/http closes its half first, and waits")
}
