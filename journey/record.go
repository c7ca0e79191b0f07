package journey

import "time"

// Record is all that a store keeps of one journey, as it is handed to another store under the same secrets. What is sealed
// is as it lies there: the labels are "journey" (whose text is JSON), "request" and "reply", the id is the journey's.
type Record struct {
	ID ID

	// Journey is what SealedJourney says. Nil when it is damaged, and when it is Unlisted.
	Journey *Journey
	// Unlisted: sealed under a secret that is not listed. That is no damage: dropping an old secret is how old journeys
	// are erased.
	Unlisted bool

	SealedJourney []byte
	SealedRequest []byte // nil: none is kept
	SealedReply   []byte // nil: none is kept

	// Payments lead to a damaged journey, which cannot name them itself.
	Payments []string
}

// Damaged tells whether the journey does not open though its secret is listed, or was set aside before.
func (r Record) Damaged() bool { return r.Journey == nil && !r.Unlisted }

// Size is how many sealed bytes there are.
func (r Record) Size() int { return len(r.SealedJourney) + len(r.SealedRequest) + len(r.SealedReply) }

// Mark is what a store remembers of something that it has seen, such as a webhook.
type Mark struct {
	Digest []byte
	Until  time.Time // to the second
}
