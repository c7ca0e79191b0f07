package command

import (
	"errors"
	"net"
	"os"
	"time"
)

// answerIdle is how long an answer may stand still because nobody reads it.
const answerIdle = 60 * time.Second

// citizens are connections that do not wait for ever for whoever does not read: each would hold one to the service.
type citizens struct{ net.Listener }

// Accept implements net.Listener.
func (l citizens) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if c, ok := conn.(halfCloser); ok {
		return citizenConn{c}, err
	}
	return conn, err
}

// halfCloser is a connection as net/http ends it, so that what it said last arrives.
type halfCloser interface {
	net.Conn
	CloseWrite() error
}

// citizenConn gives up an answer that stands still; one that is being read may take as long as it takes.
type citizenConn struct{ halfCloser }

// Write moves the deadline on for as long as anything goes.
func (c citizenConn) Write(p []byte) (int, error) {
	for written := 0; ; {
		if err := c.SetWriteDeadline(time.Now().Add(answerIdle)); err != nil {
			return written, err
		}
		n, err := c.halfCloser.Write(p[written:])
		written += n
		if n == 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return written, err
		}
	}
}
