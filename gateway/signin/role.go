// Package signin finds out which member of staff sends a request, and what they may do.
package signin

import "fmt"

// Role is what a member of staff may do. Each role may do what those below it may.
type Role int

// The roles, from the least to the most.
const (
	NoRole Role = iota
	View        // look, export, ask GOV.UK Pay now
	Refund      // move money and requests, sweep
	Admin       // everything
)

var roleWords = map[Role]string{View: "view", Refund: "refund", Admin: "admin"}

// String returns the word for a role in the settings.
func (r Role) String() string { return roleWords[r] }

// ParseRole returns the role of a word.
func ParseRole(word string) (Role, error) {
	for role, known := range roleWords {
		if word == known {
			return role, nil
		}
	}
	return NoRole, fmt.Errorf("%q is not a role: view, refund or admin", word)
}
