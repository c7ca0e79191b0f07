// Package move copies all that one store keeps into another: journeys in every state, damaged ones too, with what belongs to
// them, named values such as the signing keys, and the memory of webhooks. Neither store may be in use meanwhile; that is
// for whoever opens them to make sure of.
//
// [Copy] first makes sure that the destination holds nothing but what the source holds, then copies what is missing, page by
// page, then compares both value by value. It can be broken off at any moment and begun again.
package move

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"paygate/journey"
)

// Store is what a store has to offer to be moved from, and to.
type Store interface {
	// Records lists what is kept of the journeys after an id, in the order of ids, damaged ones too: at most limit, and no
	// more once they come to so many bytes. Nothing is listed only at the end.
	Records(ctx context.Context, after journey.ID, limit, size int) ([]journey.Record, error)
	// Import takes over what another store kept, as it is, all of it or nothing. journey.ErrExists when an id is taken.
	Import(context.Context, []journey.Record) error

	// CountOpen counts the journeys that are not at rest, by state; Due lists those that are due, as journey.Store says.
	CountOpen(context.Context) (map[journey.State]int, error)
	Due(ctx context.Context, until time.Time, after journey.Due, limit int) ([]journey.Due, error)

	ValueNames(context.Context) ([]string, error)
	Value(ctx context.Context, name string) ([]byte, error)
	UpdateValue(ctx context.Context, name string, change func(old []byte) ([]byte, error)) ([]byte, error)

	// Marks lists at most limit marks after a digest, in the order of digests.
	Marks(ctx context.Context, after []byte, limit int) ([]journey.Mark, error)
	ImportMarks(context.Context, []journey.Mark) error
}

// Opener opens what either store has sealed; package seal has one.
type Opener interface {
	Open(label, id string, sealed []byte) ([]byte, error)
}

// Options say what is copied.
type Options struct {
	From, To Store
	Opener   Opener
	Page     int       // journeys that are copied in one step; 0 means 500
	Copied   func(int) // hears after each step how many journeys have been copied; may be nil
}

// Result is what a copy came to.
type Result struct {
	Copied  int          // journeys, by this run
	Content              // of the destination
	Left    int          // journeys that stay behind, because they are sealed under a secret that is not listed
	Damaged []journey.ID // copied as they are
}

// Content is how much a store holds.
type Content struct {
	States   map[journey.State]int // journeys that can be read
	Price    int64                 // pence, of all of them
	Money    int64                 // pence that Pay holds of the citizens' on all their payments
	Refunded int64                 // pence given back on them
	Payments int
	Requests int // held, of damaged journeys too
	Replies  int // kept, of damaged journeys too
	Due      int
	Values   int
	Marks    int
}

// pageBytes is how many sealed bytes are in memory for each store, and once more for what is to be written.
const pageBytes = 16 << 20

// Each store notes in a named value of its own whether it is the whole of what it was copied from.
const (
	noteName   = "copy"
	unfinished = "unfinished"
	complete   = "complete"
)

// ErrUnfinished: a store is a copy that was broken off.
var ErrUnfinished = errors.New("is a copy that was broken off: run paygate move once more")

// Complete makes sure that a store is not a copy that was broken off: [ErrUnfinished]. Nobody may work with half of it.
func Complete(ctx context.Context, s interface {
	Value(ctx context.Context, name string) ([]byte, error)
},
) error {
	text, err := s.Value(ctx, noteName)
	switch {
	case errors.Is(err, journey.ErrNotFound):
		return nil
	case err == nil && string(text) == unfinished:
		return ErrUnfinished
	default:
		return err
	}
}

func note(ctx context.Context, s Store, text string) error {
	_, err := s.UpdateValue(ctx, noteName, func([]byte) ([]byte, error) { return []byte(text), nil })
	return err
}

var (
	// ErrEmpty: there is nothing to copy, so that most likely another store is meant.
	ErrEmpty = errors.New("the source holds nothing")
	// ErrForeign: the destination holds a journey that the source has not got, or has otherwise.
	ErrForeign = errors.New("the destination holds journeys of its own")
)

// Copy copies everything. [ErrEmpty], [ErrForeign], and [ErrUnfinished] when the source itself is one, before anything is
// written; any other error leaves a copy that is not complete, which another Copy completes. The source is not changed.
func Copy(ctx context.Context, o Options) (Result, error) {
	if o.Page <= 0 {
		o.Page = 500
	}
	m := mover{o}
	if err := m.refuseSource(ctx); err != nil {
		return Result{}, err
	}
	if err := m.refuseForeign(ctx); err != nil {
		return Result{}, err
	}
	if err := note(ctx, m.To, unfinished); err != nil {
		return Result{}, err
	}
	result, err := m.copy(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("%w (the copy is not complete; the same once more completes it)", err)
	}
	return result, note(ctx, m.To, complete)
}

func (m mover) copy(ctx context.Context) (result Result, err error) {
	if result.Copied, err = m.copyJourneys(ctx); err != nil {
		return result, fmt.Errorf("copying journeys: %w", err)
	}
	if result.Values, err = m.copyValues(ctx); err != nil {
		return result, fmt.Errorf("copying named values: %w", err)
	}
	if result.Marks, err = m.copyMarks(ctx); err != nil {
		return result, fmt.Errorf("copying the memory of webhooks: %w", err)
	}
	if err := m.compare(ctx, &result); err != nil {
		return result, fmt.Errorf("comparing: %w", err)
	}
	return result, nil
}

type mover struct{ Options }

func (m mover) refuseSource(ctx context.Context) error {
	if err := Complete(ctx, m.From); err != nil {
		return fmt.Errorf("the source %w", err)
	}
	first, err := m.both().from.peek(ctx)
	if err != nil || first != nil {
		return err
	}
	if names, err := m.From.ValueNames(ctx); err != nil || len(names) > 0 {
		return err
	}
	return ErrEmpty
}

// refuseForeign looks no further than what the destination holds.
func (m mover) refuseForeign(ctx context.Context) error {
	both := m.both()
	for {
		if rest, err := both.to.peek(ctx); err != nil || rest == nil {
			return err
		}
		from, to, err := both.next(ctx)
		if err != nil {
			return err
		}
		if to != nil && (from == nil || !m.same(from, to)) {
			return fmt.Errorf("%w: %s is not as the source has it", ErrForeign, to.ID)
		}
	}
}

func (m mover) copyJourneys(ctx context.Context) (copied int, err error) {
	for both := m.both(); ; {
		page, err := both.missing(ctx, m.Page)
		if err != nil || len(page) == 0 {
			return copied, err
		}
		if err := m.To.Import(ctx, page); err != nil {
			return copied, err
		}
		copied += len(page)
		if m.Copied != nil {
			m.Copied(copied)
		}
	}
}

// copyValues makes the destination's values those of the source.
func (m mover) copyValues(ctx context.Context) (int, error) {
	names, err := m.From.ValueNames(ctx)
	if err != nil {
		return 0, err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == noteName })
	for _, name := range names {
		value, err := m.From.Value(ctx, name)
		if err != nil {
			return 0, err
		}
		if _, err := m.To.UpdateValue(ctx, name, func([]byte) ([]byte, error) { return value, nil }); err != nil {
			return 0, err
		}
	}
	return len(names), nil
}

func (m mover) copyMarks(ctx context.Context) (copied int, err error) {
	for after := []byte(nil); ; {
		marks, err := m.From.Marks(ctx, after, m.Page)
		if err != nil || len(marks) == 0 {
			return copied, err
		}
		if err := m.To.ImportMarks(ctx, marks); err != nil {
			return copied, err
		}
		copied, after = copied+len(marks), marks[len(marks)-1].Digest
	}
}

// compare holds the destination against the source, value by value, and its indexes against what they index.
func (m mover) compare(ctx context.Context, result *Result) error {
	content := Content{States: map[journey.State]int{}, Values: result.Values, Marks: result.Marks}
	for both := m.both(); ; {
		from, to, err := both.next(ctx)
		switch {
		case err != nil:
			return err
		case from == nil && to == nil:
			result.Content = content
			return m.checkIndexes(ctx, content)
		case from != nil && from.Unlisted:
			result.Left++
			continue
		case from == nil || to == nil || !m.same(from, to):
			return fmt.Errorf("%s is not the same in both stores", either(from, to))
		case from.Damaged():
			result.Damaged = append(result.Damaged, from.ID)
		}
		content.add(to)
	}
}

// checkIndexes counts what sweeps will find, and what is under way.
func (m mover) checkIndexes(ctx context.Context, content Content) error {
	open, err := m.To.CountOpen(ctx)
	if err != nil {
		return err
	}
	for _, state := range journey.States() {
		if !state.AtRest() && open[state] != content.States[state] {
			return fmt.Errorf("the destination lists %d journeys as %s and holds %d", open[state], state, content.States[state])
		}
	}
	due, err := m.countDue(ctx)
	if err == nil && due != content.Due {
		return fmt.Errorf("the destination lists %d journeys as due and holds %d", due, content.Due)
	}
	return err
}

func (m mover) countDue(ctx context.Context) (count int, err error) {
	never := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	for after := (journey.Due{}); ; {
		page, err := m.To.Due(ctx, never, after, m.Page)
		if err != nil || len(page) == 0 {
			return count, err
		}
		count, after = count+len(page), page[len(page)-1]
	}
}

func either(a, b *journey.Record) journey.ID {
	if a != nil {
		return a.ID
	}
	return b.ID
}

func (c *Content) add(k *journey.Record) {
	if k.SealedRequest != nil {
		c.Requests++
	}
	if k.SealedReply != nil {
		c.Replies++
	}
	j := k.Journey
	if j == nil {
		return
	}
	c.States[j.State]++
	c.Price += j.Terms.Amount
	c.Payments += len(j.Payments)
	for _, p := range j.Payments {
		c.Money, c.Refunded = c.Money+p.Money, c.Refunded+p.Refunded
	}
	if !j.DueAt.IsZero() {
		c.Due++
	}
}
