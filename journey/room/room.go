// Package room bounds how many bytes of held requests are in memory at a time. Whoever needs a whole body enters first and
// leaves soon; whoever only waits, for a slow browser or for GOV.UK Pay, has no business inside.
package room

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/semaphore"
)

// ErrBusy: there was no room in time.
var ErrBusy = errors.New("too many large requests at a time")

// Options say how much there is of it.
type Options struct {
	Bytes    int64         // that may be inside at a time; a larger body has the room for itself
	Free     int64         // bodies up to so many bytes are let in at once: they are in memory anyway
	Patience time.Duration // how long one may wait
}

// Room lets bodies in, in the order in which they come. Safe for concurrent use.
type Room struct {
	Options
	places *semaphore.Weighted
}

// New makes a room.
func New(o Options) *Room { return &Room{o, semaphore.NewWeighted(o.Bytes)} }

// Enter waits until there is room for so many bytes. Whoever was let in calls leave once. ErrBusy when that takes too long,
// else the error of a context that ended.
func (r *Room) Enter(ctx context.Context, bytes int64) (leave func(), err error) {
	if bytes <= r.Free {
		return func() {}, nil
	}
	waiting, cancel := context.WithTimeout(ctx, r.Patience)
	defer cancel()
	places := min(bytes, r.Bytes)
	if err := r.places.Acquire(waiting, places); err != nil {
		if ended := ctx.Err(); ended != nil {
			return nil, ended
		}
		return nil, ErrBusy
	}
	return func() { r.places.Release(places) }, nil
}
