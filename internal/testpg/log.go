//go:build linux

package testpg

import (
	"bytes"
	"strings"
	"sync"
)

// logBook keeps what the server says.
type logBook struct {
	mu      sync.Mutex
	text    bytes.Buffer
	from    int // of what came since await
	phrase  string
	reached chan struct{}
}

// await answers with a channel that is closed when the server says the phrase from now on.
func (l *logBook) await(phrase string) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.from, l.phrase, l.reached = l.text.Len(), phrase, make(chan struct{})
	return l.reached
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	if l.reached != nil && strings.Contains(string(l.text.Bytes()[l.from:]), l.phrase) {
		close(l.reached)
		l.reached = nil
	}
	return len(p), nil
}

// last is the end of it.
func (l *logBook) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.text.String()
	return text[max(0, len(text)-2000):]
}
