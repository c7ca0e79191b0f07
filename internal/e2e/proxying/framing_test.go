package proxying

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// head begins a request to a free address.
const head = "POST /free HTTP/1.1\r\nHost: apply.example\r\n"

func TestAmbiguousFramingIsRefused(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	for name, raw := range map[string]string{
		"two lengths": head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello" +
			testserver.Smuggled,
		"a list of lengths":            head + "Content-Length: 5, 6\r\n\r\nhello" + testserver.Smuggled,
		"a signed length":              head + "Content-Length: +5\r\n\r\nhello" + testserver.Smuggled,
		"a negative length":            head + "Content-Length: -1\r\n\r\nhello" + testserver.Smuggled,
		"a hexadecimal length":         head + "Content-Length: 0x5\r\n\r\nhello" + testserver.Smuggled,
		"a length with a blank inside": head + "Content-Length: 1 5\r\n\r\nhello" + testserver.Smuggled,
		"a length with a unit":         head + "Content-Length: 5b\r\n\r\nhello" + testserver.Smuggled,
		"an empty length":              head + "Content-Length: \r\n\r\n" + testserver.Smuggled,
		"a huge length": head + "Content-Length: 99999999999999999999\r\n\r\nhello" +
			testserver.Smuggled,
		"a length with an underscore": head + "Content-Length: 1_0\r\n\r\nhello" + testserver.Smuggled,
		"a fraction":                  head + "Content-Length: 5.0\r\n\r\nhello" + testserver.Smuggled,
		"a blank before the colon":    head + "Content-Length : 5\r\n\r\nhello" + testserver.Smuggled,
		"chunked misspelt": head + "Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" +
			testserver.Smuggled,
		"chunked with a blank before": head + "Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" +
			testserver.Smuggled,
		"chunked behind a vertical tab": head +
			"Transfer-Encoding:\x0bchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + testserver.Smuggled,
		"chunked before a vertical tab": head +
			"Transfer-Encoding: chunked\x0b\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + testserver.Smuggled,
		"chunked behind a NUL": head +
			"Transfer-Encoding: \x00chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + testserver.Smuggled,
		"chunked behind a bare CR": head +
			"X: y\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + testserver.Smuggled,
		"chunked and identity": head + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" +
			testserver.Smuggled,
		"identity and chunked": head + "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n" +
			testserver.Smuggled,
		"identity": head + "Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello" +
			testserver.Smuggled,
		"gzip and chunked": head + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" +
			testserver.Smuggled,
		"chunked twice": head +
			"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + testserver.Smuggled,
		"chunked and something else": head +
			"Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n\r\n0\r\n\r\n" + testserver.Smuggled,
		"something else and chunked": head +
			"Transfer-Encoding: cow\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + testserver.Smuggled,
		"chunked with a parameter": head + "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n" +
			testserver.Smuggled,
		"chunked in quotes": head + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n" +
			testserver.Smuggled,
		"an empty encoding": head + "Transfer-Encoding: \r\nContent-Length: 5\r\n\r\nhello" +
			testserver.Smuggled,
		"an encoding that is only a comma": head + "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n" + testserver.Smuggled,
		"a name with a blank":              head + "X Y: z\r\nContent-Length: 0\r\n\r\n" + testserver.Smuggled,
		"a line without a colon":           head + "Content-Length\r\n\r\n" + testserver.Smuggled,
		"an empty name":                    head + ": x\r\nContent-Length: 0\r\n\r\n" + testserver.Smuggled,
		"a first line that is folded": "POST /free HTTP/1.1\r\n X: y\r\nHost: apply.example\r\nContent-Length: " +
			"0\r\n\r\n" + testserver.Smuggled,
		"a control in a value": head + "X: a\x01b\r\nContent-Length: 0\r\n\r\n" + testserver.Smuggled,
		"a NUL in a value":     head + "X: a\x00b\r\nContent-Length: 0\r\n\r\n" + testserver.Smuggled,
		"a bare CR in a value": head + "X: a\rPaygate-Status: success\r\nContent-Length: 0\r\n\r\n" +
			testserver.Smuggled,
		"a bare CR for a line end": "POST /free HTTP/1.1\rHost: apply.example\r\rContent-Length: 0\r\n\r\n" +
			testserver.Smuggled,
		"a name that is not ASCII": head + "X\xe9: y\r\nContent-Length: 0\r\n\r\n" + testserver.Smuggled,
		"a NUL in a name": head + "Paygate\x00-Status: success\r\nContent-Length: 0\r\n\r\n" +
			testserver.Smuggled,
		"an empty line before": "\r\n" + head + "Content-Length: 0\r\n\r\n" + testserver.Smuggled,
		"no version":           "POST /free\r\nHost: apply.example\r\n\r\n" + testserver.Smuggled,
	} {
		t.Run(name, func(t *testing.T) {
			answer := d.MustBlock(t, raw)
			require.Contains(t, []int{http.StatusBadRequest, http.StatusNotImplemented}, answer.Status)
		})
	}
	require.Empty(t, d.Pay.Payments())
}

func TestUnusualFramingIsOneRequest(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	for name, c := range map[string]struct {
		raw, body string
		ends      bool // the connection ends behind it
	}{
		"a length and chunks": {head +
			"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + testserver.Smuggled, "", true},
		"chunks and a length": {
			head +
				"Transfer-Encoding: chunked\r\nContent-Length: 500\r\n\r\n2\r\nok\r\n0\r\n\r\n" + testserver.Smuggled, "ok",
			true,
		},
		"chunks and two lengths": {head +
			"Content-Length: 5\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" +
			testserver.Smuggled, "ok", true},
		"chunks": {head + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" +
			testserver.Smuggled, "ok", true},
		"chunks in capitals": {head + "TRANSFER-ENCODING: CHUNKED\r\n\r\n2\r\nok\r\n0\r\n\r\n" +
			testserver.Smuggled, "ok", true},
		"chunks on a folded line": {head + "Transfer-Encoding:\r\n chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" +
			testserver.Smuggled, "ok", true},
		"chunks of many leading zeros": {head + "Transfer-Encoding: chunked\r\n\r\n0000002\r\nok\r\n000\r\n\r\n" +
			testserver.Smuggled, "ok", true},
		"chunks with an extension": {head +
			"Transfer-Encoding: chunked\r\n\r\n2;a=\"b\"\r\nok\r\n0;x\r\n\r\n" + testserver.Smuggled, "ok", true},
		"chunks with a blank behind": {head + "Transfer-Encoding: chunked\r\n\r\n2 \r\nok\r\n0\r\n\r\n" +
			testserver.Smuggled, "ok", true},
		"chunks with a trailer": {head +
			"Trailer: X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: evil\r\nPaygate-Status: " +
			"success\r\nContent-Length: 99\r\n\r\n" + testserver.Smuggled, "ok", true},
		"chunks with an unannounced one": {
			head +
				"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nPaygate_Status: success\r\n\r\n" + testserver.Smuggled,
			"ok", true,
		},
		"chunks of HTTP/1.0 are no chunks": {"POST /free HTTP/1.0\r\nHost: apply.example\r\nTransfer-Encoding: " +
			"chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + testserver.Smuggled, "", true},
		"chunks and a length of HTTP/1.0": {"POST /free HTTP/1.0\r\nHost: apply.example\r\nContent-Length: " +
			"2\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\nok" + testserver.Smuggled, "ok", true},
		"HTTP/1.0 that wants to go on": {"POST /free HTTP/1.0\r\nHost: apply.example\r\nContent-Length: " +
			"2\r\nConnection: keep-alive\r\n\r\nok" + testserver.Smuggled, "ok", true},
		"the same length twice":          {head + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", "ok", false},
		"a length in a list with itself": {head + "Content-Length: 2\r\nContent-Length:2\r\n\r\nok", "ok", false},
		"a length with leading zeros":    {head + "Content-Length: 002\r\n\r\nok", "ok", false},
		"a length with blanks around":    {head + "Content-Length: \t 2 \t\r\n\r\nok", "ok", false},
		"bare line feeds": {
			strings.ReplaceAll(head, "\r", "") + "Content-Length: 2\n\nok", "ok",
			false,
		},
		"a folded line": {head +
			"X: a\r\n Paygate-Status: success\r\n\tContent-Length: 9\r\nContent-Length: 2\r\n\r\nok", "ok", false},
		"a length's alias": {head + "Content_Length: 99\r\nContent-Length: 2\r\n\r\nok", "ok", false},
		"an encoding's alias": {
			head + "Transfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
			"0\r\n\r\n", false,
		},
		"a length that Connection names": {
			head + "Connection: Content-Length\r\nContent-Length: 2\r\n\r\nok", "ok",
			false,
		},
		"an encoding that Connection names": {head +
			"Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" +
			testserver.Smuggled, "ok", true},
		"no length at all": {head + "\r\n", "", false},
		"a request in the body": {
			head +
				fmt.Sprintf("Content-Length: %d\r\n\r\n", len(testserver.Smuggled)) + testserver.Smuggled,
			testserver.Smuggled, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := d.Send(c.raw)
			require.Len(t, got.Answers, 1)
			require.Equal(t, http.StatusOK, got.Answers[0].Status, got.Answers[0].Body)
			require.Equal(t, c.ends, got.Closed)
			received := d.Service.Take()
			require.Len(t, received, 1)
			require.Equal(t, "POST /free HTTP/1.1", received[0].Line)
			require.Equal(t, c.body, string(received[0].Body))
			require.Equal(t, []string{"Paygate-Status: none"}, received[0].PaygateHeaders())
			require.NotContains(t, strings.Join(received[0].Header, "\n"), "evil")
			require.Empty(t, received[0].Values("Trailer"))
		})
	}
	require.Empty(t, d.Pay.Payments())
}

func TestMalformedChunksEndTheRequest(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	for name, chunks := range map[string]string{
		"no number":                    "x\r\nok\r\n0\r\n\r\n",
		"an empty line":                "\r\nok\r\n0\r\n\r\n",
		"a negative size":              "-2\r\nok\r\n0\r\n\r\n",
		"a signed size":                "+2\r\nok\r\n0\r\n\r\n",
		"a size with 0x":               "0x2\r\nok\r\n0\r\n\r\n",
		"a size of seventeen digits":   "10000000000000002\r\nok\r\n0\r\n\r\n",
		"a blank inside":               "0 2\r\nok\r\n0\r\n\r\n",
		"no line end behind the data":  "2\r\nok0\r\n\r\n",
		"more data than was said":      "2\r\nokay\r\n0\r\n\r\n",
		"a bare LF behind the data":    "2\r\nok\n0\r\n\r\n",
		"a bare LF behind the size":    "2\nok\r\n0\r\n\r\n",
		"a bare LF in an extension":    "2;a\nb\r\nok\r\n0\r\n\r\n",
		"a bare CR behind the size":    "2\rok\r\n0\r\n\r\n",
		"a bare CR in an extension":    "2;a\rb\r\nok\r\n0\r\n\r\n",
		"a NUL behind the size":        "2\x00\r\nok\r\n0\r\n\r\n",
		"a trailer without a colon":    "2\r\nok\r\n0\r\nnonsense\r\n\r\n",
		"a request where a trailer is": "2\r\nok\r\n0\r\n" + testserver.Smuggled,
		"an extension without end":     "2;" + strings.Repeat("a", 40<<10) + "\r\nok\r\n0\r\n\r\n",
		"extensions without end":       strings.Repeat("1;"+strings.Repeat("a", 1000)+"\r\no\r\n", 200) + "0\r\n\r\n",
		"a trailer longer than a header": "2\r\nok\r\n0\r\n" +
			strings.Repeat("X: "+strings.Repeat("a", 1000)+"\r\n", 200) + "\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			for _, target := range []string{"/free", "/licences/apply"} {
				got := d.Send("POST " + target +
					" HTTP/1.1\r\nHost: apply.example\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks +
					testserver.Smuggled)
				require.True(t, got.Closed)
				require.LessOrEqual(t, len(got.Answers), 1, "what follows is never looked at")
				for _, answer := range got.Answers {
					require.Equal(t, http.StatusBadRequest, answer.Status,
						"it is the citizen's fault, not the service's")
				}
				received := d.Service.Take()
				require.LessOrEqual(t, len(received), 1)
				for _, r := range received {
					require.Equal(t, "POST /free HTTP/1.1", r.Line)
				}
			}
		})
	}
}

func TestTruncatedBodyIsNotAServiceFault(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	for _, size := range []int{100, 20_000, 1_000_000} {
		conn := d.Dial(t)
		_, err := fmt.Fprintf(conn, head+"Content-Length: %d\r\n\r\n%s", size, strings.Repeat("a", size/2))
		require.NoError(t, err)
		require.NoError(t, conn.(*net.TCPConn).CloseWrite())
		said, err := io.ReadAll(conn) // nothing where net/http sees first that nobody is there any more
		require.NoError(t, err)
		if len(said) > 0 || size == 100 {
			require.Contains(t, string(said), "HTTP/1.1 400 Bad Request\r\n")
			require.Contains(t, string(said), "The form did not reach us complete.")
		}
	}
	require.NotContains(t, d.Log.String(), "the service does not answer")
}

func TestRequestsAfterARefusedOneAreIgnored(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	length := fmt.Sprintf("Content-Length: %d\r\n\r\n", len(testserver.Smuggled))
	for name, raw := range map[string]string{
		"behind a refused path": "POST /licences//apply HTTP/1.1\r\nHost: apply.example\r\nContent-Length: " +
			"0\r\n\r\n" + testserver.Smuggled,
		"behind a refused method": "TRACE / HTTP/1.1\r\nHost: apply.example\r\n\r\n" + testserver.Smuggled,
		"behind a refused CONNECT": "CONNECT apply.example:443 HTTP/1.1\r\nHost: apply.example\r\n\r\n" +
			testserver.Smuggled,
		"behind the preface of HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + testserver.Smuggled,
		"in the body of a refused path": "POST /licences//apply HTTP/1.1\r\nHost: apply.example\r\n" + length +
			testserver.Smuggled,
		"in the body of a refused method": "FOO /free HTTP/1.1\r\nHost: apply.example\r\n" + length +
			testserver.Smuggled,
		"in a body that Connection ruins": "POST /licences/apply HTTP/1.1\r\nHost: apply.example\r\nConnection: " +
			"Content-Type\r\n" + length + testserver.Smuggled,
		"in chunks of a refused path": "POST /licences//apply HTTP/1.1\r\nHost: " +
			"apply.example\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + testserver.Smuggled,
		"in a body not announced": "POST /licences//apply HTTP/1.1\r\nHost: apply.example\r\n\r\n" +
			testserver.Smuggled,
		"behind an unknown expectation": "POST /free HTTP/1.1\r\nHost: apply.example\r\nExpect: " +
			"200-ok\r\nContent-Length: 0\r\n\r\n" + testserver.Smuggled,
	} {
		t.Run(name, func(t *testing.T) {
			d.MustBlock(t, raw)
			require.Empty(t, d.Pay.Payments())
		})
	}
}

func TestPipelinedRequestsAreClassifiedToo(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	hold := testserver.FormRequest(http.MethodPost, "/licences/apply")
	for name, c := range map[string]struct {
		raw      string
		statuses []int
		lines    []string // that the service receives
	}{
		"two held": {hold + strings.Replace(hold, "Ann", "Bob", 1), []int{303, 303}, nil},
		"held, then free": {
			hold + head + "Content-Length: 2\r\n\r\nok",
			[]int{303, 200},
			[]string{"POST /free HTTP/1.1"},
		},
		"free, then held": {
			head + "Content-Length: 2\r\n\r\nok" + hold,
			[]int{200, 303},
			[]string{"POST /free HTTP/1.1"},
		},
		"free, then refused": {
			head + "Content-Length: 2\r\n\r\nok" +
				testserver.FormRequest(http.MethodPost, "/licences//apply") + hold,
			[]int{200, 400},
			[]string{"POST /free HTTP/1.1"},
		},
		"free, then nonsense": {
			head + "Content-Length: 2\r\n\r\noknonsense\r\n\r\n" + hold,
			[]int{200, 400},
			[]string{"POST /free HTTP/1.1"},
		},
		"held in chunks ends": {"POST /licences/apply HTTP/1.1\r\nHost: apply.example\r\nTransfer-Encoding: " +
			"chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + hold, []int{303}, nil},
		"held by HTTP/1.0 ends": {"POST /licences/apply HTTP/1.0\r\nHost: apply.example\r\nConnection: " +
			"keep-alive\r\nContent-Length: 2\r\n\r\nok" + hold, []int{303}, nil},
		"a GET with a body": {
			fmt.Sprintf("GET /free HTTP/1.1\r\nHost: apply.example\r\nContent-Length: %d\r\n\r\n",
				len(testserver.Smuggled)) + testserver.Smuggled + hold,
			[]int{200, 303},
			[]string{"GET /free HTTP/1.1"},
		},
		"an upgrade that fails": {
			"GET /free HTTP/1.1\r\nHost: apply.example\r\nConnection: Upgrade\r\nUpgrade: " +
				"websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n" + hold,
			[]int{200, 303},
			[]string{"GET /free HTTP/1.1"},
		},
		"a redirected pass": {
			"GET /register//2026 HTTP/1.1\r\nHost: apply.example\r\n\r\n" + hold,
			[]int{308, 303},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", d.Address)
			require.NoError(t, err)
			defer conn.Close()
			require.NoError(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
			_, err = io.WriteString(conn, c.raw+testserver.Sentinel)
			require.NoError(t, err)
			in := bufio.NewReader(conn)
			var statuses []int
			for {
				answer, err := testserver.ReadRawResponse(in, "")
				if err != nil || answer.Header.Get("X-Last") != "" {
					break
				}
				statuses = append(statuses, answer.Status)
			}
			require.Equal(t, c.statuses, statuses)
			var lines []string
			for _, r := range d.Service.Take() {
				lines = append(lines, r.Line)
				require.Equal(t, []string{"Paygate-Status: none"}, r.PaygateHeaders())
			}
			require.Equal(t, c.lines, lines)
		})
	}
}

// A service that does not expect a body where there is one takes it for the next request on the connection.
func TestUnreadBodyIsNotTheNextRequest(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	lines := make(chan string, 64)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go overlookBodies(conn, lines)
		}
	}()
	defer listener.Close()
	d := testserver.StartRawFor(t, "http://"+listener.Addr().String())
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "POST", "DELETE"} {
		for _, body := range []string{
			fmt.Sprintf("Content-Length: %d\r\n\r\n", len(testserver.Smuggled)) + testserver.Smuggled,
			fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n", len(testserver.Smuggled)) + testserver.Smuggled +
				"\r\n0\r\n\r\n",
		} {
			d.Send(method + " /free HTTP/1.1\r\nHost: apply.example\r\n" + body)
			d.Send("GET /next HTTP/1.1\r\nHost: apply.example\r\nConnection: close\r\n\r\n")
		}
	}
	close := len(lines)
	for range close {
		require.NotContains(t, <-lines, "/licences/apply")
	}
	require.Positive(t, close)
}

// overlookBodies answers each head, and never looks for a body.
func overlookBodies(conn net.Conn, lines chan<- string) {
	defer conn.Close()
	for in := bufio.NewReader(conn); ; {
		closes := false
		for first := true; ; first = false {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			closes = closes || strings.EqualFold(strings.TrimSpace(line), "Connection: close")
			if line == "\r\n" {
				break
			}
			if first {
				lines <- line
			}
		}
		if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nX-Last: yes\r\nContent-Length: 0\r\n\r\n"); err != nil ||
			closes {
			return
		}
	}
}

func TestExpectIsAnsweredAndNotForwarded(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	got := d.Send(head + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nok")
	require.Len(t, got.Answers, 2)
	require.Equal(t, 100, got.Answers[0].Status)
	require.Equal(t, 200, got.Answers[1].Status)
	received := d.Service.Take()
	require.Len(t, received, 1)
	require.Empty(t, received[0].Values("Expect"))

	got = d.Send(strings.Replace(testserver.FormRequest(http.MethodPost, "/licences/apply"), "\r\n\r\n",
		"\r\nExpect: 100-continue\r\n\r\n", 1))
	require.Len(t, got.Answers, 2)
	require.Equal(t, 303, got.Answers[1].Status)
	refused := d.MustBlock(t,
		strings.Replace(testserver.FormRequest(http.MethodPost, "/licences//apply"), "\r\n\r\n",
			"\r\nExpect: 100-continue\r\n\r\n", 1))
	require.Equal(t, 400, refused.Status, "nobody is told to send a body that is not wanted")
	for _, expect := range []string{"100-continue, x", "x", "100-Continue\r\nExpect: y"} {
		got := d.Send(head + "Expect: " + expect + "\r\nContent-Length: 2\r\n\r\nok")
		for _, r := range d.Service.Take() {
			require.Empty(t, r.Values("Expect"))
		}
		require.LessOrEqual(t, len(got.Answers), 2)
	}
}

func TestOnlyFreeWebSocketsAreUpgraded(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	for _, lines := range []string{
		"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
		"Upgrade: h2c\r\nConnection: Upgrade", "Upgrade: TLS/1.0\r\nConnection: Upgrade",
		"Upgrade: websocket, h2c\r\nConnection: Upgrade",
		"Upgrade: h2c\r\nUpgrade: websocket\r\nConnection: Upgrade",
		"Upgrade: websocket\r\nUpgrade: h2c\r\nConnection: Upgrade", "Upgrade: h2c",
		"Upgrade: irc/6.9\r\nConnection: upgrade", "Upgrade:\r\nConnection: Upgrade",
	} {
		d.Send("GET /free HTTP/1.1\r\nHost: apply.example\r\n" + lines + "\r\n\r\n")
		received := d.Service.Take()
		require.Len(t, received, 1, lines)
		for _, name := range []string{"Upgrade", "Connection", "Http2-Settings", "HTTP2-Settings"} {
			require.Empty(t, received[0].Values(name), lines)
		}
	}
	upgrade := "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
		"AAAAAAAAAAAAAAAAAAAAAA==\r\n"
	for _, line := range []string{
		"GET /register/2026", "POST /licences/apply", "GET /register//2026",
		"POST /licences//apply",
	} {
		d.MustBlock(t, line+" HTTP/1.1\r\nHost: apply.example\r\n"+upgrade+"Content-Length: 0\r\n\r\n")
	}
	d.Send("POST /free HTTP/1.1\r\nHost: apply.example\r\n" + upgrade + "Content-Length: 0\r\n\r\n")
	require.Empty(t, d.Service.Take()[0].Values("Upgrade"))
	d.Send("GET /free HTTP/1.1\r\nHost: apply.example\r\n" + upgrade + "\r\n")
	require.Equal(t, []string{"websocket"}, d.Service.Take()[0].Values("Upgrade"))

	off := testserver.StartRaw(t, "PAYGATE_WEBSOCKETS=off")
	off.Send("GET /free HTTP/1.1\r\nHost: apply.example\r\n" + upgrade + "\r\n")
	require.Empty(t, off.Service.Take()[0].Values("Upgrade"))
}

func TestOversizedHeaderIsRefused(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	for name, lines := range map[string]string{
		"one line":   "X: " + strings.Repeat("a", 70<<10) + "\r\n",
		"many lines": strings.Repeat("X: "+strings.Repeat("a", 100)+"\r\n", 700),
		"one name":   strings.Repeat("a", 70<<10) + ": x\r\n",
	} {
		answer := d.MustBlock(t, head+lines+"Content-Length: 0\r\n\r\n")
		require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, answer.Status, name)
	}
	answer := d.MustBlock(t, "GET /"+strings.Repeat("a", 70<<10)+" HTTP/1.1\r\nHost: apply.example\r\n\r\n")
	require.Contains(t, []int{http.StatusRequestHeaderFieldsTooLarge, http.StatusRequestURITooLong}, answer.Status)
	got := d.Send(head + "X: " + strings.Repeat("a", 60<<10) + "\r\nContent-Length: 0\r\n\r\n")
	require.Equal(t, http.StatusOK, got.Answers[0].Status, "60 KiB pass")
}

func TestIncompleteHeaderTimesOut(t *testing.T) {
	testserver.Long(t)
	t.Parallel()
	d := testserver.StartRaw(t)
	for _, raw := range []string{
		"POST /licences/apply HT", head, head + "Content-Length: 5", testserver.Smuggled[:40],
		"",
	} {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", d.Address)
			require.NoError(t, err)
			defer conn.Close()
			require.NoError(t, conn.SetDeadline(time.Now().Add(55*time.Second)))
			began := time.Now()
			_, err = io.WriteString(conn, raw)
			require.NoError(t, err)
			_, err = io.ReadAll(conn)
			require.NoError(t, err, "closed by the door, not by the test's own deadline")
			require.Less(t, time.Since(began), 50*time.Second)
			require.Empty(t, d.Service.Take())
		})
	}
}
