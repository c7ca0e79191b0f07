// Package memlimit limits how many bytes of held requests are in memory at a time. A caller acquires memory when it
// needs a whole body, and releases it soon: it does not wait for a slow browser or for GOV.UK Pay in between.
package memlimit

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/semaphore"
)

// ErrBusy reports that no memory became free within the timeout.
var ErrBusy = errors.New("too many large requests at a time")

// Options configure a Limit.
type Options struct {
	Bytes   int64         // that may be acquired at a time; a larger body gets all of them
	Free    int64         // bodies of up to this many bytes are not counted
	Timeout time.Duration // how long Acquire waits
}

// Limit is a weighted semaphore that serves callers in the order in which they come. It is safe for concurrent use.
type Limit struct {
	Options
	semaphore *semaphore.Weighted
}

// New returns a Limit with nothing acquired.
func New(o Options) *Limit { return &Limit{o, semaphore.NewWeighted(o.Bytes)} }

// Acquire waits until bytes are free, and returns the function that releases them, which must be called once. The error
// is ErrBusy after the timeout, or the context's if it ends first.
func (l *Limit) Acquire(ctx context.Context, bytes int64) (release func(), err error) {
	if bytes <= l.Free {
		return func() {}, nil
	}
	waiting, cancel := context.WithTimeout(ctx, l.Timeout)
	defer cancel()
	weight := min(bytes, l.Bytes)
	if err := l.semaphore.Acquire(waiting, weight); err != nil {
		if ended := ctx.Err(); ended != nil {
			return nil, ended
		}
		return nil, ErrBusy
	}
	return func() { l.semaphore.Release(weight) }, nil
}
