package gateway

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"os"
	"time"

	"paygate/gateway/dial"
)

// freshWay sends each request once, over a connection of its own that ends with the answer.
type freshWay struct {
	dialer    dial.Dialer
	transport *http.Transport // keeps no connections
	scheme    string
	address   string // host and port
}

func newFreshWay(t *http.Transport, dialer dial.Dialer, to *url.URL) freshWay {
	t.DisableKeepAlives = true
	port := to.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[to.Scheme]
	}
	return freshWay{dialer, t, to.Scheme, net.JoinHostPort(to.Hostname(), port)}
}

// RoundTrip implements http.RoundTripper. A small request needs none of the goroutines that net/http has for each
// connection, which cost as much as the rest of its way: it is written whole, and then its answer is read. Whatever may be
// written and read at once, or is encrypted, or becomes another protocol, is net/http's.
func (w freshWay) RoundTrip(r *http.Request) (*http.Response, error) {
	small, err := readSmallBody(r)
	switch {
	case err != nil:
		return nil, err
	case small && w.scheme == "http" && r.Header["Upgrade"] == nil:
		return w.exchange(r)
	}
	conn, err := w.transport.NewClientConn(r.Context(), w.scheme, w.address)
	if err != nil {
		return nil, err
	}
	answer, err := conn.RoundTrip(r)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return answer, nil
}

// smallBody is how many bytes of a body are waited for before its request goes out. They fit into the buffers of any
// connection, so that writing them does not wait for the service.
const smallBody = 16 << 10

// readSmallBody reads a small body whole, and tells whether there is none larger. A slow client does not hold a connection
// to the service then, and the service sees no half of a small form.
func readSmallBody(r *http.Request) (bool, error) {
	if r.ContentLength < 0 || r.ContentLength > smallBody {
		return false, nil
	}
	if r.ContentLength == 0 {
		return true, nil
	}
	body := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(r.Body, body); err != nil {
		return false, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return true, nil
}

// exchange sends a small request, and reads the head of the answer.
func (w freshWay) exchange(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	conn, err := w.dialer.DialContext(ctx, "tcp", w.address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	answer, err := w.converse(conn, r)
	if err != nil {
		stop()
		_ = conn.Close()
		if gone := context.Cause(ctx); gone != nil {
			return nil, gone
		}
		return nil, err
	}
	answer.Body = lastBody{answer.Body, conn, stop}
	return answer, nil
}

// converse writes the request, and reads as far as the head of the answer that is not an interim one.
func (w freshWay) converse(conn net.Conn, r *http.Request) (*http.Response, error) {
	late := time.Now().Add(w.transport.ResponseHeaderTimeout)
	if err := conn.SetDeadline(late); err != nil {
		return nil, err
	}
	r.Close = true
	out := bufio.NewWriter(conn)
	if err := r.Write(out); err != nil {
		return nil, err
	}
	if err := out.Flush(); err != nil {
		return nil, err
	}
	limited := &io.LimitedReader{R: conn, N: w.transport.MaxResponseHeaderBytes}
	in := bufio.NewReader(limited)
	for {
		answer, err := http.ReadResponse(in, r)
		switch {
		case err != nil && limited.N <= 0:
			return nil, errLongHeader
		case err != nil && !time.Now().Before(late):
			return nil, os.ErrDeadlineExceeded // half a line is called malformed instead
		case err != nil:
			return nil, err
		}
		if !isInterim(answer.StatusCode) {
			limited.N = math.MaxInt64
			return answer, conn.SetDeadline(time.Time{})
		}
		if err := heardInterim(r.Context(), answer); err != nil {
			return nil, err
		}
	}
}

// errLongHeader: the end that a limit makes looks like the end of the connection.
var errLongHeader = errors.New("the header of the service's answer is too long")

func isInterim(status int) bool {
	return status >= http.StatusContinue && status < http.StatusOK && status != http.StatusSwitchingProtocols
}

// heardInterim tells httputil of an interim answer, which may go on to the citizen.
func heardInterim(ctx context.Context, answer *http.Response) error {
	trace := httptrace.ContextClientTrace(ctx)
	if trace == nil || trace.Got1xxResponse == nil {
		return nil
	}
	return trace.Got1xxResponse(answer.StatusCode, textproto.MIMEHeader(answer.Header))
}

// lastBody is the body of an answer that ends its connection.
type lastBody struct {
	io.ReadCloser
	conn net.Conn
	stop func() bool // ends the watch over the request's context
}

// Close ends the connection first: to close the body alone would be to wait for the rest of it.
func (b lastBody) Close() error {
	b.stop()
	_ = b.conn.Close() // it may be closed, the citizen having left
	_ = b.ReadCloser.Close()
	return nil
}
