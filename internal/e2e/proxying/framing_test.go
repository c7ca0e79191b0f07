package proxying

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// head is the start of a request to a free address.
const head = "POST /free HTTP/1.1\r\nHost: apply.example.org\r\n"

// ambiguousFraming are requests whose end servers find at different places. A smuggled request follows each.
var ambiguousFraming = map[string]string{
	"two lengths":                  head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
	"a list of lengths":            head + "Content-Length: 5, 6\r\n\r\nhello",
	"a signed length":              head + "Content-Length: +5\r\n\r\nhello",
	"a negative length":            head + "Content-Length: -1\r\n\r\nhello",
	"a hexadecimal length":         head + "Content-Length: 0x5\r\n\r\nhello",
	"a length with a space inside": head + "Content-Length: 1 5\r\n\r\nhello",
	"a length with a unit":         head + "Content-Length: 5b\r\n\r\nhello",
	"an empty length":              head + "Content-Length: \r\n\r\n",
	"a huge length":                head + "Content-Length: 99999999999999999999\r\n\r\nhello",
	"a length with an underscore":  head + "Content-Length: 1_0\r\n\r\nhello",
	"a fractional length":          head + "Content-Length: 5.0\r\n\r\nhello",
	"a space before the colon":     head + "Content-Length : 5\r\n\r\nhello",
	"misspelt chunked":             head + "Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
	"chunked with a space before the colon": head +
		"Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
	"chunked after a vertical tab": head +
		"Transfer-Encoding:\x0bchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
	"chunked before a vertical tab": head +
		"Transfer-Encoding: chunked\x0b\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
	"chunked after a NUL": head +
		"Transfer-Encoding: \x00chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
	"chunked after a bare CR": head +
		"X: y\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
	"chunked and identity": head + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
	"identity and chunked": head + "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
	"identity":             head + "Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello",
	"gzip and chunked":     head + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
	"chunked twice": head +
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"chunked and something else": head +
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n\r\n0\r\n\r\n",
	"something else and chunked": head +
		"Transfer-Encoding: cow\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"chunked with a parameter":             head + "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
	"chunked in quotes":                    head + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
	"an empty encoding":                    head + "Transfer-Encoding: \r\nContent-Length: 5\r\n\r\nhello",
	"an encoding that starts with a comma": head + "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n",
	"a name with a space":                  head + "X Y: z\r\nContent-Length: 0\r\n\r\n",
	"a line without a colon":               head + "Content-Length\r\n\r\n",
	"an empty name":                        head + ": x\r\nContent-Length: 0\r\n\r\n",
	"a folded first line": "POST /free HTTP/1.1\r\n X: y\r\nHost: apply.example.org\r\nContent-Length: " +
		"0\r\n\r\n",
	"a control in a value":             head + "X: a\x01b\r\nContent-Length: 0\r\n\r\n",
	"a NUL in a value":                 head + "X: a\x00b\r\nContent-Length: 0\r\n\r\n",
	"a bare CR in a value":             head + "X: a\rPaygate-Status: success\r\nContent-Length: 0\r\n\r\n",
	"a bare CR as line end":            "POST /free HTTP/1.1\rHost: apply.example.org\r\rContent-Length: 0\r\n\r\n",
	"a non-ASCII name":                 head + "X\xe9: y\r\nContent-Length: 0\r\n\r\n",
	"a NUL in a name":                  head + "Paygate\x00-Status: success\r\nContent-Length: 0\r\n\r\n",
	"an empty line before the request": "\r\n" + head + "Content-Length: 0\r\n\r\n",
	"no version":                       "POST /free\r\nHost: apply.example.org\r\n\r\n",
}

func TestAmbiguousFramingIsRefused(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	for name, raw := range ambiguousFraming {
		t.Run(name, func(t *testing.T) {
			answer := d.MustBlock(t, raw+testserver.Smuggled)
			require.Contains(t, []int{http.StatusBadRequest, http.StatusNotImplemented}, answer.Status)
		})
	}
	require.Empty(t, d.Pay.Payments())
}

// unusualFraming are requests that Paygate can read in only one way, and what the service must receive.
var unusualFraming = map[string]struct {
	raw, body string
	ends      bool // Paygate closes the connection, so it must ignore a smuggled request
}{
	"a length and chunks": {head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "", true},
	"chunks and a length": {
		head +
			"Transfer-Encoding: chunked\r\nContent-Length: 500\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		"ok",
		true,
	},
	"chunks and two lengths": {head +
		"Content-Length: 5\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "ok", true},
	"chunks":                    {head + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "ok", true},
	"chunks in capitals":        {head + "TRANSFER-ENCODING: CHUNKED\r\n\r\n2\r\nok\r\n0\r\n\r\n", "ok", true},
	"chunks on a folded line":   {head + "Transfer-Encoding:\r\n chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "ok", true},
	"chunks with leading zeros": {head + "Transfer-Encoding: chunked\r\n\r\n0000002\r\nok\r\n000\r\n\r\n", "ok", true},
	"chunks with an extension": {head +
		"Transfer-Encoding: chunked\r\n\r\n2;a=\"b\"\r\nok\r\n0;x\r\n\r\n", "ok", true},
	"chunks with a space after the size": {
		head + "Transfer-Encoding: chunked\r\n\r\n2 \r\nok\r\n0\r\n\r\n",
		"ok", true,
	},
	"chunks with a trailer": {head +
		"Trailer: X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: evil\r\nPaygate-Status: " +
		"success\r\nContent-Length: 99\r\n\r\n", "ok", true},
	"chunks with an undeclared trailer": {
		head +
			"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nPaygate_Status: success\r\n\r\n",
		"ok", true,
	},
	"chunks in HTTP/1.0 are ignored": {"POST /free HTTP/1.0\r\nHost: apply.example.org\r\nTransfer-Encoding: " +
		"chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "", true},
	"chunks and a length in HTTP/1.0": {"POST /free HTTP/1.0\r\nHost: apply.example.org\r\nContent-Length: " +
		"2\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\nok", "ok", true},
	"HTTP/1.0 with keep-alive": {"POST /free HTTP/1.0\r\nHost: apply.example.org\r\nContent-Length: " +
		"2\r\nConnection: keep-alive\r\n\r\nok", "ok", true},
	"the same length twice":           {head + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", "ok", false},
	"the same length without a space": {head + "Content-Length: 2\r\nContent-Length:2\r\n\r\nok", "ok", false},
	"a length with leading zeros":     {head + "Content-Length: 002\r\n\r\nok", "ok", false},
	"a length with spaces around it":  {head + "Content-Length: \t 2 \t\r\n\r\nok", "ok", false},
	"bare line feeds":                 {strings.ReplaceAll(head, "\r", "") + "Content-Length: 2\n\nok", "ok", false},
	"a folded line": {head +
		"X: a\r\n Paygate-Status: success\r\n\tContent-Length: 9\r\nContent-Length: 2\r\n\r\nok", "ok", false},
	"an alias of the length": {head + "Content_Length: 99\r\nContent-Length: 2\r\n\r\nok", "ok", false},
	"an alias of the encoding": {
		head + "Transfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
		"0\r\n\r\n", false,
	},
	"a length named in Connection": {
		head + "Connection: Content-Length\r\nContent-Length: 2\r\n\r\nok", "ok",
		false,
	},
	"an encoding named in Connection": {head +
		"Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "ok", true},
	"no length at all": {head + "\r\n", "", false},
	"a request in the body": {
		head +
			fmt.Sprintf("Content-Length: %d\r\n\r\n", len(testserver.Smuggled)) + testserver.Smuggled,
		testserver.Smuggled, false,
	},
}

func TestUnusualFramingIsOneRequest(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	for name, c := range unusualFraming {
		t.Run(name, func(t *testing.T) {
			raw := c.raw
			if c.ends {
				raw += testserver.Smuggled
			}
			got := d.Send(raw)
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
