package move

import (
	"bytes"
	"context"
	"reflect"

	"paygate/journey"
)

// both walks through two stores side by side, in the order of ids.
type both struct{ from, to *walk }

func (m mover) both() both {
	return both{&walk{store: m.From, limit: m.Page}, &walk{store: m.To, limit: m.Page}}
}

// next is what the stores keep of the next journey: nil for the one that has not got it, and both nil at the end.
func (b both) next(ctx context.Context) (from, to *journey.Record, err error) {
	if from, err = b.from.peek(ctx); err != nil {
		return nil, nil, err
	}
	if to, err = b.to.peek(ctx); err != nil {
		return nil, nil, err
	}
	switch {
	case from != nil && (to == nil || from.ID < to.ID):
		to = nil
		b.from.pass()
	case to != nil && (from == nil || to.ID < from.ID):
		from = nil
		b.to.pass()
	case from != nil:
		b.from.pass()
		b.to.pass()
	}
	return from, to, nil
}

// missing is what the destination lacks next, as much as one step copies; nothing at the end.
func (b both) missing(ctx context.Context, limit int) (page []journey.Record, err error) {
	for size := 0; len(page) < limit && size < pageBytes; {
		from, to, err := b.next(ctx)
		switch {
		case err != nil:
			return nil, err
		case from == nil && to == nil:
			return page, nil
		case to == nil && !from.Unlisted:
			page, size = append(page, *from), size+from.Size()
		}
	}
	return page, nil
}

// walk goes through one store, a page at a time.
type walk struct {
	store Store
	limit int
	page  []journey.Record
	after journey.ID
	ended bool
}

// peek is the next one; nil at the end.
func (w *walk) peek(ctx context.Context) (*journey.Record, error) {
	if len(w.page) == 0 && !w.ended {
		var err error
		if w.page, err = w.store.Records(ctx, w.after, w.limit, pageBytes); err != nil {
			return nil, err
		}
		w.ended = len(w.page) == 0
	}
	if w.ended {
		return nil, nil
	}
	return &w.page[0], nil
}

func (w *walk) pass() { w.after, w.page = w.page[0].ID, w.page[1:] }

// same tells whether two stores keep the same of one journey, whichever secret sealed it.
func (m mover) same(a, b *journey.Record) bool {
	return m.sameJourney(a, b) && m.sameText("request", a.ID, a.SealedRequest, b.SealedRequest) && m.sameText("reply", a.ID, a.SealedReply, b.SealedReply)
}

func (m mover) sameJourney(a, b *journey.Record) bool {
	if a.Journey != nil && b.Journey != nil {
		return reflect.DeepEqual(a.Journey, b.Journey)
	}
	return m.sameText("journey", a.ID, a.SealedJourney, b.SealedJourney)
}

// sameText compares what was sealed, and what does not open as it is.
func (m mover) sameText(label string, id journey.ID, a, b []byte) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	openA, errA := m.Opener.Open(label, string(id), a)
	openB, errB := m.Opener.Open(label, string(id), b)
	if errA != nil || errB != nil {
		return bytes.Equal(a, b)
	}
	return bytes.Equal(openA, openB)
}
