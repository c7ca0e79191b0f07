// Package move copies everything from one store into another, empty one: journeys in every state, damaged ones too,
// with their held requests and replies, named values such as the signing keys, and the marks of webhooks. Neither
// store may be in use meanwhile; the caller ensures that.
//
// [Copy] copies page by page, then counts what each store holds and compares the two. If a copy fails or is
// interrupted, [Complete] refuses the destination: start again with an empty one.
package move

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"paygate/journey"
)

// Store is what a store offers to be moved from and to.
type Store interface {
	// Records lists the journeys after an id in the order of ids, including damaged ones: at most limit, and no more
	// once they add up to size bytes. It is empty only at the end.
	Records(ctx context.Context, after journey.ID, limit, size int) ([]journey.Record, error)
	// Import stores what another store listed, all of it or nothing.
	Import(context.Context, []journey.Record) error

	ValueNames(context.Context) ([]string, error)
	Value(ctx context.Context, name string) ([]byte, error)
	UpdateValue(ctx context.Context, name string, change func(old []byte) ([]byte, error)) ([]byte, error)

	// Marks lists at most limit marks after a digest, in the order of digests.
	Marks(ctx context.Context, after []byte, limit int) ([]journey.Mark, error)
	ImportMarks(context.Context, []journey.Mark) error

	// Audits lists at most limit entries after an id, the oldest first.
	Audits(ctx context.Context, after journey.ID, limit int) ([]journey.AuditEntry, error)
	PutAudit(ctx context.Context, e journey.AuditEntry, keepFrom time.Time) error
}

// Options configure a copy.
type Options struct {
	From, To Store
	Page     int       // journeys copied in one step; 0 means 500
	Copied   func(int) // called after each step with the number of journeys copied so far; may be nil
}

// pageBytes bounds the sealed bytes of one step.
const pageBytes = 16 << 20

var (
	// ErrEmpty reports that there is nothing to copy: most likely the source is the wrong store.
	ErrEmpty = errors.New("the source holds nothing")
	// ErrNotEmpty reports that the destination holds something already.
	ErrNotEmpty = errors.New("the destination is not empty")
	// ErrUnfinished reports a store that is an interrupted copy.
	ErrUnfinished = errors.New("is a copy that was interrupted: run paygate move again, into an empty store")
)

// A named value of the destination says whether it holds everything.
const (
	stateName  = "copy"
	unfinished = "unfinished"
	complete   = "complete"
)

// Complete returns [ErrUnfinished] if a store is an interrupted copy. Paygate must not start on half a copy.
func Complete(ctx context.Context, s interface {
	Value(ctx context.Context, name string) ([]byte, error)
},
) error {
	text, err := s.Value(ctx, stateName)
	switch {
	case errors.Is(err, journey.ErrNotFound):
		return nil
	case err == nil && string(text) == unfinished:
		return ErrUnfinished
	default:
		return err
	}
}

// Copy copies everything and returns what the destination then holds. It returns [ErrEmpty], [ErrNotEmpty] or
// [ErrUnfinished] before it writes anything. It does not change the source.
func Copy(ctx context.Context, o Options) (Content, error) {
	if o.Page <= 0 {
		o.Page = 500
	}
	if err := o.check(ctx); err != nil {
		return Content{}, err
	}
	if err := setValue(ctx, o.To, stateName, []byte(unfinished)); err != nil {
		return Content{}, err
	}
	content, err := o.copy(ctx)
	if err != nil {
		return Content{}, fmt.Errorf("%w (the copy is incomplete: start again with an empty destination)", err)
	}
	return content, setValue(ctx, o.To, stateName, []byte(complete))
}

func (o Options) check(ctx context.Context) error {
	if err := Complete(ctx, o.From); err != nil {
		return fmt.Errorf("the source %w", err)
	}
	if err := Complete(ctx, o.To); err != nil {
		return fmt.Errorf("the destination %w", err)
	}
	if empty, err := isEmpty(ctx, o.From); err != nil || empty {
		return cmp.Or(err, ErrEmpty)
	}
	if empty, err := isEmpty(ctx, o.To); err != nil || !empty {
		return cmp.Or(err, ErrNotEmpty)
	}
	return nil
}

func isEmpty(ctx context.Context, s Store) (bool, error) {
	records, err := s.Records(ctx, "", 1, 1)
	if err != nil {
		return false, err
	}
	names, err := valueNames(ctx, s)
	if err != nil {
		return false, err
	}
	marks, err := s.Marks(ctx, nil, 1)
	return len(records)+len(names)+len(marks) == 0, err
}

func (o Options) copy(ctx context.Context) (Content, error) {
	for _, step := range []func(context.Context) error{o.copyRecords, o.copyValues, o.copyMarks, o.copyAudit} {
		if err := step(ctx); err != nil {
			return Content{}, err
		}
	}
	from, err := count(ctx, o.From, o.Page)
	if err != nil {
		return Content{}, err
	}
	to, err := count(ctx, o.To, o.Page)
	if err != nil {
		return Content{}, err
	}
	to.Left = from.Left
	if !reflect.DeepEqual(from, to) {
		return Content{}, fmt.Errorf("the stores differ: the source holds %+v, the destination %+v", from, to)
	}
	return to, nil
}

func (o Options) copyRecords(ctx context.Context) error {
	copied := 0
	return eachRecords(ctx, o.From, o.Page, func(page []journey.Record) error {
		page = slices.DeleteFunc(page, func(r journey.Record) bool { return r.Unlisted })
		if err := o.To.Import(ctx, page); err != nil {
			return err
		}
		copied += len(page)
		if o.Copied != nil {
			o.Copied(copied)
		}
		return nil
	})
}

func (o Options) copyValues(ctx context.Context) error {
	names, err := valueNames(ctx, o.From)
	if err != nil {
		return err
	}
	for _, name := range names {
		value, err := o.From.Value(ctx, name)
		if err != nil {
			return err
		}
		if err := setValue(ctx, o.To, name, value); err != nil {
			return err
		}
	}
	return nil
}

func (o Options) copyMarks(ctx context.Context) error {
	return eachMarks(ctx, o.From, o.Page, func(marks []journey.Mark) error { return o.To.ImportMarks(ctx, marks) })
}

// copyAudit leaves out entries whose secret is not listed.
func (o Options) copyAudit(ctx context.Context) error {
	return eachAudit(ctx, o.From, o.Page, func(e journey.AuditEntry) error {
		if e.What == "" {
			return nil
		}
		return o.To.PutAudit(ctx, e, time.Time{})
	})
}

func setValue(ctx context.Context, s Store, name string, value []byte) error {
	_, err := s.UpdateValue(ctx, name, func([]byte) ([]byte, error) { return value, nil })
	return err
}

// valueNames lists the named values of a store, except the one that this package stores there.
func valueNames(ctx context.Context, s Store) ([]string, error) {
	names, err := s.ValueNames(ctx)
	return slices.DeleteFunc(names, func(name string) bool { return name == stateName }), err
}

func eachRecords(ctx context.Context, s Store, limit int, visit func([]journey.Record) error) error {
	for after := journey.ID(""); ; {
		page, err := s.Records(ctx, after, limit, pageBytes)
		if err != nil || len(page) == 0 {
			return err
		}
		after = page[len(page)-1].ID
		if err := visit(page); err != nil {
			return err
		}
	}
}

func eachMarks(ctx context.Context, s Store, limit int, visit func([]journey.Mark) error) error {
	for after := []byte(nil); ; {
		marks, err := s.Marks(ctx, after, limit)
		if err != nil || len(marks) == 0 {
			return err
		}
		after = marks[len(marks)-1].Digest
		if err := visit(marks); err != nil {
			return err
		}
	}
}

func eachAudit(ctx context.Context, s Store, limit int, visit func(journey.AuditEntry) error) error {
	for after := journey.ID(""); ; {
		page, err := s.Audits(ctx, after, limit)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, e := range page {
			if err := visit(e); err != nil {
				return err
			}
		}
		after = page[len(page)-1].ID
	}
}
