package pgstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"paygate/journey"
)

// maxWait is how far ahead Take reserves slots.
const maxWait = 10 * time.Second

// ErrNoSlot reports that the next slot is later than the caller can wait. It is a [journey.ErrPayBusy].
var ErrNoSlot = fmt.Errorf("%w: the next slot of the shared rate is too far ahead", journey.ErrPayBusy)

// Wait blocks until the next slot of a rate that all replicas share. It returns [ErrNoSlot] at once if ctx ends sooner.
func (s *Store) Wait(ctx context.Context, bucket string, perSecond int) error {
	wait, err := s.Take(ctx, bucket, perSecond)
	if err != nil {
		return err
	}
	return sleep(ctx, wait)
}

// takeSlot changes no row if the next slot is too late. It ignores a stored slot that is further ahead than any that is
// ever given: the clock has been put back since.
const takeSlot = `INSERT INTO paygate_buckets AS b (name, slot) VALUES ($1, clock_timestamp())
	ON CONFLICT (name) DO UPDATE SET slot = CASE WHEN b.slot > clock_timestamp() + $4::interval THEN clock_timestamp()
		ELSE greatest(b.slot + $2::interval, clock_timestamp()) END
	WHERE b.slot + $2::interval <= clock_timestamp() + $3::interval OR b.slot > clock_timestamp() + $4::interval
	RETURNING slot - clock_timestamp()`

// Take reserves the next slot of a rate that all replicas share, and returns the time until then, by the
// database's clock. Slots are 1/perSecond apart. A slot that is later than maxWait, or than the end of
// ctx, is not reserved, and Take returns [ErrNoSlot]: a caller that cannot wait must not delay the others.
func (s *Store) Take(ctx context.Context, bucket string, perSecond int) (wait time.Duration, err error) {
	if perSecond < 1 {
		return 0, errors.New("a rate must be at least one a second")
	}
	spacing := time.Second / time.Duration(perSecond)
	limit := maxWait
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(maxWait, max(0, time.Until(deadline)))
	}
	err = s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		wait, err = one(ctx, tx, pgx.RowTo[time.Duration], takeSlot, bucket, spacing, limit, maxWait)
		return err
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return 0, ErrNoSlot
	case err != nil:
		return 0, fmt.Errorf("reserving a slot of %s: %w", bucket, err)
	}
	return max(0, wait), nil
}
