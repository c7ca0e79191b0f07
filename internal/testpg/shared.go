//go:build linux

package testpg

import (
	"errors"
	"sync"
)

// server is the one server of a test binary. It runs while it is used.
var server shared

type shared struct {
	mu     sync.Mutex
	users  int
	server *Server
	failed error // a start that failed would fail again
}

// keep counts as a use, but starts nothing.
func (s *shared) keep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users++
}

func (s *shared) use() (*Server, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return nil, s.failed
	}
	if s.server == nil {
		if s.server, s.failed = start(); s.failed != nil {
			s.server = nil
			return nil, s.failed
		}
	}
	s.users++
	return s.server, nil
}

// release stops the server after its last use, and removes its files.
func (s *shared) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users--; s.users == 0 && s.server != nil {
		s.server.stop()
		s.server = nil
	}
}

// missing reports something that this machine does not have.
type missing struct{ error }

func isMissing(err error) bool {
	var m missing
	return errors.As(err, &m)
}
