package journey

import "time"

// Record is everything that a store keeps of one journey, in the form in which it is copied to another store under the
// same secrets. The sealed parts are copied as they are. Their labels are "journey" (whose text is JSON), "request" and
// "reply", and their id is the journey's.
type Record struct {
	ID ID

	// Journey is the content of SealedJourney. It is nil if that is damaged or Unlisted.
	Journey *Journey
	// Unlisted means that the journey is sealed under a secret that is not listed. This is not damage: dropping an old
	// secret is how old journeys are erased.
	Unlisted bool

	SealedJourney []byte
	SealedRequest []byte // nil: none is kept
	SealedReply   []byte // nil: none is kept

	// Payments are the payments of a damaged journey, which cannot name them itself.
	Payments []string
}

// Damaged reports whether the journey was set aside, or cannot be opened although its secret is listed.
func (r Record) Damaged() bool { return r.Journey == nil && !r.Unlisted }

// Size is the number of sealed bytes.
func (r Record) Size() int { return len(r.SealedJourney) + len(r.SealedRequest) + len(r.SealedReply) }

// Mark is what a store remembers of something received before, such as a webhook.
type Mark struct {
	Digest []byte
	Until  time.Time // to the second
}
