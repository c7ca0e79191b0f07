package pgstore

import (
	"time"

	"paygate/journey"
)

// The questions that must cost what they find.
const (
	TakeDue   = takeDue
	LeaveDue  = leaveDue
	CountOpen = countOpen
)

// ListBy is what a list of due journeys asks.
func ListBy(column string) string { return listBy(column) }

// Question is what a list asks.
func (s *Store) Question(f journey.Filter) string { return s.question(f, nil).sql(50) }

// Hastily is the same store with hardly any patience, for tests of what does not answer.
func (s *Store) Hastily() *Store {
	hasty := *s
	hasty.patience = 100 * time.Millisecond
	return &hasty
}

// UseID is the lock of those who use a database.
const UseID = useID
