package command

import (
	"bytes"
	"log"
	"log/slog"
)

// serverLog returns a logger for net/http. It drops net/http's own words, because they may quote what a citizen or the
// service sent.
func serverLog(to *slog.Logger) *log.Logger { return log.New(wordless{to}, "", 0) }

type wordless struct{ to *slog.Logger }

// Write logs that something went wrong. The stack after a panic quotes no request or answer.
func (l wordless) Write(text []byte) (int, error) {
	first, stack, _ := bytes.Cut(text, []byte("\n"))
	switch {
	case bytes.HasPrefix(first, []byte("http: panic serving")):
		l.to.Error("a request ended in a panic", "stack", string(stack))
	case bytes.HasPrefix(first, []byte("http: TLS handshake error")):
		l.to.Debug("a TLS handshake failed")
	default:
		l.to.Debug("something is wrong with a connection")
	}
	return len(text), nil
}
