package proxying

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

func TestRequestsAfterARefusedOneAreIgnored(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	length := fmt.Sprintf("Content-Length: %d\r\n\r\n", len(testserver.Smuggled))
	for name, raw := range map[string]string{
		"after a refused path": "POST /licences//apply HTTP/1.1\r\nHost: apply.example.org\r\nContent-Length: " +
			"0\r\n\r\n" + testserver.Smuggled,
		"after a refused method": "TRACE / HTTP/1.1\r\nHost: apply.example.org\r\n\r\n" + testserver.Smuggled,
		"after a refused CONNECT": "CONNECT apply.example.org:443 HTTP/1.1\r\nHost: apply.example.org\r\n\r\n" +
			testserver.Smuggled,
		"after the HTTP/2 preface": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + testserver.Smuggled,
		"in the body of a refused path": "POST /licences//apply HTTP/1.1\r\nHost: apply.example.org\r\n" + length +
			testserver.Smuggled,
		"in the body of a refused method": "FOO /free HTTP/1.1\r\nHost: apply.example.org\r\n" + length +
			testserver.Smuggled,
		"in a body whose type Connection removes": "POST /licences/apply HTTP/1.1\r\nHost: " +
			"apply.example.org\r\nConnection: " +
			"Content-Type\r\n" + length + testserver.Smuggled,
		"in the chunks of a refused path": "POST /licences//apply HTTP/1.1\r\nHost: " +
			"apply.example.org\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + testserver.Smuggled,
		"in an undeclared body": "POST /licences//apply HTTP/1.1\r\nHost: apply.example.org\r\n\r\n" +
			testserver.Smuggled,
		"after an unknown expectation": "POST /free HTTP/1.1\r\nHost: apply.example.org\r\nExpect: " +
			"200-ok\r\nContent-Length: 0\r\n\r\n" + testserver.Smuggled,
	} {
		t.Run(name, func(t *testing.T) {
			d.MustBlock(t, raw)
			require.Empty(t, d.Pay.Payments())
		})
	}
}

// hold is a form that Paygate holds.
var hold = testserver.FormRequest(http.MethodPost, "/licences/apply")

// pipelines are requests sent together on one connection.
var pipelines = map[string]struct {
	raw      string
	statuses []int
	lines    []string // received by the service
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
	"chunks end the connection": {"POST /licences/apply HTTP/1.1\r\nHost: apply.example.org\r\nTransfer-Encoding: " +
		"chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + hold, []int{303}, nil},
	"HTTP/1.0 ends the connection": {"POST /licences/apply HTTP/1.0\r\nHost: apply.example.org\r\nConnection: " +
		"keep-alive\r\nContent-Length: 2\r\n\r\nok" + hold, []int{303}, nil},
	"a GET with a body": {
		fmt.Sprintf("GET /free HTTP/1.1\r\nHost: apply.example.org\r\nContent-Length: %d\r\n\r\n",
			len(testserver.Smuggled)) + testserver.Smuggled + hold,
		[]int{200, 303},
		[]string{"GET /free HTTP/1.1"},
	},
	"a failed upgrade": {
		"GET /free HTTP/1.1\r\nHost: apply.example.org\r\nConnection: Upgrade\r\nUpgrade: " +
			"websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n" + hold,
		[]int{200, 303},
		[]string{"GET /free HTTP/1.1"},
	},
	"a redirected pass": {
		"GET /register//2026 HTTP/1.1\r\nHost: apply.example.org\r\n\r\n" + hold,
		[]int{308, 303},
		nil,
	},
}

func TestPipelinedRequestsAreClassifiedToo(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	for name, c := range pipelines {
		t.Run(name, func(t *testing.T) {
			conn := d.Dial(t)
			_, err := io.WriteString(conn, c.raw+testserver.Sentinel)
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

// A service that ignores a body takes it for the next request on the connection.
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
			d.Send(method + " /free HTTP/1.1\r\nHost: apply.example.org\r\n" + body)
			d.Send("GET /next HTTP/1.1\r\nHost: apply.example.org\r\nConnection: close\r\n\r\n")
		}
	}
	received := len(lines)
	require.Positive(t, received)
	for range received {
		require.NotContains(t, <-lines, "/licences/apply")
	}
}

// overlookBodies answers each header without reading a body.
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
