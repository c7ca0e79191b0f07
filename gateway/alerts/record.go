package alerts

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

const (
	// apart is the least time between two alerts.
	apart = time.Hour
	// reminder is how long staff are not told again of something that goes on.
	reminder = 24 * time.Hour
	// episode is how long something that is noted again and again must not have happened before it counts as new.
	episode = 6 * time.Hour
	// minBackOff is how long an alert waits after its first failure.
	minBackOff = time.Minute
)

// subject is what an alert is about: a kind, on one route or at one account.
type subject struct {
	kind Kind
	name string
}

// record is what the store keeps: what there is to tell, and what was told.
type record struct {
	Entries   []entry   `json:"entries"`
	NotBefore time.Time `json:"not_before,omitzero"` // of the next alert
	Failures  int       `json:"failures,omitempty"`
}

// entry is what is known about one subject.
type entry struct {
	Kind  Kind      `json:"kind"`
	Name  string    `json:"name"`
	Count int       `json:"count"` // of findings; or of notes since the last alert
	Since time.Time `json:"since"` // when it last became more, or began
	Last  time.Time `json:"last,omitzero"`

	ToldAt    time.Time `json:"told_at,omitzero"`
	ToldSince time.Time `json:"told_since,omitzero"` // Since at that time
}

// news is an entry as it is told.
type news = entry

func (e entry) isAbout(kind Kind, name string) bool { return e.Kind == kind && e.Name == name }

// isNews reports whether staff have to be told: they do not know it, or were told a day ago. A time ahead of now is
// from a clock that was wrong.
func (e entry) isNews(now time.Time) bool {
	known := e.Since.Compare(e.ToldSince) <= 0 && !e.ToldSince.After(now) && !e.ToldAt.IsZero()
	return e.isOn(now) && (!known || !now.Before(e.ToldAt.Add(reminder)))
}

// isOn reports whether there is something to tell. What goes on is over once it has not been noted for a while.
func (e entry) isOn(now time.Time) bool {
	isOver := e.Kind.goesOn() && !e.Since.After(e.ToldSince) && now.Sub(e.Last) > episode
	return e.Count > 0 && !isOver
}

func readRecord(text []byte) (r record, err error) {
	if len(text) > 0 {
		err = json.Unmarshal(text, &r)
	}
	return r, err
}

// of returns the entry of a subject, which it adds if there is none.
func (r *record) of(kind Kind, name string) *entry {
	i := slices.IndexFunc(r.Entries, func(e entry) bool { return e.isAbout(kind, name) })
	if i < 0 {
		i = len(r.Entries)
		r.Entries = append(r.Entries, entry{Kind: kind, Name: name})
	}
	return &r.Entries[i]
}

// note adds what was noted. What goes on and on is news when it begins.
func (r *record) note(notes map[subject]int, now time.Time) {
	for s, n := range notes {
		e := r.of(s.kind, s.name)
		e.Count += n
		if !s.kind.goesOn() || now.Sub(e.Last) > episode {
			e.Since = now
		}
		e.Last = now
	}
	r.sort()
}

// find replaces all findings.
func (r *record) find(found []Finding) {
	r.Entries = slices.DeleteFunc(r.Entries, func(e entry) bool {
		return e.Last.IsZero() && !slices.ContainsFunc(found, func(f Finding) bool { return e.isAbout(f.Kind, f.Name) })
	})
	for _, f := range found {
		e := r.of(f.Kind, f.Name)
		e.Count, e.Since = f.Count, f.Since
	}
	r.sort()
}

// sort keeps the stored text the same as long as nothing changes.
func (r *record) sort() {
	slices.SortFunc(r.Entries, func(a, b entry) int {
		return cmp.Or(strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.Name, b.Name))
	})
}

// take returns what is to be told now, and reserves the hour, so that no other replica tells it too. If this process
// ends before it has stored the result, it is told again after that hour.
func (r *record) take(now time.Time) []news {
	early := now.Before(r.NotBefore) && r.NotBefore.Sub(now) < 2*apart // further ahead, the clock was wrong
	if early || !slices.ContainsFunc(r.Entries, func(e entry) bool { return e.isNews(now) }) {
		return nil
	}
	r.NotBefore = now.Add(apart)
	return slices.DeleteFunc(slices.Clone(r.Entries), func(e entry) bool { return !e.isOn(now) })
}

// conclude records the result of an attempt.
func (r *record) conclude(told []news, failed error, now time.Time) {
	if failed != nil {
		r.NotBefore = now.Add(min(apart, minBackOff<<min(r.Failures, 10)))
		r.Failures++
		return
	}
	r.Failures = 0
	for _, n := range told {
		e := r.of(n.Kind, n.Name)
		e.ToldAt, e.ToldSince = now, n.Since
		if !e.Last.IsZero() {
			e.Count -= n.Count
		}
	}
	r.sort()
}
