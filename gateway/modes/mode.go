// Package modes says what each pay route does at the moment: what its setting says, or what staff have changed it to
// while Paygate runs. Changes are kept in the store, where every replica reads them.
package modes

import (
	"slices"
	"time"
)

// Mode is what a pay route does. The words are stored, and used in settings and metrics.
type Mode string

const (
	// On takes payments.
	On Mode = "on"
	// Closed answers with a page that says payments are closed; journeys under way finish.
	Closed Mode = "closed"
	// Free lets requests through unpaid.
	Free Mode = "free"
	// Shadow lets requests through unpaid, and logs what Paygate would have done with them.
	Shadow Mode = "shadow"
	// Unknown is the mode of every route while the store cannot be read: no journey begins and nothing passes unpaid.
	Unknown Mode = "unknown"
)

// TakesNothing reports whether requests pass without payment.
func (m Mode) TakesNothing() bool { return m == Free || m == Shadow }

// All returns the modes that a route may be set to.
func All() []Mode { return []Mode{On, Closed, Free, Shadow} }

// Setting is a route with the mode that its setting gives it.
type Setting struct {
	Route string
	Mode  Mode
}

// maxUnpaid is how long staff may let requests pass without payment.
const maxUnpaid = 7 * 24 * time.Hour

// Change is a mode that staff gave a route.
type Change struct {
	Mode      Mode      `json:"mode"`
	Replaces  Mode      `json:"replaces"` // the setting's at that time
	Until     time.Time `json:"until,omitzero"`
	Reason    string    `json:"reason"`
	Message   string    `json:"message,omitempty"` // for citizens, while the route is closed
	MessageCY string    `json:"message_cy,omitempty"`
	By        string    `json:"by"` // the name of the member of staff
	At        time.Time `json:"at"`
}

// holds reports whether a change is in force. One that is without its end, or with an end that is too far ahead, is not
// of this program, or from a clock that was wrong.
func (c Change) holds(setting Mode, now time.Time) bool {
	if c.Replaces != setting || !c.Until.IsZero() && !now.Before(c.Until) {
		return false
	}
	return !c.Mode.TakesNothing() || !c.Until.IsZero() && c.Until.Sub(now) <= maxUnpaid
}

// State is what a route does at the moment, and why.
type State struct {
	Setting
	Now    Mode
	Change Change // zero: the setting holds
}

// IsChanged reports whether staff have changed the route.
func (s State) IsChanged() bool { return s.Change != Change{} }

// stateOf returns what a route does at a time. A word that this version does not know takes no money and lets
// nothing pass.
func stateOf(s Setting, c Change, now time.Time) State {
	switch {
	case !c.holds(s.Mode, now):
		return State{Setting: s, Now: s.Mode}
	case !slices.Contains(All(), c.Mode):
		return State{s, Unknown, c}
	default:
		return State{s, c.Mode, c}
	}
}
