package reconcile

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"paygate/journey"
)

const (
	// maxDifferences is how many differences a report lists.
	maxDifferences = 10_000
	// attempts is how often a payment is read to find it and its journey at rest.
	attempts = 3
	// pageSize is how many journeys are in memory at a time.
	pageSize = 500
)

// comparison is one account's part of a report.
type comparison struct {
	lease
	Range
	account string
	pay     Pay
	report  *Report
	pace    time.Duration // between pages
	found   map[Difference]bool
}

// compare compares the payments of an account that were created in the range, and then those that were refunded in it.
func (c *comparison) compare(ctx context.Context) error {
	payments := list[journey.PaymentSnapshot]{
		read: c.pay.SearchPayments, turn: c.turn, wait: c.Wait,
		id:    func(s journey.PaymentSnapshot) (string, time.Time) { return s.ID, s.CreatedAt },
		visit: c.listed, ended: c.compareStored,
	}
	refunds := list[journey.ListedRefund]{
		read: c.pay.SearchRefunds, turn: c.turn, wait: c.Wait,
		id:    func(l journey.ListedRefund) (string, time.Time) { return l.ID, l.CreatedAt },
		visit: c.refunded,
		ended: func(context.Context, window, map[string]bool) error { return nil },
	}
	w := window{c.From, c.To}
	if err := payments.walk(ctx, w); err != nil {
		return fmt.Errorf("comparing payments: %w", err)
	}
	if err := refunds.walk(ctx, w); err != nil {
		return fmt.Errorf("comparing refunds: %w", err)
	}
	return nil
}

// turn waits until the next page may be asked for.
func (c *comparison) turn(ctx context.Context) error {
	err := c.renew(ctx)
	if err == nil && c.pace > 0 {
		err = c.Wait(ctx, c.pace)
	}
	if err == nil {
		err = c.pay.Yield(ctx)
	}
	return err
}

// listed compares an entry of Pay's list of payments. The list may be old, so a difference is read again.
func (c *comparison) listed(ctx context.Context, s journey.PaymentSnapshot) error {
	id, j, err := c.journeyOf(ctx, s.ID)
	if err != nil {
		return err
	}
	if j != nil || c.mayBeOurs(s) {
		c.report.Checked++
	}
	if len(c.differencesOf(id, j, s.ID, &s)) == 0 {
		return nil
	}
	return c.confirm(ctx, s.ID)
}

// refunded compares the payment of a refund, unless the journey has that refund. One created in the range has been
// compared.
func (c *comparison) refunded(ctx context.Context, l journey.ListedRefund) error {
	_, j, err := c.journeyOf(ctx, l.PaymentID)
	if err != nil || l.PaymentID == "" {
		return err
	}
	if j != nil {
		p := newPair(c.account, l.PaymentID, j, nil, c.Now()).payment
		knows := func(known journey.Refund) bool { return known.ID == l.ID && known.Status == l.Status }
		if slices.ContainsFunc(p.Refunds, knows) || !p.CreatedAt.Before(c.From) {
			return nil
		}
	}
	return c.confirm(ctx, l.PaymentID)
}

// compareStored asks Pay for each payment of the store that Pay did not list. Journeys are listed by when they began.
func (c *comparison) compareStored(ctx context.Context, w window, listed map[string]bool) error {
	// The list begins at the id of a journey that began a little later, instead of at the newest.
	later := journey.NewID(w.to.Add(10 * time.Minute))
	filter := journey.Filter{Since: w.from, Until: w.to, After: later, Limit: pageSize}
	for {
		page, err := c.Store.List(ctx, filter)
		if err != nil {
			return err
		}
		for _, j := range page {
			if err := c.compareUnlisted(ctx, j, listed); err != nil {
				return err
			}
		}
		if len(page) < pageSize {
			return nil
		}
		filter.After = page[len(page)-1].ID
	}
}

func (c *comparison) compareUnlisted(ctx context.Context, j journey.Journey, listed map[string]bool) error {
	if j.Terms.Account != c.account {
		return nil
	}
	for _, p := range j.Payments {
		if listed[p.ID] {
			continue
		}
		c.report.Checked++
		if err := c.confirm(ctx, p.ID); err != nil {
			return err
		}
	}
	return nil
}

// confirm reads a payment at Pay between two readings of its journey. What differs then is a difference, unless the
// journey moved meanwhile; one that keeps moving is left to the next comparison.
func (c *comparison) confirm(ctx context.Context, paymentID string) error {
	for range attempts {
		_, before, err := c.journeyOf(ctx, paymentID)
		if err != nil {
			return err
		}
		s, err := c.get(ctx, paymentID)
		if err != nil {
			return err
		}
		id, after, err := c.journeyOf(ctx, paymentID)
		if err != nil {
			return err
		}
		if reflect.DeepEqual(before, after) {
			c.add(c.differencesOf(id, after, paymentID, s))
			return nil
		}
	}
	return nil
}

// get reads a payment at Pay, and again after a failure that may pass. It returns nil if Pay has no such payment.
func (c *comparison) get(ctx context.Context, paymentID string) (*journey.PaymentSnapshot, error) {
	var s journey.PaymentSnapshot
	err := c.pay.Yield(ctx)
	for try := 0; err == nil; try++ {
		if err = c.renew(ctx); err != nil {
			return nil, err
		}
		s, err = c.pay.Get(ctx, paymentID)
		switch {
		case err == nil:
			return &s, nil
		case errors.Is(err, journey.ErrPaymentNotFound):
			return nil, nil
		case errors.Is(err, journey.ErrPayRefused) || try == tries-1:
			return nil, &journey.AtPayError{Err: fmt.Errorf("reading a payment again: %w", err)}
		}
		err = c.Wait(ctx, time.Duration(try+1)*5*time.Second)
	}
	return nil, err
}

// journeyOf finds the journey of a payment. The journey is nil if there is none, or if it cannot be read: then id is
// not empty.
func (c *comparison) journeyOf(ctx context.Context, paymentID string) (id journey.ID, j *journey.Journey, err error) {
	id, err = c.Store.ByPayment(ctx, paymentID)
	if errors.Is(err, journey.ErrNotFound) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	found, err := c.Store.Get(ctx, id)
	switch {
	case errors.Is(err, journey.ErrNotFound):
		return "", nil, nil // forgotten meanwhile
	case errors.Is(err, journey.ErrDamaged):
		return id, nil, nil
	}
	return id, &found, err
}

// differencesOf returns how a payment differs. s is nil if Pay does not have it.
func (c *comparison) differencesOf(id journey.ID, j *journey.Journey, paymentID string,
	s *journey.PaymentSnapshot,
) []Difference {
	p := newPair(c.account, paymentID, j, s, c.Now())
	switch {
	case j != nil:
		return p.differences()
	case s == nil, id == "" && !c.mayBeOurs(*s):
		return nil
	case id != "":
		return p.unknownHere(id, "damaged")
	default:
		return p.unknownHere("", "")
	}
}

// mayBeOurs reports whether a payment was made here and is young enough not to have been forgotten.
func (c *comparison) mayBeOurs(s journey.PaymentSnapshot) bool {
	young := s.CreatedAt.IsZero() || c.Now().Sub(s.CreatedAt) < c.Terms.KeepJourney
	return young && c.Ours(s.ReturnURL)
}

// add adds differences to the report, each once.
func (c *comparison) add(found []Difference) {
	for _, d := range found {
		key := Difference{Kind: d.Kind, PaymentID: d.PaymentID}
		if c.found[key] {
			continue
		}
		c.found[key] = true
		c.report.counts[d.Kind]++
		if len(c.report.Differences) < maxDifferences {
			c.report.Differences = append(c.report.Differences, d)
		} else {
			c.report.More++
		}
	}
}
