package mopup

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"paygate/journey"
)

const (
	// maxUnknown is how many deliveries in a row on a route may end without a known result, before only requests of
	// citizens who are waiting are sent there. Each of them is one that a person has to look into.
	maxUnknown = 3
	// firstPause and maxPause are how long the deliveries of a route pause. Each pause is twice as long as the one
	// before.
	firstPause, maxPause = time.Hour, 6 * time.Hour
)

// Breaker is a circuit breaker: it pauses the deliveries that no citizen waits for, by route, while the service does
// not say what became of them. It learns from all deliveries, and any that ends with a known result closes it. It is
// safe for concurrent use.
type Breaker struct {
	now func() time.Time
	log *slog.Logger

	mu     sync.Mutex
	routes map[string]*circuit
}

// circuit is what is known about a route.
type circuit struct {
	unknown  int // in a row
	inFlight int
	pauses   int // in a row
	until    time.Time
	changed  chan struct{} // closed when a delivery may be possible again
}

// NewBreaker returns a Breaker.
func NewBreaker(now func() time.Time, log *slog.Logger) *Breaker {
	return &Breaker{now: now, log: log, routes: map[string]*circuit{}}
}

func (b *Breaker) of(route string) *circuit {
	c := b.routes[route]
	if c == nil {
		c = &circuit{changed: make(chan struct{})}
		b.routes[route] = c
	}
	return c
}

// free reports whether one more delivery can begin: if all under way ended without a known result, there would be no
// more than maxUnknown of them. After a pause there is one at a time.
func (c *circuit) free() bool {
	if c.pauses > 0 {
		return c.inFlight == 0
	}
	return c.inFlight+c.unknown < maxUnknown
}

// notify wakes those who wait.
func (c *circuit) notify() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// Permit waits until a delivery may begin; done says that it has ended. The error is [journey.ErrPaused] while the
// route's deliveries pause, or that of the context.
func (b *Breaker) Permit(ctx context.Context, route string) (done func(), err error) {
	for {
		b.mu.Lock()
		c := b.of(route)
		paused, free, changed := b.now().Before(c.until), c.free(), c.changed
		if free && !paused {
			c.inFlight++
		}
		b.mu.Unlock()
		switch {
		case paused:
			return nil, journey.ErrPaused
		case free:
			return func() { b.end(c) }, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (b *Breaker) end(c *circuit) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c.inFlight--
	c.notify()
}

// IsPaused reports whether the deliveries of a route pause.
func (b *Breaker) IsPaused(route string) bool {
	_, paused := b.Paused()[route]
	return paused
}

// Paused returns the routes whose deliveries pause, with the end of each pause.
func (b *Breaker) Paused() map[string]time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	paused := map[string]time.Time{}
	for route, c := range b.routes {
		if b.now().Before(c.until) {
			paused[route] = c.until
		}
	}
	return paused
}

// Observe learns from a fact about a journey.
func (b *Breaker) Observe(a journey.Applied) {
	f, ok := a.Fact.(journey.RequestDelivered)
	if !ok || f.Verdict == journey.VerdictNotSent {
		return
	}
	route := a.After.Terms.Route
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.of(route)
	if f.Verdict != journey.VerdictUnknown {
		if c.pauses > 0 {
			b.log.Info("the service answers again, so deliveries go on", "route", route)
		}
		c.unknown, c.pauses, c.until = 0, 0, time.Time{}
		c.notify()
		return
	}
	c.unknown++
	if c.unknown < maxUnknown || b.now().Before(c.until) {
		return
	}
	pause := min(firstPause<<min(c.pauses, 8), maxPause)
	c.pauses++
	c.until = b.now().Add(pause)
	c.notify()
	b.log.Warn("the service does not say what becomes of deliveries, so those that no citizen waits for pause",
		"route", route, "unknown_in_row", c.unknown, "pause", pause.String())
}
