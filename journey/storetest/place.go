package storetest

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

// Store is everything that a process needs from a store.
type Store interface {
	journey.Store
	Ready(context.Context) error
	OldestDue(context.Context) (time.Time, bool, error)
	CountOpen(context.Context) (map[journey.State]int, error)
	Tallies(ctx context.Context, since time.Time) ([]journey.Tally, error)
	InState(context.Context, journey.State) ([]journey.ID, error)
	Damaged(context.Context) ([]journey.ID, error)
	Records(ctx context.Context, after journey.ID, limit, size int) ([]journey.Record, error)
	FirstSight(ctx context.Context, mark string, until time.Time) (bool, error)
	Marks(ctx context.Context, after []byte, limit int) ([]journey.Mark, error)
	PutAudit(ctx context.Context, e journey.AuditEntry, keepFrom time.Time) error
	Audits(ctx context.Context, after journey.ID, limit int) ([]journey.AuditEntry, error)
	Value(ctx context.Context, name string) ([]byte, error)
	UpdateValue(ctx context.Context, name string, change func(old []byte) ([]byte, error)) ([]byte, error)
	Close() error
}

// Place is where a store is, whether or not a process has it open.
type Place interface {
	Open(t *testing.T, o Options) (Store, error)

	// Replicas returns how many processes may have it open at once.
	Replicas() int

	// Alter changes what a closed store contains, without the store: the sealed "journeys", "requests", "replies" and
	// "values", each by its id or name, and the "payments", which hold the id of their journey.
	Alter(t *testing.T, what string, change func(name string, stored []byte) []byte)
}

// Options configure any store.
type Options struct {
	Secrets [][]byte
	Watch   func(journey.Sealer) journey.Sealer // returns what the store is given instead of a sealer of these secrets
	Now     func() time.Time
	Log     *slog.Logger
}

// Under returns the options of a process whose secrets consist of these bytes, repeated.
func Under(secrets ...byte) Options {
	var keys [][]byte
	for _, b := range secrets {
		keys = append(keys, bytes.Repeat([]byte{b}, 32))
	}
	return Options{
		Secrets: keys, Watch: func(s journey.Sealer) journey.Sealer { return s },
		Now: func() time.Time { return T0 }, Log: slog.New(slog.DiscardHandler),
	}
}

// opened opens the store of a place until the test ends.
func opened(t *testing.T, p Place, o Options) Store {
	t.Helper()
	s, err := p.Open(t, o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// replicas opens a place as often as it allows.
func replicas(t *testing.T, p Place, o Options) (all []Store) {
	t.Helper()
	for range p.Replicas() {
		all = append(all, opened(t, p, o))
	}
	return all
}

// filledWith puts n examples into a place and closes it.
func filledWith(t *testing.T, p Place, n int) {
	t.Helper()
	s := opened(t, p, Under(1))
	for i := range n {
		create(t, s, i)
	}
	require.NoError(t, s.Close())
}

// flip changes one bit.
func flip(t *testing.T, p Place, what, name string, at int) {
	t.Helper()
	p.Alter(t, what, func(found string, stored []byte) []byte {
		if found == name {
			stored[at%len(stored)] ^= 1
		}
		return stored
	})
}

// Together calls work n times, many calls at a time, so that writes share what they can.
func Together(n int, work func(int)) {
	numbers := make(chan int)
	var workers sync.WaitGroup
	for range 256 {
		workers.Go(func() {
			for i := range numbers {
				work(i)
			}
		})
	}
	for i := range n {
		numbers <- i
	}
	close(numbers)
	workers.Wait()
}

// Log is a buffer that is safe for concurrent use.
type Log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
