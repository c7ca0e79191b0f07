//go:build linux

package testpg

import (
	"bytes"
	"strings"
	"sync"
)

// serverLog records what the server logs.
type serverLog struct {
	mu      sync.Mutex
	text    bytes.Buffer
	from    int // where the text since await begins
	phrase  string
	matched chan struct{}
}

// await returns a channel that is closed when the server next logs the phrase.
func (l *serverLog) await(phrase string) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.from, l.phrase, l.matched = l.text.Len(), phrase, make(chan struct{})
	return l.matched
}

func (l *serverLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	if l.matched != nil && strings.Contains(string(l.text.Bytes()[l.from:]), l.phrase) {
		close(l.matched)
		l.matched = nil
	}
	return len(p), nil
}

// last returns the end of the log.
func (l *serverLog) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.text.String()
	return text[max(0, len(text)-2000):]
}
