package pay

import (
	"context"
	"errors"
	"sync"
	"time"

	"paygate/journey"
)

const (
	// maxWait is how long a call waits for Pay to accept calls again, or for the rate limit.
	maxWait = 2 * time.Second
	// minHoldBack and maxHoldBack bound how long calls are held back after Pay refused one. The longest is short, so
	// that payments soon work again once an operator has put things right.
	minHoldBack, maxHoldBack = time.Second, time.Minute
)

// holdBack delays the calls of an account that can wait, after Pay has refused one for a reason that concerns all of
// them: the key (401), the account (403), or too many calls (429).
type holdBack struct {
	mu    sync.Mutex
	until time.Time
	pause time.Duration // the last
	cause *Error
}

// note records the result of a call. A refusal within a pause does not lengthen it, because the call began before.
func (h *holdBack) note(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	cause, _ := errors.AsType[*Error](err)
	switch concernsAll := errors.Is(err, journey.ErrPayAccount) || errors.Is(err, journey.ErrPayBusy); {
	case now.Before(h.until):
	case concernsAll && cause != nil:
		h.pause = min(maxHoldBack, max(minHoldBack, 2*h.pause))
		h.until, h.cause = now.Add(h.pause), cause
	case err == nil:
		h.pause = 0
	}
}

// wait blocks until Pay may be asked again. The error says why Pay refuses, if that is later than the end of ctx, or is
// the error of ctx.
func (h *holdBack) wait(ctx context.Context, call string) error {
	h.mu.Lock()
	until, cause := h.until, h.cause
	h.mu.Unlock()
	if pause := time.Until(until); pause <= 0 {
		return nil
	}
	if deadline, ok := ctx.Deadline(); ok && until.After(deadline) {
		return &Error{
			Call: call, Status: cause.Status, Code: cause.Code, kind: cause.kind,
			reason: "to an earlier call: not asked again yet",
		}
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// WaitOut waits a moment for Pay to accept the account's calls again, after it refused one. It returns an error that
// says why Pay refuses them if that takes longer. It is for calls that no citizen waits for.
func (c *Client) WaitOut(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	return c.held.wait(ctx, "any call")
}
