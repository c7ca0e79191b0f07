package signature

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxAge      = 5 * time.Second // of the keys in a ring: far below announcedFor
	readTimeout = time.Second
)

// Ring holds the signing keys of a replica. Another replica may make keys later, so while the ring is in use it reads
// them again from where all replicas keep them. It is safe for concurrent use.
type Ring struct {
	read   func(context.Context) (Keys, error)
	keys   atomic.Pointer[Keys]
	mu     sync.Mutex // held to read the keys again
	readAt time.Time  // guarded by mu
}

// NewRing returns a ring of these keys, which read brings up to date. If read fails, the ring keeps the keys that it
// has. If read is nil, they never change.
func NewRing(keys Keys, read func(context.Context) (Keys, error)) *Ring {
	r := &Ring{read: read, readAt: time.Now()}
	r.keys.Store(&keys)
	return r
}

// Keys returns the current keys. One caller at a time may wait until they have been read, for at most a second.
func (r *Ring) Keys() Keys {
	if r.read != nil && r.mu.TryLock() {
		r.refresh()
		r.mu.Unlock()
	}
	return *r.keys.Load()
}

func (r *Ring) refresh() {
	if time.Since(r.readAt) < maxAge {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	if keys, err := r.read(ctx); err == nil {
		r.keys.Store(&keys)
	}
	r.readAt = time.Now()
}

// Handler serves the current key set, which verifiers may cache for 5 minutes. It answers 503 while there is no key: an
// empty set would be kept by verifiers.
func (r *Ring) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		header, keys := w.Header(), r.Keys()
		header.Set("Paygate-Answer", "yes")
		header.Set("Cache-Control", "no-store")
		switch {
		case len(keys) == 0:
			header.Set("Retry-After", "5")
			http.Error(w, "The keys cannot be read at the moment.", http.StatusServiceUnavailable)
		case request.Method != http.MethodGet && request.Method != http.MethodHead:
			header.Set("Allow", "GET, HEAD")
			w.WriteHeader(http.StatusMethodNotAllowed)
		default:
			header.Set("Content-Type", "application/json")
			header.Set("Cache-Control", "public, max-age=300")
			text, _ := json.Marshal(keys.Public()) // keys that we made can be written
			_, _ = w.Write(text)
		}
	})
}
