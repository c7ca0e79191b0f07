package delivery

import (
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"paygate/gateway/dial"
)

// transport returns a transport for one connection, and records its writes in w.
func (d *Deliverer) transport(w *wire) *http.Transport {
	dialer := dial.Dialer{Socket: d.Socket, Timeout: min(d.Timeout, 10*time.Second)}
	transport := dialer.Transport(d.TLS, func(conn net.Conn) net.Conn {
		return &recordedConn{Conn: conn, wire: w, secure: d.Upstream.Scheme == "https"}
	})
	transport.DisableKeepAlives = true
	return transport
}

// wire records whether any byte of the request can have reached the service.
type wire struct {
	touched atomic.Bool
}

// recordedConn is a connection whose writes are recorded. On TLS the handshake's writes are not the request's: only
// application data counts (record type 23, RFC 8446 section 5.1; the handshake of TLS 1.3 ends in such records too,
// which errs on the safe side).
type recordedConn struct {
	net.Conn
	wire   *wire
	secure bool
}

func (c *recordedConn) Write(p []byte) (int, error) {
	if !c.secure || len(p) > 0 && p[0] == 23 {
		c.wire.touched.Store(true)
	}
	return c.Conn.Write(p)
}
