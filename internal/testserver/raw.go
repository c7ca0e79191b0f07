package testserver

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/command"
	"paygate/internal/paysim"
)

// RawClient writes bytes to the public listener of the program, as no HTTP client would.
type RawClient struct {
	t       testing.TB
	Address string
	Service *RawService // nil with StartRawFor
	Pay     *paysim.Simulator
	Log     *LogBuffer
}

// StartRaw runs the program for a RawService.
func StartRaw(t testing.TB, over ...string) *RawClient {
	t.Helper()
	service := newRawService(t)
	d := StartRawFor(t, "http://"+service.listener.Addr().String(), over...)
	d.Service = service
	return d
}

// StartRawFor runs the program for the service at a URL.
func StartRawFor(t testing.TB, service string, over ...string) *RawClient {
	t.Helper()
	d := &RawClient{t: t, Pay: paysim.New(paysim.Options{PostLimit: -1})}
	payServer := httptest.NewServer(d.Pay)
	d.Pay.SetPublicURL(payServer.URL)
	h := &Harness{
		Service: &Service{Server: &httptest.Server{URL: service}}, PayURL: payServer.URL, URL: "http://" + PublicHost,
	}
	environ := append(h.Environ(filepath.Join(t.TempDir(), "paygate.db")),
		"PAYGATE_LISTEN=127.0.0.1:0", "PAYGATE_STAFF_LISTEN=127.0.0.1:0", "PAYGATE_LOG_LEVEL=debug")
	if slices.Contains(over, "PAYGATE_ROUTES=licence") {
		environ = slices.DeleteFunc(environ, func(v string) bool {
			return strings.HasPrefix(v, "PAYGATE_ROUTE_") && !strings.HasPrefix(v, "PAYGATE_ROUTE_LICENCE_")
		})
	}
	t.Cleanup(func() {
		payServer.Close()
		d.Pay.Close()
	})
	serving := StartCommand(t, command.Env{Environ: append(environ, over...), Version: "test"}, Serving, "serve")
	d.Log = serving.Log
	d.Address, _ = Addresses(t, d.Log.String())
	return d
}

// Exchange is what came back for some bytes.
type Exchange struct {
	Answers []RawResponse // without the one to the sentinel
	Closed  bool          // Paygate closed the connection before the sentinel
}

// RawResponse is one response, read to its end.
type RawResponse struct {
	Status int
	Header http.Header
	Body   string
}

// Ticket returns the cookie that the response sets.
func (r RawResponse) Ticket() string {
	value, _, _ := strings.Cut(r.Header.Get("Set-Cookie"), ";")
	return value
}

// Dial connects to the public listener. The deadline only ends a test that hangs.
func (d *RawClient) Dial(t testing.TB) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", d.Address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(LongTimeout)))
	return conn
}

// Send writes bytes and reads the responses. The sentinel follows the first final response.
func (d *RawClient) Send(raw string) Exchange {
	d.t.Helper()
	conn := d.Dial(d.t)
	defer conn.Close()
	go func() { _, _ = io.WriteString(conn, raw) }() // a refused request may not be read to its end
	in := bufio.NewReader(conn)
	method, _, _ := strings.Cut(raw, " ")
	var result Exchange
	for sentinel := false; ; {
		answer, err := ReadRawResponse(in, method)
		switch {
		case err != nil:
			var late net.Error
			require.False(d.t, errors.As(err, &late) && late.Timeout(), "no response to %.200q", raw)
			result.Closed = true
			return result
		case answer.Header.Get("X-Last") != "":
			return result
		}
		result.Answers = append(result.Answers, answer)
		if answer.Status >= http.StatusOK && answer.Header.Get("Connection") != "close" && !sentinel {
			sentinel, method = true, http.MethodGet
			_, _ = io.WriteString(conn, Sentinel)
		}
	}
}

// ReadRawResponse reads the next response on a connection.
func ReadRawResponse(in *bufio.Reader, method string) (RawResponse, error) {
	answer, err := http.ReadResponse(in, &http.Request{Method: method})
	if err != nil {
		return RawResponse{}, err
	}
	body, err := io.ReadAll(answer.Body)
	if answer.Close {
		answer.Header.Set("Connection", "close")
	}
	return RawResponse{answer.StatusCode, answer.Header, string(body)}, err
}

// ReturnFromPay returns from Pay with these header lines, and follows the redirect.
func (d *RawClient) ReturnFromPay(lines string) Exchange {
	d.t.Helper()
	get := func(target string) Exchange {
		return d.Send("GET " + target + " HTTP/1.1\r\nHost: " + PublicHost + "\r\n" + lines + "\r\n\r\n")
	}
	back := get("/_pay/return?x=" + Sensitive)
	if len(back.Answers) != 1 || back.Answers[0].Status != http.StatusSeeOther {
		return back
	}
	return get(back.Answers[0].Header.Get("Location"))
}

// MustBlock sends a request and requires that Paygate refuses, redirects or holds it.
func (d *RawClient) MustBlock(t testing.TB, raw string) RawResponse {
	t.Helper()
	line, _, _ := strings.Cut(raw, "\r\n")
	got := d.Send(raw)
	require.Empty(t, d.Service.Take(), "%q reached the service", line)
	require.Len(t, got.Answers, 1, "%q: %v", line, got.Answers)
	answer := got.Answers[0]
	require.NotContains(t, answer.Body, "legacy", "%q", line)
	switch answer.Status {
	case http.StatusSeeOther, http.StatusPermanentRedirect, http.StatusPaymentRequired, http.StatusServiceUnavailable:
		require.Equal(t, "yes", answer.Header.Get("Paygate-Answer"), "%q", line)
	default:
		require.True(t, got.Closed, "%q: a refusal closes the connection", line)
		require.GreaterOrEqual(t, answer.Status, 400, "%q", line)
	}
	return answer
}

// MustHold sends a request and requires that Paygate holds it and redirects to Pay.
func (d *RawClient) MustHold(t testing.TB, raw string) RawResponse {
	t.Helper()
	answer := d.MustBlock(t, raw)
	require.Equal(t, http.StatusSeeOther, answer.Status, "%.300q", raw)
	return answer
}

// MustRefuse sends a form and requires the page for one that Paygate cannot interpret. The connection stays open.
func (d *RawClient) MustRefuse(t testing.TB, raw string) RawResponse {
	t.Helper()
	got := d.Send(raw)
	require.Empty(t, d.Service.Take(), "%.300q", raw)
	require.Len(t, got.Answers, 1)
	require.Equal(t, "yes", got.Answers[0].Header.Get("Paygate-Answer"))
	require.Equal(t, http.StatusUnprocessableEntity, got.Answers[0].Status, "%.300q", raw)
	return got.Answers[0]
}

// MustReach sends a request and requires that it alone reaches the service.
func (d *RawClient) MustReach(t testing.TB, raw string) RawRequest {
	t.Helper()
	d.Send(raw)
	received := d.Service.Take()
	require.Len(t, received, 1, "%.300q", raw)
	return received[0]
}

// MustPassForms requires that each form reaches the service unchanged.
func (d *RawClient) MustPassForms(t testing.TB, header string, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		got := d.Send(Request("POST /licences/apply", header, body))
		require.Len(t, got.Answers, 1, body)
		require.Equal(t, http.StatusOK, got.Answers[0].Status, body)
		received := d.Service.Take()
		require.Len(t, received, 1, body)
		require.Equal(t, body, string(received[0].Body))
	}
}
