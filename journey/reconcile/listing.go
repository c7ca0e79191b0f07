package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"paygate/journey"
)

const (
	// overlap is how far a window reaches back: Pay may leave out what was created exactly at its beginning (FACTS
	// 8.2).
	overlap = time.Minute
	// readings is how often a window is read before it is cut in two, and tries how often a page is asked for.
	readings = 2
	tries    = 4
	// shortest is the length at which a window is not cut in two any more.
	shortest = time.Minute
	// maxEntries is how many entries a longer window may have.
	maxEntries = 2000
)

var (
	// errIncomplete means that Pay's list did not have as many entries as it said, however it was read.
	errIncomplete = errors.New("GOV.UK Pay's list is incomplete")
	errMany       = errors.New("too many entries")
)

// list is one of Pay's lists: of payments or of refunds.
type list[T any] struct {
	read  func(context.Context, journey.Search) (journey.Page[T], error)
	id    func(T) (string, time.Time) // and when it was created, as far as is known
	visit func(context.Context, T) error
	// ended is called after each window with what was listed in it.
	ended func(ctx context.Context, w window, listed map[string]bool) error
	turn  func(context.Context) error // waits for its turn to ask Pay
	wait  func(context.Context, time.Duration) error
}

// window is a range of time, without its end.
type window struct{ from, to time.Time }

func (w window) halves() (earlier, later window) {
	middle := w.from.Add(w.to.Sub(w.from) / 2).Truncate(time.Second)
	return window{w.from, middle}, window{middle, w.to}
}

// walk visits every entry that was created in a window. Pages can be missing, doubled or out of order, so the entries
// are counted: a window that does not add up is read again, and then in two halves, as is one with many entries. The
// ids of one window are in memory at a time.
func (l list[T]) walk(ctx context.Context, w window) error {
	listed := map[string]bool{}
	for range readings {
		switch err := l.readAll(ctx, w, listed); {
		case err == nil:
			return l.ended(ctx, w, listed)
		case errors.Is(err, errMany):
			return l.walkHalves(ctx, w)
		case !errors.Is(err, errIncomplete):
			return err
		}
	}
	if w.to.Sub(w.from) <= shortest {
		return &journey.AtPayError{Err: errIncomplete}
	}
	return l.walkHalves(ctx, w)
}

func (l list[T]) walkHalves(ctx context.Context, w window) error {
	earlier, later := w.halves()
	if err := l.walk(ctx, earlier); err != nil {
		return err
	}
	return l.walk(ctx, later)
}

// readAll reads every page once, and visits the entries that are not listed yet. The error is errIncomplete if not all
// are listed then, and errMany at once if there are too many.
func (l list[T]) readAll(ctx context.Context, w window, listed map[string]bool) error {
	search := journey.Search{From: w.from.Add(-overlap), To: w.to}
	for rows := 0; ; {
		search.Page++
		page, err := l.page(ctx, search)
		switch {
		case errors.Is(err, journey.ErrNoPage):
			return errIncomplete // an empty list has a first page
		case err != nil:
			return err
		case page.Total > maxEntries && w.to.Sub(w.from) > shortest:
			return errMany
		}
		if err := l.visitNew(ctx, w, page.Rows, listed); err != nil {
			return err
		}
		rows += len(page.Rows)
		switch {
		case len(listed) >= page.Total, search.Page == 1 && rows == page.Total: // an entry twice on the only page
			return nil
		case len(page.Rows) == 0, rows > 2*page.Total:
			return errIncomplete
		}
	}
}

// visitNew lists entries, and visits the new ones. Those of the overlap belong to the window before.
func (l list[T]) visitNew(ctx context.Context, w window, entries []T, listed map[string]bool) error {
	for _, entry := range entries {
		id, created := l.id(entry)
		if listed[id] {
			continue
		}
		listed[id] = true
		if created.Before(w.from) && !created.IsZero() {
			continue
		}
		if err := l.visit(ctx, entry); err != nil {
			return err
		}
	}
	return nil
}

// page asks for a page, and again after a failure that may pass.
func (l list[T]) page(ctx context.Context, s journey.Search) (page journey.Page[T], err error) {
	wait := l.turn(ctx)
	for try := 1; wait == nil; try++ {
		page, err = l.read(ctx, s)
		switch {
		case err == nil, errors.Is(err, journey.ErrNoPage):
			return page, err
		case errors.Is(err, journey.ErrPayRefused), try == tries:
			return page, &journey.AtPayError{Err: fmt.Errorf("reading GOV.UK Pay's list: %w", err)}
		}
		wait = l.wait(ctx, time.Duration(try)*5*time.Second)
	}
	return page, wait
}
