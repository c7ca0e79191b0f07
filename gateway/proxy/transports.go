package proxy

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"time"

	"paygate/gateway/dial"
)

// transports are the keep-alive and the single-use transport to the service. The single-use one is for:
//   - a request that may change something: net/http repeats a request when a reused connection breaks and the request
//     has an Idempotency-Key, which any citizen can add; and without the key, a connection that the service closes at
//     the wrong moment would cost the citizen a 502;
//   - a request with a body, whatever its method: a service that does not expect the body would read it as the next
//     request on the connection, which was never matched against the pay routes;
//   - HEAD: some services (Django on gunicorn) send a body all the same, which would be read as the next answer;
//   - a connection that authenticates its user (NTLM, Negotiate).
type transports struct{ keepAlive, singleUse http.RoundTripper }

func newTransports(o Options, lent *buffers) transports {
	singleUse := newTransport(o, lent)
	singleUse.DisableKeepAlives = true
	return transports{newTransport(o, lent), singleUse}
}

func newTransport(o Options, lent *buffers) *http.Transport {
	t := dial.Dialer{Socket: o.Socket, Timeout: 10 * time.Second}.Transport(o.TLS, lent.lendTo)
	t.ResponseHeaderTimeout = o.Timeout
	t.MaxIdleConns = 512
	t.MaxIdleConnsPerHost = 256
	t.IdleConnTimeout = 60 * time.Second
	return t
}

// RoundTrip implements http.RoundTripper.
func (t transports) RoundTrip(r *http.Request) (*http.Response, error) {
	scheme, _, _ := strings.Cut(strings.ToLower(r.Header.Get("Authorization")), " ")
	authenticates := scheme == "ntlm" || scheme == "negotiate"
	onlyReads := r.Method == http.MethodGet || r.Method == http.MethodOptions
	if onlyReads && r.ContentLength == 0 && !authenticates {
		return t.keepAlive.RoundTrip(r)
	}
	if err := readSmallBody(r); err != nil {
		return nil, err
	}
	return t.singleUse.RoundTrip(r)
}

// smallBody is the size up to which a body is read completely before its request goes out.
const smallBody = 16 << 10

// readSmallBody reads a small body completely, so that a slow client does not hold a connection to the service, and the
// service never sees half a form.
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
