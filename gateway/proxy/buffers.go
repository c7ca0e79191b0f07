package proxy

import (
	"io"
	"net"
	"sync"
)

// bufferSize is how much is copied at a time.
const bufferSize = 128 << 10

// buffers lends buffers for copying bodies.
type buffers struct{ idle sync.Pool }

func newBuffers() *buffers {
	return &buffers{sync.Pool{New: func() any { return new([bufferSize]byte) }}}
}

// Get lends a buffer.
func (b *buffers) Get() []byte { return b.idle.Get().(*[bufferSize]byte)[:] }

// Put takes back a buffer that Get lent.
func (b *buffers) Put(buffer []byte) { b.idle.Put((*[bufferSize]byte)(buffer)) }

// lendTo returns a connection that copies with buffers lent to it.
func (b *buffers) lendTo(conn net.Conn) net.Conn {
	if tcp, ok := conn.(*net.TCPConn); ok {
		return serviceConn{tcp, b}
	}
	return conn
}

// serviceConn is a connection to the service.
type serviceConn struct {
	*net.TCPConn
	lent *buffers
}

// ReadFrom copies the body of a request. The one of net.TCPConn would allocate a buffer each time.
func (c serviceConn) ReadFrom(body io.Reader) (int64, error) {
	buffer := c.lent.Get()
	defer c.lent.Put(buffer)
	return io.CopyBuffer(struct{ io.Writer }{c.TCPConn}, body, buffer)
}
