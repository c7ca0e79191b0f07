package command

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestServerLogDropsNetHTTPText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"http: invalid Content-Length of \"secret\"\n":         `"DEBUG","msg":"something is wrong with a connection"}`,
		"http: TLS handshake error from 192.0.2.1:5: secret\n": `"DEBUG","msg":"a TLS handshake failed"}`,
		"http: panic serving 192.0.2.1:5: secret\ngoroutine 1 [running]:\nmain.main()\n": `"ERROR",` +
			`"msg":"a request ended in a panic","stack":"goroutine 1 [running]:\nmain.main()\n"}`,
	} {
		var log bytes.Buffer
		serverLog(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))).Print(text)
		require.Contains(t, log.String(), want)
		require.NotContains(t, log.String(), "secret")
		require.NotContains(t, log.String(), "192.0.2.1")
	}
}
