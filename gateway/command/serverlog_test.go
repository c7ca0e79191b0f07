package command

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNetHTTPsWordsStayOutOfTheLog(t *testing.T) {
	t.Parallel()
	for text, said := range map[string]string{
		"http: invalid Content-Length of \"secret\"\n":                                   `"level":"DEBUG","msg":"something is wrong with a connection"}`,
		"http: TLS handshake error from 192.0.2.1:5: secret\n":                           `"level":"DEBUG","msg":"a TLS handshake failed"}`,
		"http: panic serving 192.0.2.1:5: secret\ngoroutine 1 [running]:\nmain.main()\n": `"level":"ERROR","msg":"a request ended in a panic","stack":"goroutine 1 [running]:\nmain.main()\n"}`,
	} {
		var log bytes.Buffer
		serverLog(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))).Print(text)
		require.Contains(t, log.String(), said)
		require.NotContains(t, log.String(), "secret")
		require.NotContains(t, log.String(), "192.0.2.1")
	}
}
