package staff

import (
	"context"
	"errors"
	"time"

	"paygate/journey"
)

const (
	// maxUntold limits how many journeys with messages are read.
	maxUntold = 500
	// showGivenUp is how long the overview shows a message that was given up.
	showGivenUp = chartDays * 24 * time.Hour
)

// untoldView is what the overview says about messages.
type untoldView struct {
	Untold      int // journeys with messages that should have been sent
	ManyUntold  bool
	UntoldSince time.Time
	GivenUp     []rowView // with messages that were given up
}

// loadUntold reads which messages wait longer than they usually do, and which were given up.
func (s *server) loadUntold(ctx context.Context) (v untoldView, err error) {
	waiting, err := s.Store.DueToTell(ctx, s.Runner.Now().Add(-time.Minute), journey.Due{}, maxUntold)
	if err != nil {
		return v, err
	}
	if v.Untold, v.ManyUntold = len(waiting), len(waiting) == maxUntold; v.Untold > 0 {
		v.UntoldSince = waiting[0].At
	}
	last := journey.GivenUpTellAt()
	given, err := s.Store.DueToTell(ctx, last, journey.Due{At: last.Add(-time.Second)}, maxUntold)
	if err != nil {
		return v, err
	}
	v.GivenUp, err = s.givenUp(ctx, given)
	return v, err
}

// givenUp returns the listed journeys with a message that was given up lately.
func (s *server) givenUp(ctx context.Context, given []journey.Due) (rows []rowView, err error) {
	since := s.Runner.Now().Add(-showGivenUp)
	for _, due := range given {
		j, err := s.Store.Get(ctx, due.ID)
		switch {
		case errors.Is(err, journey.ErrNotFound), errors.Is(err, journey.ErrDamaged):
			continue
		case err != nil:
			return nil, err
		}
		if messages := j.MessagesGivenUp(); len(messages) > 0 && messages[len(messages)-1].GivenUpAt.After(since) {
			rows = append(rows, rowOf(j))
		}
	}
	return rows, nil
}
