//go:build !linux

package boltstore

// releasePages does nothing: the system decides by itself.
func (s *Store) releasePages() {}
