package pgstore

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// clock is the database's clock, as every call of a store reads it again after a while. The machine's own clock plays
// no part: it only measures the time since the last reading. So a claim lapses at the same moment for all replicas.
type clock struct {
	last atomic.Pointer[reading]
}

// reading is what the database said, and when that was by the machine's clock, which is monotonic.
type reading struct{ said, at time.Time }

// rereadAfter is so short that clocks do not drift apart, and the extra query does not count.
const rereadAfter = 10 * time.Second

// Now returns the database's time, in UTC: the clock of all replicas.
func (s *Store) Now() time.Time { return s.now() }

func (c *clock) now() time.Time {
	last := c.last.Load()
	if last == nil {
		return time.Now().UTC()
	}
	return last.said.Add(time.Since(last.at))
}

// read reads the database's time, unless that was done a moment ago. The answer took as long as the question.
func (c *clock) read(ctx context.Context, conn *pgxpool.Conn) error {
	if last := c.last.Load(); last != nil && time.Since(last.at) < rereadAfter {
		return nil
	}
	began := time.Now()
	said, err := serverTime(ctx, conn)
	if err == nil {
		c.last.Store(&reading{said.UTC(), began.Add(time.Since(began) / 2)})
	}
	return err
}
