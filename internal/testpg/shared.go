//go:build linux

package testpg

import (
	"errors"
	"sync"
)

// server is the one server of a test binary. It runs while somebody uses it.
var server shared

type shared struct {
	mu     sync.Mutex
	users  int
	server *Server
	failed error // as it failed once it will again
}

// keep counts as a use, and starts nothing.
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

// leave stops the server when nobody uses it any more, and removes its files.
func (s *shared) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users--; s.users == 0 && s.server != nil {
		s.server.stop()
		s.server = nil
	}
}

// missing is what this machine has not got.
type missing struct{ error }

func isMissing(err error) bool {
	var m missing
	return errors.As(err, &m)
}
