package signature

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// readAgain is how old the keys may be that a ring holds. It is far below the time for which a key is announced.
	readAgain = 5 * time.Second
	// readFor is how long reading them may take.
	readFor = time.Second
)

// Ring holds the signing keys of a replica. Another replica may have made keys since it started: they are read again, while
// the ring is in use, from where all keep them. Safe for concurrent use.
type Ring struct {
	read    func(context.Context) (Keys, error)
	keys    atomic.Pointer[Keys]
	reading sync.Mutex
	readAt  time.Time // guarded by reading
}

// NewRing makes a ring of these keys, which read brings up to date; where it fails the ring goes on with those it has. With
// nil they never change.
func NewRing(keys Keys, read func(context.Context) (Keys, error)) *Ring {
	r := &Ring{read: read, readAt: time.Now()}
	r.keys.Store(&keys)
	return r
}

// Keys are those of the moment. One caller at a time may wait for them to be read, a second at most.
func (r *Ring) Keys() Keys {
	if r.read != nil && r.reading.TryLock() {
		r.refresh()
		r.reading.Unlock()
	}
	return *r.keys.Load()
}

func (r *Ring) refresh() {
	if time.Since(r.readAt) < readAgain {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), readFor)
	defer cancel()
	if keys, err := r.read(ctx); err == nil {
		r.keys.Store(&keys)
	}
	r.readAt = time.Now()
}

// Handler serves the key set of the moment; see [Keys.Handler].
func (r *Ring) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.Keys().Handler().ServeHTTP(w, request)
	})
}
