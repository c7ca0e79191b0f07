//go:build !linux

package boltstore

// letGo is for Linux alone: elsewhere the system decides by itself.
func (s *Store) letGo() {}
