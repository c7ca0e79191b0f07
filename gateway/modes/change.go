package modes

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode"
	"unicode/utf8"
)

// ErrNoRoute means that no pay route has this name.
var ErrNoRoute = errors.New("there is no such route")

// WrongError is a change that cannot be made: which field is wrong, and why.
type WrongError struct{ Field, Says string }

func (w WrongError) Error() string { return w.Says }

// ErrMeanwhile means that the route has changed since the person looked.
var ErrMeanwhile = errors.New("the route has changed since you looked")

// maxMessage is how long a message for citizens may be, in characters.
const maxMessage = 500

// Change changes a route, for all replicas, and returns what it does then. It sets Replaces and At. The error is
// ErrMeanwhile if the route is not as the person has seen it; a nil function accepts any state.
func (m *Modes) Change(ctx context.Context, route string, c Change, isAsSeen func(State) bool) (State, error) {
	c, err := m.Check(route, c)
	if err != nil {
		return State{}, err
	}
	if err := m.store(ctx, route, c, isAsSeen); err != nil {
		return State{}, err
	}
	return m.Current(ctx).Of(route), nil
}

// Check returns a change with Replaces and At, or why it cannot be made.
func (m *Modes) Check(route string, c Change) (Change, error) {
	at := slices.IndexFunc(m.Settings, func(s Setting) bool { return s.Route == route })
	if at < 0 {
		return c, ErrNoRoute
	}
	c.Replaces, c.At = m.Settings[at].Mode, m.Now()
	return c, c.check()
}

// isUndone reports whether a change only says what the setting says.
func (c Change) isUndone() bool { return c.Mode == c.Replaces && c.Message == "" && c.MessageCY == "" }

func (c Change) check() error {
	switch {
	case !slices.Contains(All(), c.Mode):
		return WrongError{"mode", "the mode must be on, closed, free or shadow"}
	case !c.Until.IsZero() && !c.Until.After(c.At):
		return WrongError{"until", "until must be in the future"}
	case c.isUndone() && !c.Until.IsZero():
		return WrongError{"until", "the setting says " + string(c.Mode) + " for good, so until would change nothing"}
	case c.Mode.TakesNothing() && !c.isUndone() && c.Until.IsZero():
		return WrongError{"until", "free and shadow need until: when the route is to take payments again"}
	case c.Mode.TakesNothing() && !c.Until.IsZero() && c.Until.Sub(c.At) > maxUnpaid:
		return WrongError{"until", "until must be at most 7 days ahead for free and shadow"}
	default:
		return c.checkMessage()
	}
}

func (c Change) checkMessage() error {
	switch {
	case c.Mode != Closed && c.Message+c.MessageCY != "":
		return WrongError{"message", "a message is shown only while the route is closed"}
	case c.Message == "" && c.MessageCY != "":
		return WrongError{"message", "give the message in English too"}
	}
	return cmp.Or(checkText("message", c.Message), checkText("message_cy", c.MessageCY))
}

func checkText(field, text string) error {
	switch {
	case utf8.RuneCountInString(text) > maxMessage:
		return WrongError{field, fmt.Sprintf("the message must be %d characters or fewer", maxMessage)}
	case !utf8.ValidString(text) || slices.ContainsFunc([]rune(text), unicode.IsControl):
		return WrongError{field, "the message must be one line of text"}
	default:
		return nil
	}
}

// store stores a change, and drops those that no longer hold.
func (m *Modes) store(ctx context.Context, route string, c Change, isAsSeen func(State) bool) error {
	_, err := m.Values.UpdateValue(ctx, valueName, func(old []byte) ([]byte, error) {
		changes, err := parse(old, nil)
		if err != nil {
			return nil, err
		}
		if now := stateOf(Setting{route, c.Replaces}, changes[route], m.Now()); isAsSeen != nil && !isAsSeen(now) {
			return nil, ErrMeanwhile
		}
		changes[route] = c
		maps.DeleteFunc(changes, func(_ string, c Change) bool {
			return c.isUndone() || !c.Until.IsZero() && !m.Now().Before(c.Until)
		})
		return json.Marshal(changes)
	})
	m.forget()
	return err
}
