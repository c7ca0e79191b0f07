package journey

import (
	"context"
	"errors"
	"time"
)

// Store keeps journeys. Every method is safe for concurrent use, and what a method has returned without error survives
// a crash. Held requests and replies are sealed at rest.
//
// A store knows from the journey itself what else to do, in the same transaction: it erases the held request as soon
// as not [Journey.KeepsRequest], the reply as soon as not [Journey.KeepsReply], finds the journey by the id of each of
// its payments, and lists it as due at DueAt and at EarlyAt (never when that is zero).
type Store interface {
	// Create keeps a new journey with its held request. ErrExists when the id is taken.
	Create(context.Context, Journey, HeldRequest) error

	// Get reads one journey. ErrNotFound; ErrDamaged when what is stored is not what was written.
	Get(context.Context, ID) (Journey, error)

	// Update runs change on the journey as it is and keeps what it returns, as one atomic step: no other update of the
	// same journey runs between the read and the write, on any replica. An error of change keeps nothing and comes back
	// as it is. change may run more than once and must have no effect of its own. The answer is the journey now stored.
	// ErrTaken, and nothing kept, when a payment would come to a second journey: what is paid once is delivered once.
	Update(ctx context.Context, id ID, change func(Journey) (Change, error)) (Journey, error)

	// Request reads the held request. ErrErased when nobody is owed it any more.
	Request(context.Context, ID) (HeldRequest, error)

	// Reply reads the kept reply. ErrErased when none is kept.
	Reply(context.Context, ID) (Reply, error)

	// ByPayment finds the journey of a payment, any of its payments. ErrNotFound.
	ByPayment(ctx context.Context, paymentID string) (ID, error)

	// Due lists journeys due at or before until, the longest due first, at most limit, beginning after the one given
	// (zero: from the start). The cost follows what is listed, not what is stored.
	Due(ctx context.Context, until time.Time, after Due, limit int) ([]Due, error)

	// DueEarly lists journeys due for early delivery by their EarlyAt, as Due lists those due for a sweep.
	DueEarly(ctx context.Context, until time.Time, after Due, limit int) ([]Due, error)

	// List finds journeys, newest first. Damaged ones are left out.
	List(context.Context, Filter) ([]Journey, error)

	// Forget removes a journey and all that belongs to it; no error when there is none.
	Forget(context.Context, ID) error
}

// Change is what an update keeps.
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
	State     State
	Route     string
	Reference string // in any case
	Payment   string
	Since     time.Time // by StartedAt, inclusive
	Until     time.Time // by StartedAt, exclusive
	After     ID        // begin after this one (older ones follow)
	Limit     int       // at most this many; 0 means 50
}

// What a store can say.
var (
	ErrNotFound = errors.New("no such journey")
	ErrExists   = errors.New("a journey with this id exists")
	ErrTaken    = errors.New("the payment belongs to another journey")
	ErrErased   = errors.New("erased: nobody is owed it any more")
	// ErrDamaged: what is stored was altered or cut; it must not be acted on.
	ErrDamaged = errors.New("the stored journey is damaged")
	// ErrFull: no room left to write.
	ErrFull = errors.New("the store is full")
)
