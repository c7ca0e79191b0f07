package delivery

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"paygate/gateway/dial"
)

// transport makes a fresh connection, watched by wire.
func (d *Deliverer) transport(w *wire) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	dialer := dial.Dialer{Socket: d.Socket, Timeout: min(d.Timeout, 10*time.Second)}
	return &http.Transport{
		Protocols:              protocols,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: 256 << 10,
		TLSClientConfig:        d.TLS,
		TLSHandshakeTimeout:    10 * time.Second,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &watched{Conn: conn, wire: w, secure: d.Upstream.Scheme == "https"}, nil
		},
	}
}

// wire notes whether a byte of the request can have reached the service.
type wire struct {
	touched atomic.Bool
}

// watched is a connection whose writes are noted. On TLS the handshake's writes are not the request's: only application
// data counts (record type 23, RFC 8446 section 5.1; the handshake of TLS 1.3 ends in such records too, which errs on the
// safe side).
type watched struct {
	net.Conn
	wire   *wire
	secure bool
}

func (c *watched) Write(p []byte) (int, error) {
	if !c.secure || len(p) > 0 && p[0] == 23 {
		c.wire.touched.Store(true)
	}
	return c.Conn.Write(p)
}
