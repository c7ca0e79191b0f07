package modes

import (
	"slices"
	"time"
)

// Set is what all routes do at one moment. It does not change.
type Set struct {
	States []State // in the order of the settings
	Err    error   // why the store could not be read; then all routes are [Unknown]
}

// Of returns what a route does. A route that is not in the settings is closed.
func (s *Set) Of(route string) State {
	at := slices.IndexFunc(s.States, func(state State) bool { return state.Route == route })
	if at < 0 {
		return State{Setting: Setting{route, Closed}, Now: Closed}
	}
	return s.States[at]
}

// Unpaid returns the routes whose requests pass without payment.
func (s *Set) Unpaid() (found []State) {
	for _, state := range s.States {
		if state.Now.TakesNothing() {
			found = append(found, state)
		}
	}
	return found
}

// AsUnknown returns the set of the same routes if their modes are not known.
func (s *Set) AsUnknown() *Set {
	unknown := &Set{}
	for _, state := range s.States {
		unknown.States = append(unknown.States, State{Setting: state.Setting, Now: Unknown})
	}
	return unknown
}

// setOf returns what the routes do at a time.
func setOf(settings []Setting, changes map[string]Change, now time.Time) *Set {
	s := &Set{}
	for _, setting := range settings {
		s.States = append(s.States, stateOf(setting, changes[setting.Route], now))
	}
	return s
}

// equal reports whether two sets say the same.
func (s *Set) equal(other *Set) bool {
	return (s.Err == nil) == (other.Err == nil) && slices.Equal(s.States, other.States)
}
