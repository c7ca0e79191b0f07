package proxying

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

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
	require.Equal(t, 400, refused.Status, "no 100 Continue for a body that is refused")
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
		received := d.MustReach(t, "GET /free HTTP/1.1\r\nHost: apply.example.org\r\n"+lines+"\r\n\r\n")
		for _, name := range []string{"Upgrade", "Connection", "Http2-Settings", "HTTP2-Settings"} {
			require.Empty(t, received.Values(name), lines)
		}
	}
	upgrade := "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
		"AAAAAAAAAAAAAAAAAAAAAA==\r\n"
	for _, line := range []string{
		"GET /register/2026", "POST /licences/apply", "GET /register//2026",
		"POST /licences//apply",
	} {
		d.MustBlock(t, line+" HTTP/1.1\r\nHost: apply.example.org\r\n"+upgrade+"Content-Length: 0\r\n\r\n")
	}
	d.Send("POST /free HTTP/1.1\r\nHost: apply.example.org\r\n" + upgrade + "Content-Length: 0\r\n\r\n")
	require.Empty(t, d.Service.Take()[0].Values("Upgrade"))
	d.Send("GET /free HTTP/1.1\r\nHost: apply.example.org\r\n" + upgrade + "\r\n")
	require.Equal(t, []string{"websocket"}, d.Service.Take()[0].Values("Upgrade"))

	off := testserver.StartRaw(t, "PAYGATE_WEBSOCKETS=off")
	off.Send("GET /free HTTP/1.1\r\nHost: apply.example.org\r\n" + upgrade + "\r\n")
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
	answer := d.MustBlock(t, "GET /"+strings.Repeat("a", 70<<10)+" HTTP/1.1\r\nHost: apply.example.org\r\n\r\n")
	require.Contains(t, []int{http.StatusRequestHeaderFieldsTooLarge, http.StatusRequestURITooLong}, answer.Status)
	got := d.Send(head + "X: " + strings.Repeat("a", 60<<10) + "\r\nContent-Length: 0\r\n\r\n")
	require.Equal(t, http.StatusOK, got.Answers[0].Status, "60 KiB is allowed")
}

func TestIncompleteHeaderTimesOut(t *testing.T) {
	testserver.SkipInShort(t)
	t.Parallel()
	d := testserver.StartRaw(t)
	for _, raw := range []string{
		"POST /licences/apply HT", head, head + "Content-Length: 5", testserver.Smuggled[:40],
		"",
	} {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			conn := d.Dial(t)
			_, err := io.WriteString(conn, raw)
			require.NoError(t, err)
			_, err = io.ReadAll(conn)
			require.NoError(t, err, "closed by Paygate, not by the test's own deadline")
			require.Empty(t, d.Service.Take())
		})
	}
}
