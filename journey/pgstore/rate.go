package pgstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"paygate/journey"
)

// maxWait is how far ahead Take reserves.
const maxWait = 10 * time.Second

// ErrNoSlot: the next slot is further away than the caller can wait. It is a [journey.ErrPayBusy].
var ErrNoSlot = fmt.Errorf("%w: no slot of the shared rate is near enough", journey.ErrPayBusy)

// Wait waits for the next slot of a rate that all replicas share. [ErrNoSlot] at once when ctx does not last so long.
func (s *Store) Wait(ctx context.Context, bucket string, perSecond int) error {
	wait, err := s.Take(ctx, bucket, perSecond)
	if err != nil {
		return err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Take reserves the next slot of a rate that all replicas share, and tells how long it is until then, by the database's
// clock. Slots are evenly spaced: there is never more than one in 1/perSecond. One that is further away than maxWait, or
// than ctx lasts, is not reserved, which is [ErrNoSlot]: who cannot wait must not delay the others.
func (s *Store) Take(ctx context.Context, bucket string, perSecond int) (wait time.Duration, err error) {
	if perSecond < 1 {
		return 0, errors.New("a rate must be at least one a second")
	}
	apart := time.Second / time.Duration(perSecond)
	err = s.write(ctx, func(inner context.Context, tx pgx.Tx) error {
		wait, err = one(inner, tx, pgx.RowTo[time.Duration], takeSlot, bucket, apart, longest(ctx), maxWait)
		return err
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return 0, ErrNoSlot
	case err != nil:
		return 0, fmt.Errorf("asking for a slot of %s: %w", bucket, err)
	}
	return max(0, wait), nil
}

// takeSlot changes no row when the next slot is too far away. One further away than any is ever given was given by a clock
// that has gone back since: it counts for nothing.
const takeSlot = `INSERT INTO paygate_buckets AS b (name, slot) VALUES ($1, clock_timestamp())
	ON CONFLICT (name) DO UPDATE SET slot = CASE WHEN b.slot > clock_timestamp() + $4::interval THEN clock_timestamp()
		ELSE greatest(b.slot + $2::interval, clock_timestamp()) END
	WHERE b.slot + $2::interval <= clock_timestamp() + $3::interval OR b.slot > clock_timestamp() + $4::interval
	RETURNING slot - clock_timestamp()`

// longest is how long a caller can wait.
func longest(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return min(maxWait, max(0, time.Until(deadline)))
	}
	return maxWait
}
