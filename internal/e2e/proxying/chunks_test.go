package proxying

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

func TestMalformedChunksEndTheRequest(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	for name, chunks := range map[string]string{
		"not a number":                    "x\r\nok\r\n0\r\n\r\n",
		"an empty line":                   "\r\nok\r\n0\r\n\r\n",
		"a negative size":                 "-2\r\nok\r\n0\r\n\r\n",
		"a signed size":                   "+2\r\nok\r\n0\r\n\r\n",
		"a size with 0x":                  "0x2\r\nok\r\n0\r\n\r\n",
		"a size of seventeen digits":      "10000000000000002\r\nok\r\n0\r\n\r\n",
		"a space inside":                  "0 2\r\nok\r\n0\r\n\r\n",
		"no line end after the data":      "2\r\nok0\r\n\r\n",
		"more data than declared":         "2\r\nokay\r\n0\r\n\r\n",
		"a bare LF after the data":        "2\r\nok\n0\r\n\r\n",
		"a bare LF after the size":        "2\nok\r\n0\r\n\r\n",
		"a bare LF in an extension":       "2;a\nb\r\nok\r\n0\r\n\r\n",
		"a bare CR after the size":        "2\rok\r\n0\r\n\r\n",
		"a bare CR in an extension":       "2;a\rb\r\nok\r\n0\r\n\r\n",
		"a NUL after the size":            "2\x00\r\nok\r\n0\r\n\r\n",
		"a trailer without a colon":       "2\r\nok\r\n0\r\nnonsense\r\n\r\n",
		"a request in place of a trailer": "2\r\nok\r\n0\r\n" + testserver.Smuggled,
		"an endless extension":            "2;" + strings.Repeat("a", 40<<10) + "\r\nok\r\n0\r\n\r\n",
		"endless extensions": strings.Repeat("1;"+strings.Repeat("a", 1000)+"\r\no\r\n", 200) +
			"0\r\n\r\n",
		"an oversized trailer": "2\r\nok\r\n0\r\n" +
			strings.Repeat("X: "+strings.Repeat("a", 1000)+"\r\n", 200) + "\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			for _, target := range []string{"/free", "/licences/apply"} {
				got := d.Send("POST " + target +
					" HTTP/1.1\r\nHost: apply.example.org\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks +
					testserver.Smuggled)
				require.True(t, got.Closed)
				require.LessOrEqual(t, len(got.Answers), 1, "the rest of the connection is never read")
				for _, answer := range got.Answers {
					require.Equal(t, http.StatusBadRequest, answer.Status,
						"the client's fault, not the service's")
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
		answer, err := io.ReadAll(conn) // empty when net/http sees first that the client has gone
		require.NoError(t, err)
		if len(answer) > 0 || size == 100 {
			require.Contains(t, string(answer), "HTTP/1.1 400 Bad Request\r\n")
			require.Contains(t, string(answer), "We did not receive all of your form.")
		}
	}
	require.NotContains(t, d.Log.String(), "the service does not answer")
}
