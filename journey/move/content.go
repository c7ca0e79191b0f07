package move

import (
	"context"

	"paygate/journey"
)

// Content counts what a store holds.
type Content struct {
	States   map[journey.State]int // journeys that can be read
	Price    int64                 // pence, of all of them
	Money    int64                 // pence that Pay holds on all their payments
	Refunded int64                 // pence given back on them
	Payments int
	Requests int // of damaged journeys too
	Replies  int // of damaged journeys too
	Due      int
	Values   int
	Marks    int
	Audit    int          // entries of what staff did that can be read
	Damaged  []journey.ID // copied as they are
	Left     int          // journeys that are not copied because their secret is not listed
}

// count reads the whole store.
func count(ctx context.Context, s Store, limit int) (Content, error) {
	c := Content{States: map[journey.State]int{}}
	err := eachRecords(ctx, s, limit, func(page []journey.Record) error {
		for _, r := range page {
			c.add(r)
		}
		return nil
	})
	if err != nil {
		return c, err
	}
	names, err := valueNames(ctx, s)
	if err != nil {
		return c, err
	}
	c.Values = len(names)
	err = eachMarks(ctx, s, limit, func(marks []journey.Mark) error {
		c.Marks += len(marks)
		return nil
	})
	if err != nil {
		return c, err
	}
	return c, eachAudit(ctx, s, limit, func(e journey.AuditEntry) error {
		if e.What != "" {
			c.Audit++
		}
		return nil
	})
}

func (c *Content) add(r journey.Record) {
	if r.SealedRequest != nil {
		c.Requests++
	}
	if r.SealedReply != nil {
		c.Replies++
	}
	switch {
	case r.Unlisted:
		c.Left++
	case r.Damaged():
		c.Damaged = append(c.Damaged, r.ID)
	default:
		c.addJourney(*r.Journey)
	}
}

func (c *Content) addJourney(j journey.Journey) {
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
