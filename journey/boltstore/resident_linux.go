package boltstore

import (
	"syscall"

	bolt "go.etcd.io/bbolt"
)

// letGo tells the system that the pages of the file that were read through bbolt's map of it are not needed now. They are
// clean and come back when they are read again; until then they no longer count as memory of the process, which would else
// grow to the size of the file. No transaction may be under way in this goroutine.
func (s *Store) letGo() {
	_ = s.db.View(func(tx *bolt.Tx) error { // while it lasts, the map stays where it is
		_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, s.db.Info().Data, uintptr(tx.Size()), syscall.MADV_DONTNEED) // advice: may be ignored
		return nil
	})
}
