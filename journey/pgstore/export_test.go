package pgstore

import (
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
func (s *Store) ListQuery(f journey.Filter) string { return s.query(f, nil).sql(50) }

// WithShortTimeout is the same store with a short timeout, for tests of servers that do not answer.
func (s *Store) WithShortTimeout() *Store {
	impatient := *s
	impatient.timeout = 100 * time.Millisecond
	return &impatient
}

// UseLock is the lock of the processes that use a database.
const UseLock = useLock
