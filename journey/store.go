package journey

import (
	"context"
	"errors"
	"time"
)

// Store keeps journeys. Every method is safe for concurrent use, and a change that was reported as done survives a
// crash. Held requests and replies are sealed at rest.
//
// In the same transaction a store does what follows from the journey: it erases the held request unless
// [Journey.KeepsRequest], and the reply unless [Journey.KeepsReply], makes the journey findable by the id of each of
// its payments, and lists it as due at DueAt, at EarlyAt and at TellAt, as late since LateAt, and as
// owing money since OwedAt (never if that is zero).
type Store interface {
	// Create stores a new journey with its held request. The error is ErrExists if the id is taken, and ErrTaken if one
	// of its payments is.
	Create(context.Context, Journey, HeldRequest) error

	// Get reads one journey. Errors are ErrNotFound, and ErrDamaged if what is stored is not what was written.
	Get(context.Context, ID) (Journey, error)

	// Update runs change on the stored journey and stores what it returns, as one atomic step: no other update of the
	// same journey runs between the read and the write, on any replica. If change returns an error, nothing is stored
	// and the error is returned. change may run more than once and must have no side effects. Update returns the
	// journey now stored. The error is ErrTaken, and nothing is stored, if a second journey would get the same payment:
	// what is paid for once is delivered once.
	Update(ctx context.Context, id ID, change func(Journey) (Change, error)) (Journey, error)

	// Request reads the held request. The error is ErrErased if it is no longer needed.
	Request(context.Context, ID) (HeldRequest, error)

	// Reply reads the kept reply. The error is ErrErased if none is kept.
	Reply(context.Context, ID) (Reply, error)

	// ByPayment finds the journey of a payment, by any of its payments. The error is ErrNotFound.
	ByPayment(ctx context.Context, paymentID string) (ID, error)

	// Due lists journeys due at or before until, the longest due first, at most limit, beginning after the given one
	// (zero: from the start). Its cost depends on what is listed, not on what is stored.
	Due(ctx context.Context, until time.Time, after Due, limit int) ([]Due, error)

	// DueEarly lists journeys due for early delivery by their EarlyAt, as Due lists those due for a sweep.
	DueEarly(ctx context.Context, until time.Time, after Due, limit int) ([]Due, error)

	// DueToTell lists journeys with messages to be sent by their TellAt, as Due lists those due for a sweep.
	DueToTell(ctx context.Context, until time.Time, after Due, limit int) ([]Due, error)

	// Late lists journeys with a step that keeps failing by their LateAt, as Due lists those due for a sweep.
	Late(ctx context.Context, until time.Time, after Due, limit int) ([]Due, error)

	// OwedBack lists journeys whose citizens wait for their money by their OwedAt, as Due lists those due for a sweep.
	OwedBack(ctx context.Context, until time.Time, after Due, limit int) ([]Due, error)

	// List finds journeys, newest first, without damaged ones.
	List(context.Context, Filter) ([]Journey, error)

	// Forget removes a journey and everything that belongs to it. It is not an error if there is none.
	Forget(context.Context, ID) error
}

// Change is what an update stores.
type Change struct {
	Journey Journey
	Request *HeldRequest // replaces the held request; nil leaves it
	Reply   *Reply       // replaces the kept reply; nil leaves it
}

// Due is one entry of the list of due journeys; it serves as its own cursor.
type Due struct {
	At time.Time
	ID ID
}

// Filter narrows a list. Zero fields do not narrow.
type Filter struct {
	State       State
	Route       string
	Reference   string // in any case
	Payment     string
	Approval    bool      // an order waits for a second person
	Uncollected bool      // Pay could not collect the money in the end
	Find        string    // what a person typed: a reference or part of it, a payment, an id, or a value of FIND
	Near        bool      // Find is a reference in which one character is wrong, or two are swapped
	Since       time.Time // by StartedAt, inclusive
	Until       time.Time // by StartedAt, exclusive
	After       ID        // begin after this one (older ones follow)
	Limit       int       // at most this many; 0 means 50
}

// Errors of a store.
var (
	ErrNotFound = errors.New("no such journey")
	ErrExists   = errors.New("a journey with this id exists")
	ErrTaken    = errors.New("the payment belongs to another journey")
	ErrErased   = errors.New("erased: no longer needed")
	// ErrDamaged: what is stored was altered or truncated, and must not be acted on.
	ErrDamaged = errors.New("the stored journey is damaged")
	// ErrFull: no space is left.
	ErrFull = errors.New("the store is full")
)
