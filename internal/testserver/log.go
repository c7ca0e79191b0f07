package testserver

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
)

// LogBuffer records what a program writes.
type LogBuffer struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{} // closed by the next write
}

func (l *LogBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.written != nil {
		close(l.written)
		l.written = nil
	}
	return l.text.Write(p)
}

func (l *LogBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Wait blocks until the log contains a text or ended is closed, and reports whether the log contains it.
func (l *LogBuffer) Wait(text string, ended <-chan struct{}) bool {
	for {
		written := l.nextWrite()
		if strings.Contains(l.String(), text) {
			return true
		}
		select {
		case <-written:
		case <-ended:
			return strings.Contains(l.String(), text)
		}
	}
}

func (l *LogBuffer) nextWrite() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.written == nil {
		l.written = make(chan struct{})
	}
	return l.written
}

var loggedPath = regexp.MustCompile(`,"path":"(?:[^"\\]|\\.)*"`)

// WithoutPaths returns a log without the paths of requests, which only lines for debugging have.
func WithoutPaths(log string) string { return loggedPath.ReplaceAllString(log, "") }
