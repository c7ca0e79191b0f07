package command

import (
	"errors"
	"net"
	"os"
	"time"
)

// answerIdle is how long a client may go without reading any of an answer.
const answerIdle = 60 * time.Second

// citizens is a listener whose connections do not wait for ever for a client to read, because each keeps a connection
// to the service open.
type citizens struct{ net.Listener }

// Accept implements net.Listener.
func (l citizens) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if c, ok := conn.(halfCloser); ok {
		return citizenConn{c}, err
	}
	return conn, err
}

// halfCloser is a connection that net/http can close so that the last bytes still arrive.
type halfCloser interface {
	net.Conn
	CloseWrite() error
}

// citizenConn gives up an answer that is not being read. An answer that is being read may take any time.
type citizenConn struct{ halfCloser }

// Write extends the deadline as long as some bytes are written.
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
