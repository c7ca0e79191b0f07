// Package alerts tells staff in a channel of theirs that something needs a person. All replicas together send at most
// one message an hour. It has counts, names of routes and links, and nothing about one journey.
package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Values are the named values of the store, where all replicas keep what was told.
type Values interface {
	// UpdateValue changes a named value in one transaction, unless change fails. change may run more than once.
	UpdateValue(ctx context.Context, name string, change func(old []byte) ([]byte, error)) ([]byte, error)
}

// Options configure Alerts.
type Options struct {
	Webhook  *url.URL // nil: nothing is told
	Format   string   // [Slack] or [Teams]
	Service  string   // the name of the service
	StaffURL *url.URL // of the staff pages, for links; may be nil
	Values   Values
	// Found returns what needs a person now.
	Found func(context.Context) ([]Finding, error)
	Now   func() time.Time
	Log   *slog.Logger
}

// Finding is something that needs a person until it is put right.
type Finding struct {
	Kind  Kind
	Name  string // of a route
	Count int
	Since time.Time // when it last became more
}

// Alerts collects what has to be told to staff, and tells it. It is safe for concurrent use.
type Alerts struct {
	Options
	http *http.Client

	mu    sync.Mutex
	notes map[subject]int // not stored yet
}

// New returns Alerts.
func New(o Options) *Alerts {
	return &Alerts{Options: o, notes: map[subject]int{}, http: &http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Note records that something happened, on a route or at an account. It never blocks.
func (a *Alerts) Note(kind Kind, name string) { a.NoteMany(kind, name, 1) }

// NoteMany is [Alerts.Note] for something that happened several times.
func (a *Alerts) NoteMany(kind Kind, name string, count int) {
	if a.Webhook == nil || count <= 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.notes[subject{kind, name}] += count
}

// Run tells staff what there is to tell until the context ends. What was noted by then is told by the next process.
func (a *Alerts) Run(ctx context.Context) {
	if a.Webhook == nil {
		return
	}
	const every = 15 * time.Second
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			a.storeNotes(ctx)
			return
		case <-ticker.C:
			if err := a.RunOnce(ctx); err != nil && ctx.Err() == nil {
				a.Log.WarnContext(ctx, "staff could not be told what needs a person", "error", err)
			}
		}
	}
}

// storeNotes stores what was noted until the process ends.
func (a *Alerts) storeNotes(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := a.update(ctx, func(*record) {}); err != nil {
		a.Log.WarnContext(ctx, "what happened last will not be told to staff", "error", err)
	}
}

// RunOnce tells staff what there is to tell now, unless it is too early.
func (a *Alerts) RunOnce(ctx context.Context) error {
	found, err := a.Found(ctx)
	if err != nil {
		return err
	}
	var due []news
	err = a.update(ctx, func(r *record) {
		r.find(found)
		due = r.take(a.Now())
	})
	if err != nil || len(due) == 0 {
		return err
	}
	failed := a.send(ctx, due)
	return errors.Join(failed, a.update(ctx, func(r *record) { r.conclude(due, failed, a.Now()) }))
}

// valueName is the name of the value in the store.
const valueName = "alerts"

var errUnchanged = errors.New("nothing has changed")

// update adds the notes to the stored record, and changes it. If that fails, the notes are still to be stored.
func (a *Alerts) update(ctx context.Context, change func(*record)) error {
	notes := a.takeNotes()
	_, err := a.Values.UpdateValue(ctx, valueName, func(old []byte) ([]byte, error) {
		r, err := readRecord(old)
		if err != nil {
			return nil, err
		}
		r.note(notes, a.Now())
		change(&r)
		changed, err := json.Marshal(r)
		if string(changed) == string(old) {
			return nil, errUnchanged
		}
		return changed, err
	})
	if err == nil || errors.Is(err, errUnchanged) {
		return nil
	}
	for s, n := range notes {
		a.NoteMany(s.kind, s.name, n)
	}
	return err
}

func (a *Alerts) takeNotes() map[subject]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	notes := a.notes
	a.notes = map[subject]int{}
	return notes
}
