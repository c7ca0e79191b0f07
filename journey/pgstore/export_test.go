package pgstore

import (
	"fmt"
	"time"

	"paygate/journey"
)

// The queries that must cost what they find.
const (
	TakeDue   = takeDue
	LeaveDue  = leaveDue
	CountOpen = countOpen
)

// ListBy is the query of a list of due journeys.
func ListBy(column string) string { return listBy(column) }

// ListQuery is the query of a list.
func ListQuery(f journey.Filter) string { return listed(f, between{to: afterAll}, nil).sql(50) }

// LookUps are the queries of the journeys that have what a filter names.
func LookUps() (reference, payment, terms string) {
	return fmt.Sprintf(byReference, maxCandidates), byPayment, fmt.Sprintf(byTerms, maxCandidates)
}

// WithShortTimeout is the same store with a short timeout, for tests of servers that do not answer.
func (s *Store) WithShortTimeout() *Store {
	impatient := *s
	impatient.timeout = 100 * time.Millisecond
	return &impatient
}

// UseLock is the lock of the processes that use a database.
const UseLock = useLock
