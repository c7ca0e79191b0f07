package matching

import (
	"net/http"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// GET, HEAD and OPTIONS reach the pay code without a body, and OPTIONS without a query.
func TestSafeMethodCarriesNoForm(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, testserver.WhenPayButton)
	const form = formType + "Content-Length: 19\r\n\r\nname=Ann&action=pay"
	const chunked = formType + "Transfer-Encoding: chunked\r\n\r\na\r\naction=pay\r\n0\r\n\r\n"
	for _, c := range []struct{ line, rest, received string }{
		{"HEAD /licences/apply", form, "GET /licences/apply HTTP/1.1"},
		{"HEAD /licences/apply", chunked, "GET /licences/apply HTTP/1.1"},
		{"HEAD /licences/apply", "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "GET /licences/apply HTTP/1.1"},
		{"HEAD /licences/apply?page=2", "\r\n", "GET /licences/apply?page=2 HTTP/1.1"},
		{"HEAD /Licences//apply/", form, "GET /Licences//apply/ HTTP/1.1"},
		{"HEAD /licences/apply;jsessionid=1", form, "GET /licences/apply;jsessionid=1 HTTP/1.1"},
		{"HEAD /licences/apply.php", form, "GET /licences/apply.php HTTP/1.1"},
		{"GET /licences/apply", form, "GET /licences/apply HTTP/1.1"},
		{"GET /licences/apply", chunked, "GET /licences/apply HTTP/1.1"},
		{"GET /index.php/licences/apply?a", form, "GET /index.php/licences/apply?a HTTP/1.1"},
		{"OPTIONS /licences/apply?name=x", form, "OPTIONS /licences/apply HTTP/1.1"},
		{"OPTIONS /licences/apply/?name=x", "\r\n", "OPTIONS /licences/apply/ HTTP/1.1"},
	} {
		answer := d.Send(c.line + " HTTP/1.1\r\nHost: apply.example.org\r\n" + c.rest)
		got := d.Service.Take()
		require.Len(t, got, 1, c.line)
		require.Equal(t, c.received, got[0].Line)
		require.Empty(t, got[0].Body)
		require.Empty(t, got[0].Values("Content-Type"), c.line)
		require.Empty(t, got[0].Values("Upgrade"), c.line)
		require.Zero(t, got[0].Length, c.line)
		if strings.HasPrefix(c.line, "HEAD") {
			require.Equal(t, http.StatusOK, answer.Answers[0].Status)
			require.Empty(t, answer.Answers[0].Body)
			require.Equal(t, "6", answer.Answers[0].Header.Get("Content-Length"))
		}
	}
}

func TestSafeMethodPassesUnchangedOnOtherPaths(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, testserver.WhenPayButton)
	for _, raw := range []string{
		"HEAD /page?action=pay HTTP/1.1\r\nHost: apply.example.org\r\n\r\n",
		"OPTIONS /page?action=pay HTTP/1.1\r\nHost: apply.example.org\r\n\r\n",
		"GET /search HTTP/1.1\r\nHost: apply.example.org\r\nContent-Type: application/json\r\n" +
			"Content-Length: 2\r\n\r\n{}",
		"GET /licences?action=pay&__VIEWSTATE=x HTTP/1.1\r\nHost: apply.example.org\r\n\r\n",
	} {
		got := d.MustReach(t, raw)
		line, _, _ := strings.Cut(raw, "\r\n")
		require.Equal(t, line, got.Line)
		require.Equal(t, strings.HasSuffix(raw, "{}"), len(got.Body) > 0)
	}
}

// A free pass must not carry a form to the submission at the same address.
func TestFreePassCarriesNoForm(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"free", "shadow"} {
		d := testserver.StartRaw(t, "PAYGATE_ROUTE_REGISTER_MATCH=GET /licences/apply",
			"PAYGATE_ROUTE_REGISTER_MODE="+mode)
		for _, method := range []string{"GET", "HEAD"} {
			got := d.MustReach(t, testserver.Request(method+" /licences/apply", formType, "name=x"))
			require.Equal(t, "GET /licences/apply HTTP/1.1", got.Line)
			require.Empty(t, got.Body)
			require.Empty(t, got.Values("Content-Type"))
		}
	}
}
