// Package dial reaches the legacy service, by TCP or by a Unix socket.
package dial

import (
	"context"
	"net"
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
