package staff

import (
	"hash/maphash"
	"sync"

	"paygate/journey"
)

// locks make orders for the same journey wait for each other.
type locks struct {
	seed maphash.Seed
	all  [64]sync.Mutex
}

func newLocks() *locks { return &locks{seed: maphash.MakeSeed()} }

func (l *locks) of(id journey.ID) *sync.Mutex {
	return &l.all[maphash.String(l.seed, string(id))%uint64(len(l.all))]
}
