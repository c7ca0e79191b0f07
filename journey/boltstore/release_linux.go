package boltstore

import (
	"context"
	"syscall"

	bolt "go.etcd.io/bbolt"
)

// releasePages tells the system that the mapped pages of the file are not needed now, so that they no longer count as
// memory of the process. They are clean, and come back when they are read. This goroutine must not be in a
// transaction.
func (s *Store) releasePages() {
	_ = s.read(context.Background(), func(tx *bolt.Tx) error { // keeps the map in its place
		// It is advice, so errors do not matter.
		_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, s.db.Info().Data, uintptr(tx.Size()), syscall.MADV_DONTNEED)
		return nil
	})
}
