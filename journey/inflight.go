package journey

import "sync"

// inFlight counts the steps under way. New ones may begin while a caller waits for the end of all, which a
// [sync.WaitGroup] does not allow.
type inFlight struct {
	mu    sync.Mutex
	count int
	ended chan struct{} // closed when count comes back to 0
}

// begin counts one step more, until the returned function is called.
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

// none returns a channel that is closed once nothing is under way.
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
