package journey

import "sync"

// inFlight counts what is under way. New work may begin while somebody waits for the end of all work, which a
// [sync.WaitGroup] does not allow.
type inFlight struct {
	mu    sync.Mutex
	count int
	ended chan struct{} // closed when count comes back to 0
}

// begin counts one more, until the function that it answers with is called.
func (u *inFlight) begin() (end func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.count == 0 {
		u.ended = make(chan struct{})
	}
	u.count++
	return u.end
}

func (u *inFlight) end() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.count--; u.count == 0 {
		close(u.ended)
	}
}

// none is closed when nothing is under way, or once all of it has ended.
func (u *inFlight) none() <-chan struct{} {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.count == 0 {
		ended := make(chan struct{})
		close(ended)
		return ended
	}
	return u.ended
}
