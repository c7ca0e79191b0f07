package testserver

import (
	"bytes"
	"strings"
	"sync"
)

// LogBuffer records a log.
type LogBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *LogBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *LogBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Announcement is an output that says when a text has come.
type Announcement struct {
	Wanted string
	Seen   chan struct{}
	mu     sync.Mutex
	text   bytes.Buffer
	told   bool
}

func (a *Announcement) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.text.Write(p)
	if !a.told && strings.Contains(a.text.String(), a.Wanted) {
		a.told = true
		close(a.Seen)
	}
	return len(p), nil
}
