package gateway

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"paygate/gateway/dial"
)

// transports are the two ways to reach the service. A request that changes something has a connection of its own: net/http sends
// a request again by itself when a reused connection breaks and the request carries an Idempotency-Key, which any citizen can
// add; and without the key, a connection that the service closes at the wrong moment would cost the citizen a 502. So does a
// request with a body, whatever its method: a service that does not expect the body takes it for the next request on the
// connection, and that one was never matched against the pay routes. So does HEAD: some services (Django on gunicorn) send a
// body all the same, which would be read as the answer to the next request. A connection that authenticates its user (NTLM,
// Negotiate) is never shared either.
type transports struct{ keepAlive, singleUse http.RoundTripper }

func (g *Gateway) newTransports(lent *buffers) transports {
	singleUse := g.newTransport(lent)
	singleUse.DisableKeepAlives = true
	return transports{g.newTransport(lent), singleUse}
}

func (g *Gateway) newTransport(lent *buffers) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Protocols:              protocols,
		DialContext:            lendingDialer{g.dialer(), lent}.dial,
		TLSClientConfig:        g.UpstreamTLS,
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  g.UpstreamTimeout,
		MaxResponseHeaderBytes: 256 << 10,
		MaxIdleConns:           512,
		MaxIdleConnsPerHost:    256,
		IdleConnTimeout:        60 * time.Second,
		DisableCompression:     true, // or net/http would ask for gzip and unpack it, and change answers
	}
}

// RoundTrip implements http.RoundTripper.
func (t transports) RoundTrip(r *http.Request) (*http.Response, error) {
	scheme, _, _ := strings.Cut(strings.ToLower(r.Header.Get("Authorization")), " ")
	authenticates := scheme == "ntlm" || scheme == "negotiate"
	if !unsafeMethod(r.Method) && r.Method != http.MethodHead && r.ContentLength == 0 && !authenticates {
		return t.keepAlive.RoundTrip(r)
	}
	if err := readSmallBody(r); err != nil {
		return nil, err
	}
	return t.singleUse.RoundTrip(r)
}

// smallBody is the size up to which a body is read whole before its request goes out.
const smallBody = 16 << 10

// readSmallBody reads a small body whole, so that a slow client does not hold a connection to the service, and the service
// never sees half of a small form.
func readSmallBody(r *http.Request) error {
	if r.ContentLength <= 0 || r.ContentLength > smallBody {
		return nil
	}
	body := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(r.Body, body); err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

func (g *Gateway) dialer() dial.Dialer {
	return dial.Dialer{Socket: g.UpstreamSocket, Timeout: 10 * time.Second}
}

// lendingDialer makes connections that copy with a buffer that is lent to them.
type lendingDialer struct {
	dial.Dialer
	lent *buffers
}

func (d lendingDialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.DialContext(ctx, network, address)
	if tcp, ok := conn.(*net.TCPConn); ok {
		return serviceConn{tcp, d.lent}, nil
	}
	return conn, err
}

// serviceConn is a connection to the service.
type serviceConn struct {
	*net.TCPConn
	lent *buffers
}

// ReadFrom copies the body of a request; net's own would make a buffer for each.
func (c serviceConn) ReadFrom(body io.Reader) (int64, error) {
	buffer := c.lent.Get()
	defer c.lent.Put(buffer)
	return io.CopyBuffer(struct{ io.Writer }{c.TCPConn}, body, buffer)
}

// bufferSize is how much is copied at a time.
const bufferSize = 128 << 10

// buffers lends what bodies are copied with.
type buffers struct{ idle sync.Pool }

func newBuffers() *buffers {
	return &buffers{sync.Pool{New: func() any { return new([bufferSize]byte) }}}
}

// Get lends a buffer.
func (b *buffers) Get() []byte { return b.idle.Get().(*[bufferSize]byte)[:] }

// Put takes back a buffer that Get lent.
func (b *buffers) Put(buffer []byte) { b.idle.Put((*[bufferSize]byte)(buffer)) }
