package modes

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"paygate/journey"
)

// Values are the named values of the store.
type Values interface {
	// Value reads a named value. The error is journey.ErrNotFound if there is none.
	Value(ctx context.Context, name string) ([]byte, error)
	// UpdateValue changes a named value in one atomic step. change may run more than once.
	UpdateValue(ctx context.Context, name string, change func(old []byte) ([]byte, error)) ([]byte, error)
}

// Options configure Modes.
type Options struct {
	Settings []Setting // in the order of the settings
	Values   Values
	Now      func() time.Time
	Log      *slog.Logger
}

const (
	valueName = "routes"
	// readEvery is how long a set is used before the store is read again, and how long a store that failed is left
	// alone.
	readEvery = time.Second
	// goodFor is how long a set is used if the store cannot be read.
	goodFor = 2 * time.Second
	// readTimeout is how long a request waits for the store.
	readTimeout = 2 * time.Second
)

// Modes knows the modes of the pay routes. It is safe for concurrent use.
type Modes struct {
	Options

	mu      sync.Mutex
	changes map[string]Change // by route, as last read
	readAt  time.Time
	triedAt time.Time // when the store was last asked
	failed  error     // of the last attempt
	set     *Set      // that Current returned last
}

// New returns Modes.
func New(o Options) *Modes { return &Modes{Options: o, set: &Set{}} }

// Current returns what the routes do now. It knows of a change after a second at most. If the store fails, all routes
// are [Unknown] after two. Current returns the same set until something changes.
func (m *Modes) Current(ctx context.Context) *Set {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !isWithin(m.triedAt, m.Now(), readEvery) {
		m.read(ctx)
	}
	set := setOf(m.Settings, m.changes, m.Now())
	if !isWithin(m.readAt, m.Now(), goodFor) {
		set = set.AsUnknown()
		set.Err = m.failed
	}
	if !set.equal(m.set) {
		m.set = set
	}
	return m.set
}

// isWithin reports whether a time is at most this long ago. A time ahead of now is from a clock that was set back.
func isWithin(at, now time.Time, d time.Duration) bool { return !now.Before(at) && now.Sub(at) < d }

// read reads the changes. The set is for all requests, so the end of this one does not end it.
func (m *Modes) read(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
	defer cancel()
	text, err := m.Values.Value(ctx, valueName)
	if errors.Is(err, journey.ErrNotFound) {
		text, err = nil, nil
	}
	m.keep(text, err)
}

// forget has the store read again, as after a change. No request waits for the change itself.
func (m *Modes) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.triedAt = time.Time{}
}

// keep takes over what was read.
func (m *Modes) keep(text []byte, err error) {
	m.triedAt = m.Now()
	changes, err := parse(text, err)
	if m.failed = err; err != nil {
		m.Log.Warn("the modes of the pay routes could not be read", "error", err)
		return
	}
	m.changes, m.readAt = changes, m.triedAt
}

func parse(text []byte, err error) (map[string]Change, error) {
	changes := map[string]Change{}
	if err != nil || len(text) == 0 {
		return changes, err
	}
	return changes, json.Unmarshal(text, &changes)
}
