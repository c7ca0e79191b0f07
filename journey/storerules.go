package journey

import (
	"context"
	"slices"
	"strings"
	"time"
)

// The rules here are the same for every store.

// ContentChange says what happens to the held request or to the reply.
type ContentChange struct {
	Part Part
	Keep bool    // false: erase it
	New  Content // nil: leave what is stored
}

// Contents says what a change does to the held request and to the reply: the journey decides whether each is kept.
func (c Change) Contents() []ContentChange {
	request := ContentChange{Part: PartRequest, Keep: c.Journey.KeepsRequest()}
	if c.Request != nil {
		request.New = *c.Request
	}
	reply := ContentChange{Part: PartReply, Keep: c.Journey.KeepsReply()}
	if c.Reply != nil {
		reply.New = *c.Reply
	}
	return []ContentChange{request, reply}
}

// ChangedPayments returns the ids of the payments that an update adds to a journey, and of those that it removes.
func ChangedPayments(before, after Journey) (added, removed []string) {
	was, is := before.paymentIDs(), after.paymentIDs()
	for _, id := range is {
		if !slices.Contains(was, id) {
			added = append(added, id)
		}
	}
	for _, id := range was {
		if !slices.Contains(is, id) {
			removed = append(removed, id)
		}
	}
	return added, removed
}

func (j Journey) paymentIDs() (ids []string) {
	for _, p := range j.Payments {
		if p.ID != "" && !slices.Contains(ids, p.ID) {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// Matches reports whether a list with this filter contains the journey.
func (f Filter) Matches(j Journey) bool {
	return (f.State == "" || j.State == f.State) &&
		(f.Route == "" || j.Terms.Route == f.Route) &&
		(f.Reference == "" || strings.EqualFold(j.Terms.Reference, f.Reference)) &&
		(!f.Approval || j.Approval.Waits()) &&
		(!f.Uncollected || j.CollectionFailed) &&
		(f.Payment == "" || slices.Contains(j.paymentIDs(), f.Payment)) &&
		(f.Since.IsZero() || !j.StartedAt.Before(f.Since)) &&
		(f.Until.IsZero() || j.StartedAt.Before(f.Until)) &&
		(f.After == "" || j.ID < f.After)
}

// Size returns the greatest number of journeys that a list with this filter may have.
func (f Filter) Size() int {
	if f.Limit <= 0 {
		return 50
	}
	return f.Limit
}

// OldestDue returns the time of the most overdue journey of a store, for a sweep or for early delivery. A step that
// keeps failing is overdue since it was first owed, although sweeps put it off. It reports false if none is overdue.
func OldestDue(ctx context.Context, s Store, now time.Time) (oldest time.Time, found bool, err error) {
	type list func(ctx context.Context, until time.Time, after Due, limit int) ([]Due, error)
	for _, list := range []list{s.Due, s.DueEarly, s.Late} {
		due, err := list(ctx, now, Due{}, 1)
		if err != nil {
			return time.Time{}, false, err
		}
		if len(due) > 0 && (!found || due[0].At.Before(oldest)) {
			oldest, found = due[0].At, true
		}
	}
	return oldest, found, nil
}
