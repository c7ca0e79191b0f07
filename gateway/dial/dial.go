// Package dial connects to the legacy service, by TCP or by a Unix socket, and describes the errors of connections.
package dial

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// Dialer opens connections to one service.
type Dialer struct {
	Socket  string // the path of a Unix socket; empty: TCP
	Timeout time.Duration
}

// DialContext connects to the socket, or to the address if there is no socket.
func (d Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if d.Socket != "" {
		network, address = "unix", d.Socket
	}
	return (&net.Dialer{Timeout: d.Timeout, KeepAlive: 30 * time.Second}).DialContext(ctx, network, address)
}

// Transport returns an HTTP/1.1 transport that does not change requests or answers. It wraps each new connection.
func (d Dialer) Transport(trust *tls.Config, wrap func(net.Conn) net.Conn) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Protocols:              protocols,
		DisableCompression:     true, // otherwise net/http would ask for gzip and unpack it, and change answers
		MaxResponseHeaderBytes: 256 << 10,
		TLSClientConfig:        trust,
		TLSHandshakeTimeout:    10 * time.Second,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := d.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return wrap(conn), nil
		},
	}
}
